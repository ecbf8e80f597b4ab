import type { JSX } from 'preact';
import type { ScopeReference } from '../../src/protocol/model.js';
import { Button } from '../controls/button.js';
import { ui } from '../state/interface-state.js';
import { enterScope } from '../state/scope.js';

/** Opens what lies inside a node: the branches of a condition, the body of a loop, the function that it calls. */
export function NodeBodies({ bodies }: { readonly bodies: readonly ScopeReference[] | undefined }): JSX.Element | null {
  if (bodies === undefined || bodies.length === 0) return null;
  const open = (scope: string): void => {
    ui.tab.value = 'overview';
    enterScope(scope);
  };
  return (
    <div class="tensors node-bodies">
      <h3>Inside</h3>
      {bodies.map(({ scope, label }) => (
        <Button key={scope} onClick={() => open(scope)}>
          Open {label}
        </Button>
      ))}
    </div>
  );
}
