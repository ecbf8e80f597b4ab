import type { JSX } from 'preact';
import { Select } from '../controls/select.js';
import { formatCount } from '../format/numbers.js';

interface RowAxisProps {
  readonly dims: readonly number[];
  readonly axis: number;
  readonly onAxis: (axis: number) => void;
}

/** Which axis runs down a matrix that is made of a whole tensor; all others run across. */
export function RowAxis({ dims, axis, onAxis }: RowAxisProps): JSX.Element {
  return (
    <Select
      label="Rows are"
      value={String(axis)}
      choices={dims.map((size, each) => ({ value: String(each), label: `axis ${each} (${formatCount(size)})` }))}
      onChange={(chosen) => onAxis(Number(chosen))}
    />
  );
}
