/** A sortable table. Only the rows in sight exist, so a table of ten thousand rows is as quick as one of ten. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ui } from '../state/interface-state.js';
import { Icon } from './icon.js';
import { rankTexts, sortRows } from './sort-rows.js';

const ROW_HEIGHT_PX = 28;
const VIRTUAL_FROM_ROWS = 200;
const EXTRA_ROWS = 8;
const DEFAULT_HEIGHT_PX = 420;

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  readonly numeric?: boolean;
  readonly help?: ComponentChildren;
  readonly sortBy: (row: Row) => number | string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Colours of the cell. */
  readonly style?: (row: Row) => JSX.CSSProperties | undefined;
}

interface TableProps<Row> {
  /** Names the table: its sort is remembered under this. */
  readonly name: string;
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly selected?: (row: Row) => boolean;
  readonly onSelect?: (row: Row) => void;
}

export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { name, label, columns, rows, rowKey, selected, onSelect } = props;
  const [scrollTop, setScrollTop] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const sorted = useSorted(name, columns, rows);
  const virtual = rows.length > VIRTUAL_FROM_ROWS;
  const first = virtual ? Math.max(0, Math.floor(scrollTop / ROW_HEIGHT_PX) - EXTRA_ROWS) : 0;
  const visible = Math.ceil((scroller.current?.clientHeight ?? DEFAULT_HEIGHT_PX) / ROW_HEIGHT_PX) + 2 * EXTRA_ROWS;
  const shown = virtual ? sorted.slice(first, first + visible) : sorted;
  const after = sorted.length - first - shown.length;
  return (
    <div
      class={`table-scroll ${virtual ? 'table-virtual' : ''}`}
      ref={scroller}
      onScroll={virtual ? (event) => setScrollTop(event.currentTarget.scrollTop) : undefined}
    >
      <table class="table" aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeaderCell key={column.id} name={name} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer rows={first} columns={columns.length} />
          {shown.map((row) => (
            <tr
              key={rowKey(row)}
              class={`${onSelect ? 'selectable' : ''} ${selected?.(row) === true ? 'selected' : ''}`}
              tabIndex={onSelect ? 0 : undefined}
              aria-selected={onSelect ? selected?.(row) === true : undefined}
              onClick={onSelect && (() => onSelect(row))}
              onKeyDown={onSelect && ((event) => onRowKey(event, () => onSelect(row)))}
            >
              {columns.map((column) => (
                <td key={column.id} class={column.numeric ? 'numeric' : ''} style={column.style?.(row)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          <Spacer rows={after} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

function HeaderCell<Row>({ name, column }: { name: string; column: Column<Row> }): JSX.Element {
  const sort = ui.sorts.value[name];
  const active = sort?.column === column.id ? sort : undefined;
  const toggle = (): void => {
    // Numbers are usually asked for largest first.
    const descending = active === undefined ? column.numeric === true : !active.descending;
    ui.sorts.value = { ...ui.sorts.value, [name]: { column: column.id, descending } };
  };
  return (
    <th
      class={column.numeric ? 'numeric' : ''}
      aria-sort={active === undefined ? 'none' : active.descending ? 'descending' : 'ascending'}
    >
      <span class="header-cell">
        <button type="button" class="sort-button" onClick={toggle}>
          {column.label}
          {active && <Icon name="down" class={active.descending ? 'sort-icon' : 'sort-icon sort-up'} />}
        </button>
        {column.help}
      </span>
    </th>
  );
}

function Spacer({ rows, columns }: { rows: number; columns: number }): JSX.Element | null {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} class="spacer" style={{ height: `${rows * ROW_HEIGHT_PX}px` }} />
    </tr>
  );
}

/** Rows with many different texts stay as they are until their order is found out. */
function useSorted<Row>(name: string, columns: readonly Column<Row>[], rows: readonly Row[]): readonly Row[] {
  const sort = ui.sorts.value[name];
  const [ranked, setRanked] = useState(0);
  const sortBy = columns.find((candidate) => candidate.id === sort?.column)?.sortBy;
  const descending = sort?.descending === true;
  const sorted = useMemo(
    () => (sortBy === undefined ? rows : sortRows(rows, sortBy, descending)),
    [rows, sortBy, descending, ranked],
  );
  const isKnown = sorted !== undefined;
  useEffect(() => {
    if (isKnown || sortBy === undefined) return undefined;
    const controller = new AbortController();
    const done = (): void => {
      if (!controller.signal.aborted) setRanked((count) => count + 1);
    };
    // It rejects only where that was given up.
    rankTexts(rows, sortBy, controller.signal).then(done, () => undefined);
    return () => controller.abort();
  }, [isKnown, rows, sortBy]);
  return sorted ?? rows;
}

function onRowKey(event: KeyboardEvent & { currentTarget: HTMLElement }, choose: () => void): void {
  const row = event.currentTarget;
  if (event.key === 'Enter' || event.key === ' ') choose();
  else if (event.key === 'ArrowDown') (row.nextElementSibling as HTMLElement | null)?.focus();
  else if (event.key === 'ArrowUp') (row.previousElementSibling as HTMLElement | null)?.focus();
  else return;
  event.preventDefault();
}
