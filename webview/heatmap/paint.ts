/** Draws one frame of the heatmap. */
import type { Theme } from '../theme/theme.js';
import type { Cell, MatrixLabels, MatrixSource } from './matrix.js';
import { reducedPicture } from './reduced-picture.js';
import type { Tile, TileCache } from './tile-cache.js';
import { stepsFor, visibleTiles, type HeatmapView, type Room } from './viewport.js';

/** The strips around the cells, in CSS pixels. */
export interface Gutter {
  readonly left: number;
  readonly top: number;
}

export interface Frame {
  readonly view: HeatmapView;
  readonly gutter: Gutter;
  readonly room: Room;
  readonly source: MatrixSource;
  readonly labels: MatrixLabels;
  readonly tiles: TileCache;
  readonly theme: Theme;
  readonly hovered: Cell | undefined;
  readonly cursor: Cell | undefined;
  readonly selected: Cell | undefined;
  readonly focused: boolean;
}

const LABEL_FONT_PX = 12;
const TICK_FONT_PX = 11;
const LABEL_FROM_ROW_PX = 9;
const SEPARATE_CELLS_FROM_PX = 9;
const HATCH_FROM_PX = 6;
const TICK_EVERY_PX = 70;
const IMAGE_MARGIN_PX = 2;
const IMAGES_FROM_ROW_PX = 16;

/** @param ratio device pixels per CSS pixel */
export function paintFrame(context: CanvasRenderingContext2D, frame: Frame, ratio: number): void {
  const { gutter, room, theme } = frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, gutter.left + room.width, gutter.top + room.height);
  context.save();
  context.beginPath();
  context.rect(gutter.left, gutter.top, room.width, room.height);
  context.clip();
  paintCells(context, frame, ratio);
  context.restore();
  paintRowLabels(context, frame);
  paintColumnTicks(context, frame);
  paintMarks(context, frame);
}

function paintCells(context: CanvasRenderingContext2D, frame: Frame, ratio: number): void {
  const { view, gutter, source, room, tiles } = frame;
  context.imageSmoothingEnabled = false;
  // Edges fall on device pixels, or seams would show between tiles.
  const snap = (value: number): number => Math.round(value * ratio) / ratio;
  const left = (column: number): number => snap(gutter.left + (column - view.column) * view.cellWidth);
  const top = (row: number): number => snap(gutter.top + (row - view.row) * view.cellHeight);
  const lastRow = Math.ceil(view.row + room.height / view.cellHeight);
  const lastColumn = Math.ceil(view.column + room.width / view.cellWidth);
  const wanted = visibleTiles(view, source, room).map((position) => tiles.get(position));
  const complete = wanted.every((tile) => tile !== undefined);
  for (const tile of [...(complete ? [] : tiles.standIns(stepsFor(view, source))), ...wanted]) {
    if (tile === undefined) continue;
    const r0 = Math.max(tile.rows[0], Math.floor(view.row));
    const r1 = Math.min(tile.rows[1], lastRow);
    const c0 = Math.max(tile.columns[0], Math.floor(view.column));
    const c1 = Math.min(tile.columns[1], lastColumn);
    if (r1 <= r0 || c1 <= c0) continue;
    const [x, y] = [left(c0), top(r0)];
    const { row: rowStep, column: columnStep } = tile.steps;
    const { picture, perColumn, perRow } = reducedPicture(
      tile,
      view.cellWidth * columnStep * ratio,
      view.cellHeight * rowStep * ratio,
    );
    context.drawImage(
      picture,
      ((c0 - tile.columns[0]) / columnStep) * perColumn,
      ((r0 - tile.rows[0]) / rowStep) * perRow,
      ((c1 - c0) / columnStep) * perColumn,
      ((r1 - r0) / rowStep) * perRow,
      x,
      y,
      left(c1) - x,
      top(r1) - y,
    );
    if (tile.hasNaN && view.cellWidth >= HATCH_FROM_PX && view.cellHeight >= HATCH_FROM_PX) {
      hatch(context, frame, tile, [r0, r1], [c0, c1], left, top);
    }
  }
  separate(context, frame, left, top, lastRow, lastColumn);
}

/** Thin lines between cells that are large enough for them. */
function separate(
  context: CanvasRenderingContext2D,
  { view, source, theme, gutter, room }: Frame,
  left: (column: number) => number,
  top: (row: number) => number,
  lastRow: number,
  lastColumn: number,
): void {
  context.fillStyle = theme.background;
  if (view.cellHeight >= SEPARATE_CELLS_FROM_PX) {
    for (let row = Math.floor(view.row); row <= Math.min(lastRow, source.rows); row++) {
      context.fillRect(gutter.left, top(row) - 1, room.width, view.cellHeight >= 16 ? 2 : 1);
    }
  }
  if (view.cellWidth >= SEPARATE_CELLS_FROM_PX) {
    for (let column = Math.floor(view.column); column <= Math.min(lastColumn, source.columns); column++) {
      context.fillRect(left(column) - 1, gutter.top, 1, room.height);
    }
  }
}

