/** A pattern over an output without a picture: some outputs, each with a weight. */
import type { JSX } from 'preact';
import type { SystemDescription } from '../../../src/protocol/linear.js';
import { Button, IconButton } from '../../controls/button.js';
import { SearchSelect } from '../../controls/search-select.js';
import { searchOutputs } from '../element-search.js';
import { firstOutputs, outputName } from '../ends.js';

const REACH = 2;
const STEP = 0.1;
/** More are no longer set by hand. */
const MOST_ROWS = 16;

interface OutputWeightsProps {
  readonly description: SystemDescription;
  readonly values: Float32Array;
  readonly onChange: (values: Float32Array) => void;
}

/** +1 for the first output, −1 for the second: why the network says one and not the other. */
export function difference(description: SystemDescription, [plus, minus]: readonly number[]): Float32Array {
  const values = new Float32Array(description.to.values.length);
  if (minus !== undefined) values[minus] = -1;
  if (plus !== undefined) values[plus] = 1;
  return values;
}

export function OutputWeights({ description, values, onChange }: OutputWeightsProps): JSX.Element {
  const rows = weighted(values);
  const set = (output: number, weight: number): void => {
    const next = values.slice();
    next[output] = weight;
    onChange(next);
  };
  return (
    <div class="output-weights">
      <h3>Pattern over the output</h3>
      <Difference description={description} rows={rows} values={values} onChange={onChange} />
      <ul>
        {rows.map((output) => (
          <li key={output}>
            <WeightRow
              name={outputName(description, output)}
              weight={values[output] ?? 0}
              onChange={(weight) => set(output, weight)}
            />
          </li>
        ))}
      </ul>
      <div class="part-tools">
        {rows.length < MOST_ROWS && (
          <SearchSelect
            label="Add an output"
            button="Add an output…"
            search={(query) => searchOutputs(description, query, rows)}
            onChoose={(output) => set(Number(output), 1)}
          />
        )}
        <Button onClick={() => onChange(difference(description, firstOutputs(description)))}>
          Largest minus second largest
        </Button>
      </div>
    </div>
  );
}

/** "a − b" as two choices: the question that is asked most. */
function Difference({
  description,
  rows,
  values,
  onChange,
}: OutputWeightsProps & { readonly rows: readonly number[] }): JSX.Element | null {
  if (description.to.values.length < 2) return null;
  const plus = rows.find((output) => values[output] === 1);
  const minus = rows.find((output) => values[output] === -1);
  const isDifference = rows.length === 2 && plus !== undefined && minus !== undefined;
  const pick = (label: string, at: number | undefined, other: number | undefined, choose: (output: number) => void) => (
    <SearchSelect
      label={label}
      button={at === undefined || !isDifference ? 'choose…' : outputName(description, at)}
      chosen={at === undefined ? undefined : String(at)}
      search={(query) => searchOutputs(description, query, other === undefined ? [] : [other])}
      onChoose={(output) => choose(Number(output))}
    />
  );
  const [first = 0, second = 1] = firstOutputs(description);
  return (
    <div class="part-tools">
      <span class="field-label">Why</span>
      {pick('Output that is larger', plus, minus, (output) =>
        onChange(difference(description, [output, minus ?? (output === first ? second : first)])),
      )}
      <span class="field-label">and not</span>
      {pick('Output that is smaller', minus, plus, (output) =>
        onChange(difference(description, [plus ?? (output === first ? second : first), output])),
      )}
    </div>
  );
}

interface WeightRowProps {
  readonly name: string;
  readonly weight: number;
  readonly onChange: (weight: number) => void;
}

function WeightRow({ name, weight, onChange }: WeightRowProps): JSX.Element {
  const typed = (value: number): void => {
    if (Number.isFinite(value)) onChange(value);
  };
  return (
    <div class="weight-row">
      <span class="weight-name" title={name}>
        {name}
      </span>
      <input
        type="range"
        min={-REACH}
        max={REACH}
        step={STEP}
        value={weight}
        aria-label={`Weight of ${name}, as a slider`}
        onInput={(event) => typed(event.currentTarget.valueAsNumber)}
      />
      <input
        class="number-field"
        type="number"
        step={STEP}
        value={weight}
        aria-label={`Weight of ${name}`}
        onInput={(event) => typed(event.currentTarget.valueAsNumber)}
      />
      <IconButton icon="close" label={`Remove ${name}`} onClick={() => onChange(0)} />
    </div>
  );
}

/** Outputs that take part; a weight of 0 takes none. */
function weighted(values: Float32Array): readonly number[] {
  const found: number[] = [];
  for (let output = 0; output < values.length && found.length < MOST_ROWS; output++) {
    if (values[output] !== 0) found.push(output);
  }
  return found;
}
