/** The part of a picture that a small pattern lies in: a filter of 15 pixels is a speck in an image of 224. */
import type { MapPicture } from './map-picture.js';

export interface MapWindow {
  readonly row: number;
  readonly column: number;
  readonly height: number;
  readonly width: number;
}

/** What is smaller, beside the largest number, is left outside. */
export const LEFT_OUTSIDE_SHARE = 0.01;
const MARGIN = 1;
/** Windows come in few sizes, so that they keep theirs while a pattern follows the pointer. */
const SIDES = [9, 17, 33, 65, 129, 257, 513];

export function wholeOf({ width, height }: MapPicture): MapWindow {
  return { row: 0, column: 0, height, width };
}

/** Undefined where a window would show no more than the whole: all is 0, or the pattern fills half a side. */
export function closeUpOf(picture: MapPicture): MapWindow | undefined {
  const { width, height } = picture;
  const box = boxOf(picture);
  if (box === undefined) return undefined;
  const extent = Math.max(box.bottom - box.top, box.right - box.left) + 1 + 2 * MARGIN;
  const side = SIDES.find((size) => size >= extent);
  if (side === undefined || 2 * side > Math.max(width, height)) return undefined;
  const [windowWidth, windowHeight] = [Math.min(side, width), Math.min(side, height)];
  const begin = (low: number, high: number, size: number, all: number): number =>
    Math.min(all - size, Math.max(0, Math.round((low + high + 1 - size) / 2)));
  return {
    row: begin(box.top, box.bottom, windowHeight, height),
    column: begin(box.left, box.right, windowWidth, width),
    height: windowHeight,
    width: windowWidth,
  };
}

function boxOf({ width, height, planes }: MapPicture) {
  let largest = 0;
  for (const plane of planes) for (const value of plane) if (Math.abs(value) > largest) largest = Math.abs(value);
  if (largest === 0 || largest === Infinity) return undefined;
  const least = LEFT_OUTSIDE_SHARE * largest;
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (const plane of planes) {
    for (let cell = 0; cell < width * height; cell++) {
      if (!(Math.abs(plane[cell] ?? 0) >= least)) continue;
      const [row, column] = [Math.floor(cell / width), cell % width];
      if (row < top) top = row;
      if (row > bottom) bottom = row;
      if (column < left) left = column;
      if (column > right) right = column;
    }
  }
  return { top, bottom, left, right };
}
