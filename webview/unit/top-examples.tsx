/** The inputs that excite a unit most. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { LayerSummary } from '../../src/core/passes/result.js';
import type { UnitDetail } from '../../src/protocol/inspection.js';
import { TextButton } from '../controls/button.js';
import { Checkbox } from '../controls/fields.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber } from '../format/numbers.js';
import { singular } from '../../src/core/passes/words.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { useResource } from '../state/resource.js';
import { selection, selectUnit } from '../state/selection.js';
import { result } from '../state/session.js';
import { ExamplePicture } from './example-picture.js';
import { inputNumber } from '../../src/core/told-numbers.js';

const FIRST_SHOWN = 9;

interface TopExamplesProps {
  readonly layer: LayerSummary;
  readonly detail: UnitDetail;
}

export function TopExamples({ layer, detail }: TopExamplesProps): JSX.Element {
  const [all, setAll] = useState(false);
  const word = singular(layer.unitWord);
  const top = detail.top.filter(({ index }) => index >= 0);
  const reach = Math.max(...top.map(({ value }) => Math.abs(value)), 0) || 1;
  const silent = top.length > 0 && top.every(({ value }) => value === 0);
  const shown = silent ? [] : all ? top : top.slice(0, FIRST_SHOWN);
  return (
    <section>
      <div class="frame-head">
        <h3 class="frame-title">Inputs that excite it most</h3>
        <Help about="Inputs that excite it most">
          The inputs on which the largest value of this {word} over all its {layer.positionWord ?? 'values'} is highest.
        </Help>
        <span class="spacer-flex" />
        {layer.positionWord !== undefined && !silent && (
          <Checkbox checked={ui.overlay.value} onChange={(checked) => (ui.overlay.value = checked)}>
            Show where
          </Checkbox>
        )}
      </div>
      {top.length === 0 && <p class="note">No examples were kept for this {word}.</p>}
      {silent && <p class="note">Nothing excites this {word}: it was 0 on every input.</p>}
      <ol class="examples">
        {shown.map(({ index, value }) => (
          <Example key={index} layer={layer} unit={detail.unit} index={index} value={value} reach={reach} />
        ))}
      </ol>
      {!silent && top.length > shown.length && <TextButton onClick={() => setAll(true)}>All {top.length}</TextButton>}
    </section>
  );
}

interface ExampleProps {
  readonly layer: LayerSummary;
  readonly unit: number;
  readonly index: number;
  readonly value: number;
  /** Largest |value| among the shown: all overlays share one scale. */
  readonly reach: number;
}

function Example({ layer, unit, index, value, reach }: ExampleProps): JSX.Element {
  const current = result.value;
  const detail = useResource(
    (signal) => host.example({ index, layer: layer.value, unit }, signal),
    [current, layer.value, unit, index],
  );
  const chosen = selection.value.example === index;
  const wide = detail.value?.preview.kind === 'tokens';
  const name = detail.value?.preview.name ?? `input ${inputNumber(index)}`;
  return (
    <li class={`example ${wide ? 'example-wide' : ''} ${chosen ? 'selected' : ''}`}>
      <button
        type="button"
        class="example-button"
        aria-pressed={chosen}
        onClick={() => selectUnit(layer.value, unit, index)}
      >
        <div class="example-picture">
          {detail.value && (
            <ExamplePicture
              preview={detail.value.preview}
              activations={ui.overlay.value ? detail.value.activations : undefined}
              reach={reach}
            />
          )}
          {detail.error && <span class="note">{detail.error.message}</span>}
        </div>
        <div class="example-caption">
          <strong>{formatNumber(value)}</strong>
          <span class="example-name" title={name}>
            {detail.value?.preview.label === undefined ? name : `${detail.value.preview.label} · ${name}`}
          </span>
        </div>
      </button>
    </li>
  );
}
