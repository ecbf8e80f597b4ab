import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FoldedSystems, SystemDescription } from '../../../src/protocol/linear.js';
import { binNames, countShares } from '../bias-bins.js';
import { outputName } from '../ends.js';
import { ValueBars } from '../value-bars.js';

interface BiasSharesProps {
  readonly description: SystemDescription;
  readonly folded: FoldedSystems;
  readonly foot: string;
}

/** On how many inputs biases decided how much. */
export function BiasShares({ description, folded, foot }: BiasSharesProps): JSX.Element {
  const series = useMemo(
    () =>
      folded.outputs.map(({ output, biasShares }) => ({
        label: outputName(description, output),
        values: countShares(biasShares),
      })),
    [folded, description],
  );
  const rows = useMemo(binNames, []);
  return (
    <ValueBars
      title="Bias share over the inputs"
      definition="For each input, the sizes of the biases’ contributions as a share of those of biases and votes together; counted over the inputs."
      foot={foot}
      row="bias share"
      rows={rows}
      series={series}
      valueLabel="inputs"
      standing
    />
  );
}
