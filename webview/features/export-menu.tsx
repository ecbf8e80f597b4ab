/** Features that are shown, for other tools. */
import type { JSX } from 'preact';
import type { FeatureFormat } from '../../src/protocol/feature-lists.js';
import { Popover } from '../controls/popover.js';
import { formatCount } from '../format/numbers.js';
import { exportFeatures } from '../state/feature-lists.js';

const FORMATS: readonly { readonly format: FeatureFormat; readonly label: string; readonly title: string }[] = [
  {
    format: 'neuronpedia',
    label: 'Neuronpedia features (.jsonl)',
    title:
      'A file with one feature a line, spelled as Neuronpedia’s exports: your names, density, histograms, examples, logit effects. “Import List…” reads it back.',
  },
  {
    format: 'circuit-tracer',
    label: 'circuit-tracer features (folder)',
    title:
      'A folder with a file for each feature, as circuit-tracer’s attribution graphs show them. It keeps no names.',
  },
  {
    format: 'activation-cache',
    label: 'All activations, Delphi’s layout (folder)',
    title:
      'A folder of safetensors with every activation that is not zero and the tokens. Your inputs run through the dictionary once more.',
  },
];

interface ExportMenuProps {
  /** Numbers of those that are shown. */
  readonly features: () => readonly number[];
  readonly count: number;
  readonly total: number;
  readonly disabled: boolean;
}

export function ExportMenu({ features, count, total, disabled }: ExportMenuProps): JSX.Element | null {
  if (disabled || count === 0) return null;
  const which = count < total ? `the ${formatCount(count)} features shown` : `all ${formatCount(total)} features`;
  return (
    <Popover button="Export…" label={`Export ${which} for other tools`} kind="menu">
      {(close) => (
        <>
          <div class="menu-title muted">{which.replace(/^./, (first) => first.toUpperCase())} as</div>
          {FORMATS.map(({ format, label, title }) => (
            <button
              key={format}
              type="button"
              class="menu-item"
              role="menuitem"
              title={title}
              onClick={() => {
                close();
                void exportFeatures({ format, ...(count < total ? { features: features() } : {}) });
              }}
            >
              {label}
            </button>
          ))}
        </>
      )}
    </Popover>
  );
}
