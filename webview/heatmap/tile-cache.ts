/** Tiles of a matrix as small pictures, one pixel per cell: asked for when in sight, kept while they are recent. */
import { asProblem, CancelledError, type Problem } from '../../src/core/errors.js';
import type { Colormap } from '../../src/core/picture/colormap.js';
import type { MatrixSource, Range, Steps } from './matrix.js';
import { TILE_CELLS, tileRanges, type TilePosition } from './viewport.js';

export interface Tile {
  readonly values: Float32Array;
  readonly rows: Range;
  readonly columns: Range;
  readonly steps: Steps;
  readonly picture: OffscreenCanvas;
  readonly hasNaN: boolean;
}

/** A value, and the block of cells that it stands for. */
export interface Reading {
  readonly value: number;
  readonly steps: Steps;
}

export interface TileCache {
  /** The tile, or undefined while it is under way. */
  get(position: TilePosition): Tile | undefined;
  /** Tiles that are kept at other steps, the coarsest first: they stand in for what is under way. */
  standIns(steps: Steps): readonly Tile[];
  /** Asks for what is in sight and missing; gives up what is under way and out of sight. */
  want(positions: readonly TilePosition[]): void;
  /** What is known of a cell at the steps that were wanted last. */
  value(row: number, column: number): Reading | undefined;
  close(): void;
}

/** 256 × 256 cells: 256 KB of values and as much of picture. */
const KEPT_TILES = 200;
const TILES_UNDER_WAY = 6;
/** Grey, half covered: no value. The hatching comes when cells are large enough to be hatched. */
const NAN_PIXEL = (0x80 << 24) | (0x80 << 16) | (0x80 << 8) | 0x80;

export function createTileCache(
  source: MatrixSource,
  map: Colormap,
  onArrival: () => void,
  onProblem: (problem: Problem) => void,
): TileCache {
  const tiles = new Map<string, Tile>();
  const underWay = new Map<string, AbortController>();
  const failed = new Set<string>();
  let queue: readonly TilePosition[] = [];
  let wantedSteps: Steps = { row: 1, column: 1 };

  const keyOf = ({ tileRow, tileColumn, steps }: TilePosition): string =>
    `${tileRow} ${tileColumn} ${steps.row} ${steps.column}`;

  const load = (position: TilePosition): void => {
    const key = keyOf(position);
    const controller = new AbortController();
    underWay.set(key, controller);
    const [rows, columns] = tileRanges(position, source);
    source
      .tile(rows, columns, controller.signal, position.steps)
      .then(
        (values) => {
          if (controller.signal.aborted) return;
          tiles.set(key, paintTile(source, map, values, rows, columns, position.steps));
          while (tiles.size > KEPT_TILES) dropOldest(tiles);
          onArrival();
        },
        (error: unknown) => {
          if (controller.signal.aborted || error instanceof CancelledError) return;
          failed.add(key);
          onProblem(asProblem(error));
        },
      )
      .finally(() => {
        if (underWay.get(key) === controller) underWay.delete(key);
        next();
      });
  };

  const next = (): void => {
    for (const position of queue) {
      if (underWay.size >= TILES_UNDER_WAY) return;
      const key = keyOf(position);
      if (!tiles.has(key) && !underWay.has(key) && !failed.has(key)) load(position);
    }
  };

  return {
    get(position) {
      const key = keyOf(position);
      const tile = tiles.get(key);
      if (tile === undefined) return undefined;
      tiles.delete(key);
      tiles.set(key, tile);
      return tile;
    },
    standIns: ({ row, column }) =>
      [...tiles.values()]
        .filter(({ steps }) => steps.row !== row || steps.column !== column)
        .sort((a, b) => b.steps.row * b.steps.column - a.steps.row * a.steps.column),
    want(positions) {
      queue = positions;
      wantedSteps = positions[0]?.steps ?? wantedSteps;
      const wanted = new Set(positions.map(keyOf));
      for (const [key, controller] of underWay) {
        if (wanted.has(key)) continue;
        underWay.delete(key);
        controller.abort();
      }
      next();
    },
    value(row, column) {
      const steps = wantedSteps;
      const [blockRow, blockColumn] = [Math.floor(row / steps.row), Math.floor(column / steps.column)];
      const tile = tiles.get(
        keyOf({
          tileRow: Math.floor(blockRow / TILE_CELLS),
          tileColumn: Math.floor(blockColumn / TILE_CELLS),
          steps,
        }),
      );
      if (tile === undefined) return undefined;
      const value = tile.values[(blockRow % TILE_CELLS) * tile.picture.width + (blockColumn % TILE_CELLS)];
      return value === undefined ? undefined : { value, steps };
    },
    close() {
      queue = [];
      for (const controller of underWay.values()) controller.abort();
      underWay.clear();
      tiles.clear();
    },
  };
}

function dropOldest(tiles: Map<string, Tile>): void {
  const oldest = tiles.keys().next();
  if (!oldest.done) tiles.delete(oldest.value);
}

function paintTile(
  source: MatrixSource,
  map: Colormap,
  values: Float32Array,
  rows: Range,
  columns: Range,
  steps: Steps,
): Tile {
  const width = Math.ceil((columns[1] - columns[0]) / steps.column);
  const height = Math.ceil((rows[1] - rows[0]) / steps.row);
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const { packed } = map;
  const last = packed.length - 1;
  const [low, high] = source.domain;
  const scale = high > low ? last / (high - low) : 0;
  let hasNaN = false;
  for (let row = 0; row < height; row++) {
    // Cells past the end of a short row stay transparent.
    const length = source.rowLength(rows[0] + row * steps.row) - columns[0];
    const cells = Math.min(width, Math.ceil(length / steps.column));
    for (let column = 0, index = row * width; column < cells; column++, index++) {
      const value = values[index] as number;
      if (Number.isNaN(value)) {
        pixels[index] = NAN_PIXEL;
        hasNaN = true;
        continue;
      }
      const step = (value - low) * scale + 0.5;
      pixels[index] = packed[step < 0 ? 0 : step > last ? last : step | 0] as number;
    }
  }
  const picture = new OffscreenCanvas(width, height);
  picture.getContext('2d')?.putImageData(image, 0, 0);
  return { values, rows, columns, steps, picture, hasNaN };
}