function hatch(
  context: CanvasRenderingContext2D,
  { source, theme }: Frame,
  tile: Tile,
  [r0, r1]: readonly [number, number],
  [c0, c1]: readonly [number, number],
  left: (column: number) => number,
  top: (row: number) => number,
): void {
  const width = tile.columns[1] - tile.columns[0];
  context.strokeStyle = theme.muted;
  context.lineWidth = 1;
  context.beginPath();
  for (let row = r0; row < r1; row++) {
    for (let column = c0; column < Math.min(c1, source.rowLength(row)); column++) {
      const value = tile.values[(row - tile.rows[0]) * width + column - tile.columns[0]];
      if (value === undefined || !Number.isNaN(value)) continue;
      context.moveTo(left(column), top(row + 1));
      context.lineTo(left(column + 1), top(row));
    }
  }
  context.stroke();
}

function paintRowLabels(
  context: CanvasRenderingContext2D,
  { view, gutter, room, source, labels, theme, cursor }: Frame,
): void {
  const every = Math.max(1, Math.ceil((LABEL_FONT_PX + 2) / view.cellHeight));
  const first = Math.floor(view.row);
  const last = Math.min(source.rows, Math.ceil(view.row + room.height / view.cellHeight));
  const imageSize = view.cellHeight >= IMAGES_FROM_ROW_PX ? view.cellHeight - 2 * IMAGE_MARGIN_PX : 0;
  context.save();
  context.beginPath();
  // Half a line more at the top: the first of thin rows keeps its whole name.
  context.rect(0, gutter.top - LABEL_FONT_PX / 2, gutter.left, room.height + LABEL_FONT_PX / 2);
  context.clip();
  context.textBaseline = 'middle';
  context.imageSmoothingEnabled = true;
  for (let row = first - (first % every); row < last; row += every) {
    if (view.cellHeight < LABEL_FROM_ROW_PX && every === 1) break;
    const top = gutter.top + (row - view.row) * view.cellHeight;
    const middle = top + view.cellHeight / 2;
    const detail = labels.rowDetail?.(row) ?? '';
    let right = gutter.left - 8;
    const image = imageSize > 0 ? labels.rowImage?.(row) : undefined;
    if (image !== undefined) {
      right -= imageSize + 6;
      context.drawImage(image, right + 6, top + IMAGE_MARGIN_PX, imageSize, imageSize);
    }
    context.font = `${TICK_FONT_PX}px ${theme.fontFamily}`;
    context.fillStyle = theme.muted;
    context.textAlign = 'right';
    context.fillText(detail, right, middle);
    const room = right - 12 - (detail === '' ? 0 : context.measureText(detail).width);
    context.font = `${row === cursor?.row ? '600 ' : ''}${LABEL_FONT_PX}px ${theme.fontFamily}`;
    context.fillStyle = theme.foreground;
    context.textAlign = 'left';
    context.fillText(shorten(context, labels.row(row), room), 4, middle);
  }
  context.restore();
}

/** Long names keep their end, which tells them apart. */
function shorten(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let start = 1;
  while (start < text.length && context.measureText(`…${text.slice(start)}`).width > width) start++;
  return `…${text.slice(start)}`;
}

function paintColumnTicks(
  context: CanvasRenderingContext2D,
  { view, gutter, room, source, labels, theme }: Frame,
): void {
  const step = niceStep(TICK_EVERY_PX / view.cellWidth);
  context.font = `${TICK_FONT_PX}px ${theme.fontFamily}`;
  context.textBaseline = 'alphabetic';
  context.textAlign = 'center';
  context.fillStyle = theme.muted;
  const last = Math.min(source.columns - 1, view.column + room.width / view.cellWidth);
  for (let column = Math.ceil(view.column / step) * step; column <= last; column += step) {
    const x = gutter.left + (column + 0.5 - view.column) * view.cellWidth;
    context.fillText(labels.column?.(column) ?? String(column), Math.max(x, gutter.left + 8), gutter.top - 8);
    context.fillRect(Math.round(x), gutter.top - 5, 1, 4);
  }
  context.textAlign = 'left';
  context.fillText(labels.columnAxis, 4, gutter.top - 8);
}

/** 1, 2, 5, 10, 20, 50 … */
function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, atLeast)));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= atLeast) return factor * power;
  return 10 * power;
}

function paintMarks(context: CanvasRenderingContext2D, frame: Frame): void {
  const { theme, hovered, cursor, selected, focused } = frame;
  context.save();
  context.beginPath();
  context.rect(frame.gutter.left - 2, frame.gutter.top - 2, frame.room.width + 4, frame.room.height + 4);
  context.clip();
  if (hovered) outline(context, frame, hovered, theme.foreground, 1);
  if (selected) outline(context, frame, selected, theme.foreground, 2);
  if (cursor && focused) outline(context, frame, cursor, theme.focus, 2);
  context.restore();
}

function outline(
  context: CanvasRenderingContext2D,
  { view, gutter, theme }: Frame,
  cell: Cell,
  color: string,
  width: number,
): void {
  const w = Math.max(5, view.cellWidth);
  const h = Math.max(5, view.cellHeight);
  const x = gutter.left + (cell.column + 0.5 - view.column) * view.cellWidth - w / 2;
  const y = gutter.top + (cell.row + 0.5 - view.row) * view.cellHeight - h / 2;
  // Two lines of opposite lightness: seen on every colour.
  context.lineWidth = width + 2;
  context.strokeStyle = theme.background;
  context.strokeRect(x, y, w, h);
  context.lineWidth = width;
  context.strokeStyle = color;
  context.strokeRect(x, y, w, h);
}
