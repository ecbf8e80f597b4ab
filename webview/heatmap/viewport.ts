/** Which part of a matrix is in sight, and how large its cells are. Pure. */
import type { Cell, Range, Steps } from './matrix.js';

export const TILE_CELLS = 256;

export interface HeatmapView {
  /** First row and column in sight, as fractions of cells. */
  readonly row: number;
  readonly column: number;
  /** CSS pixels per cell. */
  readonly cellWidth: number;
  readonly cellHeight: number;
}

export interface Extent {
  readonly rows: number;
  readonly columns: number;
  /** Present where blocks of cells can be asked for as one value. */
  readonly reduces?: string;
}

/** The room for cells, in CSS pixels. */
export interface Room {
  readonly width: number;
  readonly height: number;
}

const LARGEST_CELL_PX = 72;
const TALLEST_FITTED_CELL_PX = 30;
const WIDEST_FITTED_CELL_PX = 40;
/** Never so far out that more tiles would be in sight than are kept, unless blocks can be had as one cell. */
const MOST_VISIBLE_TILES = 150;

/** Everything in sight, if that leaves cells of a size worth showing. */
export function fitView(extent: Extent, room: Room): HeatmapView {
  const smallest = extent.reduces === undefined ? smallestCell(room) : 0;
  return {
    row: 0,
    column: 0,
    cellWidth: Math.min(WIDEST_FITTED_CELL_PX, Math.max(smallest, room.width / Math.max(1, extent.columns))),
    cellHeight: Math.min(TALLEST_FITTED_CELL_PX, Math.max(smallest, room.height / Math.max(1, extent.rows))),
  };
}

/** The first view: rows at least so tall that their names and pictures can be seen. */
export function startView(extent: Extent, room: Room, leastRowHeightPx: number): HeatmapView {
  const fitted = fitView(extent, room);
  return { ...fitted, cellHeight: Math.max(fitted.cellHeight, leastRowHeightPx) };
}

export function zoomAt(
  view: HeatmapView,
  factor: number,
  x: number,
  y: number,
  extent: Extent,
  room: Room,
): HeatmapView {
  const fitted = fitView(extent, room);
  const cellWidth = clamp(view.cellWidth * factor, Math.min(fitted.cellWidth, view.cellWidth), LARGEST_CELL_PX);
  const cellHeight = clamp(view.cellHeight * factor, Math.min(fitted.cellHeight, view.cellHeight), LARGEST_CELL_PX);
  return clampView(
    {
      column: view.column + x / view.cellWidth - x / cellWidth,
      row: view.row + y / view.cellHeight - y / cellHeight,
      cellWidth,
      cellHeight,
    },
    extent,
    room,
  );
}

/** Moves by CSS pixels. */
export function pan(view: HeatmapView, dx: number, dy: number, extent: Extent, room: Room): HeatmapView {
  return clampView(
    { ...view, column: view.column - dx / view.cellWidth, row: view.row - dy / view.cellHeight },
    extent,
    room,
  );
}

/** Moves as little as needed to bring a cell into sight. */
export function revealCell(view: HeatmapView, { row, column }: Cell, extent: Extent, room: Room): HeatmapView {
  const bring = (first: number, cell: number, count: number): number =>
    cell < first ? cell : cell + 1 > first + count ? cell + 1 - count : first;
  return clampView(
    {
      ...view,
      column: bring(view.column, column, room.width / view.cellWidth),
      row: bring(view.row, row, room.height / view.cellHeight),
    },
    extent,
    room,
  );
}

export function clampView(view: HeatmapView, extent: Extent, room: Room): HeatmapView {
  return {
    ...view,
    column: clamp(view.column, 0, Math.max(0, extent.columns - room.width / view.cellWidth)),
    row: clamp(view.row, 0, Math.max(0, extent.rows - room.height / view.cellHeight)),
  };
}

/** The cell under a point, if any. */
export function cellAt(view: HeatmapView, x: number, y: number, extent: Extent): Cell | undefined {
  const row = Math.floor(view.row + y / view.cellHeight);
  const column = Math.floor(view.column + x / view.cellWidth);
  return row >= 0 && row < extent.rows && column >= 0 && column < extent.columns ? { row, column } : undefined;
}

export interface TilePosition {
  readonly tileRow: number;
  readonly tileColumn: number;
  readonly steps: Steps;
}

/** Rows and columns that a tile covers. */
export function tileRanges({ tileRow, tileColumn, steps }: TilePosition, extent: Extent): readonly [Range, Range] {
  const range = (tile: number, step: number, length: number): Range => [
    tile * TILE_CELLS * step,
    Math.min(length, (tile + 1) * TILE_CELLS * step),
  ];
  return [range(tileRow, steps.row, extent.rows), range(tileColumn, steps.column, extent.columns)];
}

/** Blocks as large as fit into a pixel: what is in sight then takes a handful of tiles, whatever the matrix's size. */
export function stepsFor(view: HeatmapView, extent: Extent): Steps {
  if (extent.reduces === undefined) return { row: 1, column: 1 };
  const step = (cellPx: number): number => 2 ** Math.max(0, Math.floor(Math.log2(1 / cellPx)));
  return { row: step(view.cellHeight), column: step(view.cellWidth) };
}

/** Tiles in sight, those nearest to the middle first. */
export function visibleTiles(view: HeatmapView, extent: Extent, room: Room): readonly TilePosition[] {
  const lastRow = Math.min(extent.rows - 1, view.row + room.height / view.cellHeight);
  const lastColumn = Math.min(extent.columns - 1, view.column + room.width / view.cellWidth);
  const steps = stepsFor(view, extent);
  const [tall, wide] = [TILE_CELLS * steps.row, TILE_CELLS * steps.column];
  const tiles: TilePosition[] = [];
  for (let tileRow = Math.floor(view.row / tall); tileRow <= lastRow / tall; tileRow++) {
    for (let tileColumn = Math.floor(view.column / wide); tileColumn <= lastColumn / wide; tileColumn++) {
      tiles.push({ tileRow, tileColumn, steps });
    }
  }
  const middleRow = (view.row + lastRow) / 2 / tall - 0.5;
  const middleColumn = (view.column + lastColumn) / 2 / wide - 0.5;
  const distance = (tile: TilePosition): number => Math.hypot(tile.tileRow - middleRow, tile.tileColumn - middleColumn);
  return tiles.sort((a, b) => distance(a) - distance(b));
}

function smallestCell({ width, height }: Room): number {
  return Math.max(0.25, Math.sqrt((width * height) / MOST_VISIBLE_TILES) / TILE_CELLS);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
