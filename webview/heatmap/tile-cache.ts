/** Tiles of a matrix as small pictures, one pixel per cell: asked for when in sight, kept while they are recent. */
import { asProblem, CancelledError, type Problem } from '../../src/core/errors.js';
import type { Colormap } from '../../src/core/picture/colormap.js';
import type { MatrixSource, Range } from './matrix.js';
import { TILE_CELLS, type TilePosition } from './viewport.js';

export interface Tile {
  readonly values: Float32Array;
  readonly rows: Range;
  readonly columns: Range;
  readonly picture: OffscreenCanvas;
  readonly hasNaN: boolean;
}

export interface TileCache {
  /** The tile, or undefined while it is under way. */
  get(position: TilePosition): Tile | undefined;
  /** Asks for what is in sight and missing; gives up what is under way and out of sight. */
  want(positions: readonly TilePosition[]): void;
  value(row: number, column: number): number | undefined;
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

  const keyOf = ({ tileRow, tileColumn }: TilePosition): string => `${tileRow} ${tileColumn}`;

  const load = (position: TilePosition): void => {
    const key = keyOf(position);
    const controller = new AbortController();
    underWay.set(key, controller);
    const rows = tileRange(position.tileRow, source.rows);
    const columns = tileRange(position.tileColumn, source.columns);
    source
      .tile(rows, columns, controller.signal)
      .then(
        (values) => {
          if (controller.signal.aborted) return;
          tiles.set(key, paintTile(source, map, values, rows, columns));
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
    want(positions) {
      queue = positions;
      const wanted = new Set(positions.map(keyOf));
      for (const [key, controller] of underWay) {
        if (wanted.has(key)) continue;
        underWay.delete(key);
        controller.abort();
      }
      next();
    },
    value(row, column) {
      const tile = tiles.get(
        keyOf({ tileRow: Math.floor(row / TILE_CELLS), tileColumn: Math.floor(column / TILE_CELLS) }),
      );
      if (tile === undefined) return undefined;
      const width = tile.columns[1] - tile.columns[0];
      return tile.values[(row - tile.rows[0]) * width + column - tile.columns[0]];
    },
    close() {
      queue = [];
      for (const controller of underWay.values()) controller.abort();
      underWay.clear();
      tiles.clear();
    },
  };
}

function tileRange(tile: number, length: number): Range {
  return [tile * TILE_CELLS, Math.min(length, (tile + 1) * TILE_CELLS)];
}

function dropOldest(tiles: Map<string, Tile>): void {
  const oldest = tiles.keys().next();
  if (!oldest.done) tiles.delete(oldest.value);
}

function paintTile(source: MatrixSource, map: Colormap, values: Float32Array, rows: Range, columns: Range): Tile {
  const width = columns[1] - columns[0];
  const height = rows[1] - rows[0];
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const { packed } = map;
  const last = packed.length - 1;
  const [low, high] = source.domain;
  const scale = high > low ? last / (high - low) : 0;
  let hasNaN = false;
  for (let row = 0; row < height; row++) {
    // Cells past the end of a short row stay transparent.
    const cells = Math.min(width, source.rowLength(rows[0] + row) - columns[0]);
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
  return { values, rows, columns, picture, hasNaN };
}
