/** Every patched part with what it did and what was estimated. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Estimate, PatchingAnswer, SiteRole } from '../../src/protocol/attribution.js';
import { Table, type Column } from '../controls/table.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatExact, formatNumber } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { effectRows, partName, type EffectRow, type TokenPair } from './part-names.js';

const TITLE = 'Effects of patches';

export const ROLE_NAMES: Readonly<Record<SiteRole, string>> = {
  start: 'start',
  branch: 'branch',
  stream: 'stream',
  layer: 'layer',
};

interface EffectTableProps {
  readonly answer: PatchingAnswer;
  readonly estimate: Estimate | undefined;
  readonly tokens: TokenPair | undefined;
}

export function EffectTable({ answer, estimate, tokens }: EffectTableProps): JSX.Element {
  const rows = useMemo(() => effectRows(answer), [answer]);
  const columns = useMemo(() => columnsOf(answer, estimate, tokens), [answer, estimate, tokens]);
  const text = (): TextTable => ({
    header: columns.map(({ label }) => label),
    rows: rows.map((row) => columns.map(({ id, sortBy }) => (id === 'value' ? row.site.label : exact(sortBy(row))))),
  });
  return (
    <section class="ledger-table">
      <div class="frame-head">
        <h3 class="frame-title">{TITLE}</h3>
        <span class="spacer-flex" />
        <TableTools title={TITLE} table={text} />
      </div>
      <Table name="patch-effects" label={TITLE} columns={columns} rows={rows} rowKey={({ at }) => String(at)} />
    </section>
  );
}

function columnsOf(
  { effects, normalised }: PatchingAnswer,
  estimate: Estimate | undefined,
  tokens: TokenPair | undefined,
): readonly Column<EffectRow>[] {
  const number = (id: string, label: string, help: string, of: (at: number) => number): Column<EffectRow> => ({
    id,
    label,
    numeric: true,
    help: <Help about={label}>{help}</Help>,
    sortBy: ({ at }) => of(at),
    cell: ({ at }) => formatNumber(of(at)),
  });
  const effect = (at: number): number => effects[at] ?? NaN;
  const estimated = (at: number): number => estimate?.effects[at] ?? NaN;
  return [
    {
      id: 'value',
      label: 'Value',
      sortBy: ({ at }) => at,
      cell: ({ site }) => <span title={site.value}>{site.label}</span>,
    },
    { id: 'role', label: 'Role', sortBy: ({ site }) => site.role, cell: ({ site }) => ROLE_NAMES[site.role] },
    {
      id: 'part',
      label: 'Part',
      sortBy: ({ site, part }) => partName(site, part, tokens),
      cell: ({ site, part }) => partName(site, part, tokens),
    },
    number(
      'effect',
      'Effect',
      'The metric with this part patched, less the metric of the run it was put into.',
      effect,
    ),
    ...(normalised === undefined
      ? []
      : [
          number(
            'normalised',
            'Normalised',
            'The effect as a share of what lies between the two inputs: clean is 1, corrupt is 0.',
            (at) => normalised[at] ?? NaN,
          ),
        ]),
    ...(estimate === undefined
      ? []
      : [
          number('estimate', 'Estimate', 'What attribution patching says the effect is.', estimated),
          number('deviation', 'Estimate − effect', 'How far the estimate is off.', (at) => estimated(at) - effect(at)),
        ]),
  ];
}

function exact(value: number | string): string {
  return typeof value === 'string' ? value : formatExact(value);
}
