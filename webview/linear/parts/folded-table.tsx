/** Every input of a fold with its numbers, one row for each chosen output. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FoldedSystems, SystemDescription } from '../../../src/protocol/linear.js';
import { Table, type Column } from '../../controls/table.js';
import { TableTools } from '../../controls/table-tools.js';
import { formatExact, formatNumber, formatShare } from '../../format/numbers.js';
import type { TextTable } from '../../format/tables.js';
import { ui } from '../../state/interface-state.js';
import { outputName } from '../ends.js';
import { inputNumber } from '../../../src/core/told-numbers.js';

interface FoldedRow {
  readonly example: number;
  readonly output: string;
  readonly value: number;
  readonly votes: number;
  readonly biases: number;
  readonly biasShare: number;
}

const TITLE = 'Each input';
const COLUMNS: readonly Column<FoldedRow>[] = [
  {
    id: 'input',
    label: 'Input',
    numeric: true,
    sortBy: ({ example }) => example,
    cell: ({ example }) => inputNumber(example),
  },
  {
    id: 'output',
    label: 'Output',
    sortBy: ({ output }) => output,
    cell: ({ output }) => <span title={output}>{output}</span>,
  },
  number('votes', 'Votes', ({ votes }) => votes),
  number('biases', 'Biases', ({ biases }) => biases),
  number('value', 'Value', ({ value }) => value),
  {
    id: 'share',
    label: 'Bias share',
    numeric: true,
    sortBy: ({ biasShare }) => biasShare,
    cell: ({ biasShare }) => formatShare(biasShare),
  },
];

interface FoldedTableProps {
  readonly description: SystemDescription;
  readonly folded: FoldedSystems;
}

export function FoldedTable({ description, folded }: FoldedTableProps): JSX.Element {
  const rows = useMemo(() => foldedRows(description, folded), [description, folded]);
  const text = (): TextTable => ({
    header: COLUMNS.map(({ label }) => label),
    rows: rows.map((row) =>
      COLUMNS.map(({ sortBy }) => {
        const value = sortBy(row);
        return typeof value === 'string' ? value : formatExact(value);
      }),
    ),
  });
  return (
    <section>
      <div class="frame-head">
        <h3 class="frame-title">{TITLE}</h3>
        <span class="muted">A click looks at the input.</span>
        <span class="spacer-flex" />
        <TableTools title={TITLE} table={text} />
      </div>
      <Table
        name="linear-fold"
        label={TITLE}
        columns={COLUMNS}
        rows={rows}
        rowKey={({ example, output }) => `${example} ${output}`}
        onSelect={({ example }) => {
          ui.linearExample.value = example;
          ui.linearPart.value = 'votes';
        }}
      />
    </section>
  );
}

/** Inputs that failed have no numbers: the others follow each other without them. */
function foldedRows(description: SystemDescription, folded: FoldedSystems): readonly FoldedRow[] {
  const failed = new Set(folded.failed.map(({ example }) => example));
  const total = folded.outputs[0]?.values.length ?? 0;
  const examples: number[] = [];
  for (let example = 0; examples.length < total; example++) if (!failed.has(example)) examples.push(example);
  return examples.flatMap((example, at) =>
    folded.outputs.map(({ output, values, voteSums, biasShares }): FoldedRow => {
      const [value, votes] = [values[at] ?? NaN, voteSums[at] ?? NaN];
      return {
        example,
        output: outputName(description, output),
        value,
        votes,
        biases: value - votes,
        biasShare: biasShares[at] ?? NaN,
      };
    }),
  );
}

function number(id: string, label: string, of: (row: FoldedRow) => number): Column<FoldedRow> {
  return { id, label, numeric: true, sortBy: of, cell: (row) => formatNumber(of(row)) };
}
