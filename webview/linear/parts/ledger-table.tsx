/** Votes and biases of each chosen output, as they are and against the mean of the chosen ones. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { SystemDescription, Vote } from '../../../src/protocol/linear.js';
import { Table, type Column } from '../../controls/table.js';
import { TableTools } from '../../controls/table-tools.js';
import { Help } from '../../controls/tooltip.js';
import { formatExact, formatNumber, formatShare } from '../../format/numbers.js';
import type { TextTable } from '../../format/tables.js';
import { outputName } from '../ends.js';

interface LedgerRow {
  readonly output: number;
  readonly name: string;
  readonly votes: number;
  readonly biases: number;
  readonly value: number;
  readonly votesAgainstMean: number;
  readonly biasesAgainstMean: number;
  readonly biasShare: number;
}

const TITLE = 'Votes and biases';

export function LedgerTable({
  description,
  votes,
}: {
  description: SystemDescription;
  votes: readonly Vote[];
}): JSX.Element {
  const rows = useMemo(() => ledgerRows(description, votes), [description, votes]);
  const columns = useMemo(() => columnsFor(votes.length > 1), [votes.length > 1]);
  const text = (): TextTable => ({
    header: columns.map(({ label }) => label),
    rows: rows.map((row) => columns.map(({ sortBy }) => exact(sortBy(row)))),
  });
  return (
    <section class="ledger-table">
      <div class="frame-head">
        <h3 class="frame-title">{TITLE}</h3>
        <span class="spacer-flex" />
        <TableTools title={TITLE} table={text} />
      </div>
      <Table name="linear-ledger" label={TITLE} columns={columns} rows={rows} rowKey={({ output }) => String(output)} />
    </section>
  );
}

export function ledgerRows(description: SystemDescription, votes: readonly Vote[]): readonly LedgerRow[] {
  const mean = (of: (vote: Vote) => number): number =>
    votes.reduce((sum, vote) => sum + of(vote), 0) / Math.max(1, votes.length);
  const [meanVotes, meanBiases] = [mean(({ voteSum }) => voteSum), mean(({ biasSum }) => biasSum)];
  return votes.map(({ output, value, voteSum, biasSum, biasShare }) => ({
    output,
    name: outputName(description, output),
    votes: voteSum,
    biases: biasSum,
    value,
    votesAgainstMean: voteSum - meanVotes,
    biasesAgainstMean: biasSum - meanBiases,
    biasShare,
  }));
}

function columnsFor(several: boolean): readonly Column<LedgerRow>[] {
  const number = (id: string, label: string, help: string, of: (row: LedgerRow) => number): Column<LedgerRow> => ({
    id,
    label,
    numeric: true,
    help: <Help about={label}>{help}</Help>,
    sortBy: of,
    cell: (row) => formatNumber(of(row)),
  });
  const against = 'What all chosen outputs have in common is taken away: a softmax does not see it.';
  return [
    { id: 'name', label: 'Output', sortBy: ({ name }) => name, cell: ({ name }) => <span title={name}>{name}</span> },
    number('votes', 'Votes', 'Everything that the input voted, added up (A x).', ({ votes }) => votes),
    number('biases', 'Biases', 'Everything that biases added, over all layers (r).', ({ biases }) => biases),
    number('value', 'Value', 'What the network computed: votes and biases together.', ({ value }) => value),
    ...(several
      ? [
          number('votes-mean', 'Votes − mean', against, (row) => row.votesAgainstMean),
          number('biases-mean', 'Biases − mean', against, (row) => row.biasesAgainstMean),
        ]
      : []),
    {
      id: 'share',
      label: 'Bias share',
      numeric: true,
      help: (
        <Help about="Bias share">
          Sizes of the biases’ contributions, as a share of those of biases and votes together.
        </Help>
      ),
      sortBy: ({ biasShare }) => biasShare,
      cell: ({ biasShare }) => formatShare(biasShare),
    },
  ];
}

function exact(value: number | string): string {
  return typeof value === 'string' ? value : formatExact(value);
}
