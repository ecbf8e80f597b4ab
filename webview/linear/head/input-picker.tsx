/** Which input the network is linear at: its number, its neighbours, what it looks like. */
import type { JSX } from 'preact';
import { IconButton } from '../../controls/button.js';
import { Badge } from '../../controls/fields.js';
import { NumberField } from '../../controls/number-field.js';
import { loadPreview } from '../../state/examples.js';
import { useResource } from '../../state/resource.js';
import { inputs } from '../../state/session.js';
import { ExamplePicture } from '../../unit/example-picture.js';
import { dataKey } from '../data-key.js';
import { inputNumber, indexOfInput } from '../../../src/core/told-numbers.js';

interface InputPickerProps {
  readonly label: string;
  readonly example: number;
  readonly size: number;
  readonly onChange: (example: number) => void;
}

export function InputPicker({ label, example, size, onChange }: InputPickerProps): JSX.Element {
  const preview = useResource(() => loadPreview(example), [dataKey.value, example], true);
  const shown = preview.value;
  return (
    <div class="input-picker" role="group" aria-label={label}>
      <div class={`input-picture ${shown?.kind === 'tokens' ? 'input-picture-wide' : ''}`}>
        {shown && <ExamplePicture preview={shown} activations={undefined} reach={1} />}
        {preview.error && <span class="note">{preview.error.message}</span>}
      </div>
      <div class="input-picker-text">
        <span class="tool-group">
          <NumberField
            label={label}
            value={inputNumber(example)}
            minimum={1}
            maximum={size}
            onChange={(number) => onChange(indexOfInput(number))}
          />
          <IconButton
            icon="left"
            label="Previous input"
            disabled={example <= 0}
            onClick={() => onChange(Math.max(0, example - 1))}
          />
          <IconButton
            icon="right"
            label="Next input"
            disabled={example >= size - 1}
            onClick={() => onChange(Math.min(size - 1, example + 1))}
          />
        </span>
        {inputs.value?.synthetic === true && (
          <span>
            <Badge tone="warning" title="The inputs are random numbers, which no network was made for.">
              SYNTHETIC
            </Badge>
          </span>
        )}
        <span class="muted input-name">
          {shown === undefined ? '' : shown.label === undefined ? shown.name : `${shown.label} · ${shown.name}`}
        </span>
      </div>
    </div>
  );
}
