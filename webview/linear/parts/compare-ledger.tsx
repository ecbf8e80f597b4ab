import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { revealItem } from '../../state/reveal.js';
import { outputName, outputWord } from '../ends.js';
import { systemFoot } from '../system.js';
import { ValueBars } from '../value-bars.js';
import type { ComparedProps } from './compare-votes.js';
import { inputNumber } from '../../../src/core/told-numbers.js';

/** What each layer's biases added to the first input's outputs more than to the second's. */
export function CompareLedger({ first, second, ours, theirs }: ComparedProps): JSX.Element {
  const { description } = first;
  const { layers } = description;
  const rows = useMemo(() => layers.map(({ label }) => label), [layers]);
  const series = useMemo(
    () =>
      ours.map(({ output, ledger }, index) => ({
        label: outputName(description, output),
        values: ledger.map((value, layer) => value - (theirs[index]?.ledger[layer] ?? NaN)),
      })),
    [ours, theirs, description],
  );
  if (layers.length === 0) return <p class="note">No layer between the two ends adds a bias.</p>;
  const [a, b] = [first, second].map(({ request }) => inputNumber(request.example)) as [number, number];
  return (
    <ValueBars
      title={`Biases by layer: input ${a} minus input ${b}`}
      definition="How much more each layer’s biases added on the first input than on the second. A click shows the layer in the graph."
      foot={`${systemFoot(first)} minus input ${b}`}
      row="layer"
      rows={rows}
      series={series}
      valueLabel={`difference, in units of the ${outputWord(description)}`}
      onChoose={(layer) => {
        const item = layers[layer]?.item;
        if (item !== undefined) void revealItem(item);
      }}
    />
  );
}
