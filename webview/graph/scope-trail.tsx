import type { JSX } from 'preact';
import type { ScopeReference } from '../../src/protocol/model.js';
import { Icon } from '../controls/icon.js';
import { ui } from '../state/interface-state.js';
import { enterScope, leaveScope } from '../state/scope.js';

/** The way back from a body to the graphs around it. */
export function ScopeTrail({
  trail,
  model,
}: {
  readonly trail: readonly ScopeReference[];
  /** Name of the model. */
  readonly model: string;
}): JSX.Element | null {
  if (trail.length === 0) return null;
  const steps = [{ scope: '', label: model }, ...trail];
  return (
    <nav class="scope-trail" aria-label="Graphs around this one">
      {steps.map(({ scope, label }, index) => (
        <>
          {index > 0 && <Icon name="right" />}
          {index < steps.length - 1 ? (
            <button type="button" class="text-button" onClick={() => enterScope(scope)}>
              {label}
            </button>
          ) : (
            <span class="scope-here" aria-current="location">
              {label}
            </span>
          )}
        </>
      ))}
    </nav>
  );
}

/** Backspace and Alt+Left go one graph outwards. */
export function onTrailKey(event: KeyboardEvent): void {
  // Fields of the toolkit hold the real one inside.
  const [target] = event.composedPath();
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  const isBack = event.key === 'Backspace' ? !isField : event.key === 'ArrowLeft' && event.altKey;
  if (!isBack || ui.graphScope.peek() === '') return;
  event.preventDefault();
  event.stopPropagation();
  leaveScope();
}
