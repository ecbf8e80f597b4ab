/** Every value of two axes of a tensor, as it is stored: a table of any size, of which only what is in sight is there. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { layoutOf, type MatrixView } from '../../src/core/weights/matrix-view.js';
import type { PictureView } from '../../src/core/weights/picture.js';
import type { TensorRow } from '../../src/protocol/weights.js';
import { IconButton } from '../controls/button.js';
import { formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { attempt } from '../state/attempt.js';
import { host } from '../state/channel.js';
import { copyText } from '../state/exports.js';
import { useResource } from '../state/resource.js';
import { openedModel } from '../state/session.js';

const ROW_PX = 22;
const COLUMN_PX = 92;
const HEAD_PX = 64;
const HEIGHT_PX = 320;
/** Browsers refuse taller elements: beyond this, a step of the scroll bar is more than one row. */
const MOST_PX = 8_000_000;
/** Rows and columns are asked for in blocks, so that slow scrolling asks rarely. */
const BLOCK_ROWS = 32;
const BLOCK_COLUMNS = 16;
/** What one message may hold. */
const MOST_COPIED = 2 ** 14;

interface Cells {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

interface TensorValuesProps {
  readonly index: number;
  readonly row: TensorRow;
  readonly picture: PictureView;
}

export function TensorValues({ index, row, picture }: TensorValuesProps): JSX.Element {
  const view = useMemo(() => tableView(row.dims, picture), [row, picture]);
  const { rows, columns } = layoutOf(row.dims, view);
  const scroller = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ top: 0, left: 0, width: 400 });
  const [selected, setSelected] = useState<Cells>();
  const total = { width: Math.min(MOST_PX, columns * COLUMN_PX), height: Math.min(MOST_PX, rows * ROW_PX) };
  const inSight: Cells = {
    rows: inSightOf(place.top, total.height, HEIGHT_PX - ROW_PX, rows, ROW_PX),
    columns: inSightOf(place.left, total.width, place.width - HEAD_PX, columns, COLUMN_PX),
  };
  const asked: Cells = {
    rows: blocks(inSight.rows, BLOCK_ROWS, rows),
    columns: blocks(inSight.columns, BLOCK_COLUMNS, columns),
  };
  const texts = useResource(
    (signal) => host.tensorValues({ tensor: index, view, ...asked }, signal),
    [openedModel.value, index, view, ...asked.rows, ...asked.columns],
    true,
  );
  const shown = useRef<{ readonly cells: Cells; readonly texts: readonly (readonly string[])[] }>();
  if (texts.value !== undefined && !texts.loading) shown.current = { cells: asked, texts: texts.value };
  useEffect(() => setSelected(undefined), [view]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setPlace((old) => ({ ...old, width: element.clientWidth })));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const textAt = (line: number, column: number): string => {
    const known = shown.current;
    return known?.texts[line - known.cells.rows[0]]?.[column - known.cells.columns[0]] ?? '…';
  };
  const copy = (): void => {
    const cells = selected ?? inSight;
    void attempt(
      host
        .tensorValues({ tensor: index, view, ...cells })
        .then((lines) => copyText(lines.map((line) => line.join('\t')).join('\n'))),
    );
  };
  const isSelected = (line: number, column: number): boolean =>
    selected !== undefined && within(line, selected.rows) && within(column, selected.columns);
  const choose = (line: number, column: number, extend: boolean): void => {
    const from = extend && selected !== undefined ? selected : { rows: [line, line], columns: [column, column] };
    const next: Cells = {
      rows: [Math.min(from.rows[0] ?? line, line), Math.max((from.rows[1] ?? line + 1) - 1, line) + 1],
      columns: [Math.min(from.columns[0] ?? column, column), Math.max((from.columns[1] ?? column + 1) - 1, column) + 1],
    };
    setSelected(next);
  };
  const copied = selected === undefined ? 0 : cellCount(selected);
  return (
    <section class="tensor-values">
      <div class="frame-head">
        <span class="muted">
          {formatCount(rows)} × {formatCount(columns)}
          {rows * columns > 1 && ' · click and Shift+click select'}
          {copied > 1 && ` · ${formatCount(copied)} selected`}
        </span>
        <span class="spacer-flex" />
        <IconButton
          icon="copy"
          label={
            copied > MOST_COPIED
              ? `Only ${formatCount(MOST_COPIED)} values can be copied at once: save the tensor as CSV instead`
              : selected === undefined
                ? 'Copy the values in sight'
                : 'Copy the selected values (Ctrl+C)'
          }
          disabled={copied > MOST_COPIED}
          onClick={copy}
        />
      </div>
      {texts.error && <ProblemBox problem={texts.error} action="Try again" onAction={texts.retry} />}
      <div
        class="values-scroll"
        ref={scroller}
        tabIndex={0}
        role="grid"
        aria-label={`Values of ${row.name}`}
        aria-rowcount={rows}
        aria-colcount={columns}
        style={{ height: `${Math.min(HEIGHT_PX, total.height + 2 * ROW_PX)}px` }}
        onScroll={({ currentTarget }) =>
          setPlace({ top: currentTarget.scrollTop, left: currentTarget.scrollLeft, width: currentTarget.clientWidth })
        }
        onKeyDown={(event) => {
          if (!(event.ctrlKey || event.metaKey) || event.key !== 'c' || copied > MOST_COPIED) return;
          event.preventDefault();
          copy();
        }}
      >
        <div style={{ width: `${total.width + HEAD_PX}px`, height: `${total.height + ROW_PX}px` }}>
          <table class="values-table">
            <thead>
              <tr>
                <th />
                {range(inSight.columns).map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {range(inSight.rows).map((line) => (
                <tr key={line}>
                  <th>{line}</th>
                  {range(inSight.columns).map((column) => (
                    <td
                      key={column}
                      class={isSelected(line, column) ? 'selected' : ''}
                      title={`${textAt(line, column)} at [${line}, ${column}]`}
                      onClick={(event) => choose(line, column, event.shiftKey)}
                    >
                      {textAt(line, column)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </section>
  );
}

/** The picture's axes; the last two where it shows kernels. A list of numbers runs down. */
function tableView(dims: readonly number[], picture: PictureView): MatrixView {
  if (dims.length === 1) return { rowAxis: 0, indices: [0] };
  if (picture.kind === 'matrix') return picture.view;
  return { rowAxis: dims.length - 2, columnAxis: dims.length - 1, indices: picture.indices };
}

/** Which rows (or columns) are in sight: by pixels, or where the scroll bar is too short for that, by its share. */
function inSightOf(
  scrolled: number,
  total: number,
  room: number,
  count: number,
  size: number,
): readonly [number, number] {
  const fitting = Math.max(1, Math.floor(room / size));
  const last = Math.max(0, count - fitting);
  const first =
    count * size <= total ? Math.round(scrolled / size) : Math.round((scrolled / Math.max(1, total - room)) * last);
  const start = Math.min(last, Math.max(0, first));
  return [start, Math.min(count, start + fitting)];
}

function blocks([from, to]: readonly [number, number], size: number, count: number): readonly [number, number] {
  return [Math.floor(from / size) * size, Math.min(count, Math.ceil(to / size) * size)];
}

function range([from, to]: readonly [number, number]): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function within(index: number, [from, to]: readonly [number, number]): boolean {
  return index >= from && index < to;
}

function cellCount({ rows, columns }: Cells): number {
  return (rows[1] - rows[0]) * (columns[1] - columns[0]);
}
