/** Cells smaller than a device pixel are averaged, so that none vanishes; each axis on its own, so that rows stay sharp. */
import type { Tile } from './tile-cache.js';

export interface ReducedPicture {
  readonly picture: OffscreenCanvas;
  /** Pixels of the picture per column and row of the tile. */
  readonly perColumn: number;
  readonly perRow: number;
}

const reduced = new WeakMap<Tile, ReducedPicture>();

/** The tile's picture, for cells of the given size in device pixels. */
export function reducedPicture(tile: Tile, cellWidth: number, cellHeight: number): ReducedPicture {
  const { picture } = tile;
  if (cellWidth >= 1 && cellHeight >= 1) return { picture, perColumn: 1, perRow: 1 };
  const width = Math.max(1, Math.round(picture.width * Math.min(1, cellWidth)));
  const height = Math.max(1, Math.round(picture.height * Math.min(1, cellHeight)));
  const known = reduced.get(tile);
  if (known?.picture.width === width && known.picture.height === height) return known;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) return { picture, perColumn: 1, perRow: 1 };
  context.imageSmoothingQuality = 'medium';
  context.drawImage(picture, 0, 0, width, height);
  const made = { picture: canvas, perColumn: width / picture.width, perRow: height / picture.height };
  reduced.set(tile, made);
  return made;
}
