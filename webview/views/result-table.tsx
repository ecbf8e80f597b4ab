/** A table of facts that a pass found; a click on a row shows the place that it is about. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ResultRow, ResultTable } from '../../src/core/passes/result.js';
import { shadesOf } from '../../src/core/passes/shades.js';
import { Table, type Column } from '../controls/table.js';
import { csvFile, TableTools } from '../controls/table-tools.js';
import { formatExact, formatQuantity } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { useExportable } from '../state/exports.js';
import { revealItem, revealTensor } from '../state/reveal.js';
import { theme } from '../theme/theme.js';

interface NumberedRow extends ResultRow {
  readonly number: number;
}

export function ResultTableView({ table }: { table: ResultTable }): JSX.Element {
  const { dark } = theme.value;
  const columns = useMemo(() => columnsFor(table, dark), [table, dark]);
  const rows = useMemo(() => table.rows.map((row, number): NumberedRow => ({ ...row, number })), [table]);
  const text = (): TextTable => ({
    header: table.columns.map(({ label }) => label),
    rows: table.rows.map(({ cells }) => cells.map((cell) => (typeof cell === 'number' ? formatExact(cell) : cell))),
  });
  const touched = useExportable(csvFile(table.title, text));
  const leads = table.rows.some(({ item, tensor }) => item !== undefined || tensor !== undefined);
  return (
    <section class="layer-table" onPointerDown={touched} onFocusCapture={touched}>
      <div class="frame-head">
        <h3 class="frame-title">{table.title}</h3>
        <span class="spacer-flex" />
        <TableTools title={table.title} table={text} />
      </div>
      <p class="note">{table.definition}</p>
      <Table
        name={table.id}
        label={table.title}
        columns={columns}
        rows={rows}
        rowKey={({ number }) => String(number)}
        onSelect={leads ? reveal : undefined}
      />
    </section>
  );
}

function reveal({ item, tensor }: ResultRow): void {
  if (item !== undefined) void revealItem(item);
  else if (tensor !== undefined) revealTensor(tensor);
}

function columnsFor(table: ResultTable, onDark: boolean): readonly Column<NumberedRow>[] {
  const { columns } = table;
  const shadeOf = shadesOf(table, onDark);
  const style = (cell: string | number): JSX.CSSProperties | undefined => {
    const shade = shadeOf(cell);
    return shade && { backgroundColor: shade.background, color: shade.ink };
  };
  return columns.map(({ id, label, format, shaded }, at) => ({
    id,
    label,
    numeric: format !== 'text',
    ...(shaded === true ? { style: ({ cells }: NumberedRow) => style(cells[at] ?? '') } : {}),
    sortBy: ({ cells }) => cells[at] ?? '',
    cell: ({ cells }) => {
      const value = cells[at];
      if (typeof value === 'number' && format !== 'text') return formatQuantity(format, value);
      return <span title={String(value)}>{value}</span>;
    },
  }));
}
