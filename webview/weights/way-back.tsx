/** The module that fills a view of weights, and the modules around it: each a way back. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { TextButton } from '../controls/button.js';
import { ui } from '../state/interface-state.js';
import type { ListedTensor } from './filter.js';
import { modulesAround } from './map-layout.js';

/** "all › layers › 0": each a way back. */
export function WayBack({ shown, hint }: { shown: readonly ListedTensor[]; hint: string }): JSX.Element {
  const moduleId = ui.weightsModule.value;
  const around = useMemo(() => modulesAround(shown, moduleId), [shown, moduleId]);
  if (around.length === 0) return <span class="muted">{hint}</span>;
  return (
    <nav class="breadcrumb" aria-label="Module shown">
      <TextButton onClick={() => (ui.weightsModule.value = '')}>all</TextButton>
      {around.map(({ id, label }) => (
        <span key={id}>
          {' › '}
          {id === moduleId ? (
            <strong>{label}</strong>
          ) : (
            <TextButton onClick={() => (ui.weightsModule.value = id)}>{label}</TextButton>
          )}
        </span>
      ))}
    </nav>
  );
}
