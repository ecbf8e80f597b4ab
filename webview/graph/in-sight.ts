/** What of a large picture is worth drawing: what lies in or near the window, and what is large enough to be read. */
import type { GraphEdge, GraphItem, GraphPicture } from '../../src/protocol/model.js';
import type { Box, Size, View } from './viewport.js';

export interface Sight {
  /** In layout units; the window and what is around it. */
  readonly area: Box;
  readonly scale: number;
}

export interface PictureInSight {
  /** Open modules, then all that is drawn in full. */
  readonly containers: readonly GraphItem[];
  readonly boxes: readonly GraphItem[];
  readonly edges: readonly GraphEdge[];
  /** Too small to be read: drawn as dots of their colours, and their lines as one. */
  readonly specks: readonly GraphItem[];
  readonly threads: readonly GraphEdge[];
}

/** Smaller pictures are drawn whole. */
const LARGE_PICTURE = 400;
/** Drawn around the window, as a share of it: so that small moves draw nothing anew. */
const MARGIN = 0.25;
/** Zooming by more than this draws anew, because other things can be read. */
const ZOOM_STEP = 1.4;
/** Lower boxes on the screen show no text that anybody could read. */
const READABLE_PX = 10;
/** With more of them, marks far away are dots as all else. */
const MAXIMUM_MARKED = 1000;
const NOTHING_MARKED: ReadonlyMap<string, unknown> = new Map();
/** Shorter lines on the screen are no lines. */
const VISIBLE_PX = 3;

export function isLarge({ items }: GraphPicture): boolean {
  return items.length > LARGE_PICTURE;
}

export function sightOf(view: View, window: Size): Sight {
  const [width, height] = [window.width / view.scale, window.height / view.scale];
  return {
    area: [
      -view.x / view.scale - MARGIN * width,
      -view.y / view.scale - MARGIN * height,
      (1 + 2 * MARGIN) * width,
      (1 + 2 * MARGIN) * height,
    ],
    scale: view.scale,
  };
}

/** Whether what was drawn for a sight still serves a view. */
export function serves({ area, scale }: Sight, view: View, window: Size): boolean {
  const [left, top] = [-view.x / view.scale, -view.y / view.scale];
  const ratio = view.scale / scale;
  return (
    ratio < ZOOM_STEP &&
    ratio > 1 / ZOOM_STEP &&
    left >= area[0] &&
    top >= area[1] &&
    left + window.width / view.scale <= area[0] + area[2] &&
    top + window.height / view.scale <= area[1] + area[3]
  );
}

/**
 * @param sight undefined: everything.
 * @param kept id of an item that is drawn in any case.
 * @param marked ids of items that are drawn in full wherever they are in sight: a dot shows no mark.
 */
export function inSight(
  picture: GraphPicture,
  sight: Sight | undefined,
  kept: string | undefined,
  marked: ReadonlyMap<string, unknown> = NOTHING_MARKED,
): PictureInSight {
  const isContainer = (item: GraphItem): boolean => item.expanded;
  if (sight === undefined) {
    return {
      containers: picture.items.filter(isContainer),
      boxes: picture.items.filter((item) => !isContainer(item)),
      edges: picture.edges,
      specks: [],
      threads: [],
    };
  }
  const { area, scale } = sight;
  const areMarksFew = marked.size <= MAXIMUM_MARKED;
  const near = picture.items.filter(({ id, box }) => id === kept || overlaps(box, area));
  const isReadable = ({ id, box }: GraphItem): boolean =>
    id === kept || box[3] * scale >= READABLE_PX || (areMarksFew && marked.has(id));
  const lines = picture.edges.filter(({ points }) => {
    const extent = extentOf(points);
    return Math.max(extent[2], extent[3]) * scale >= VISIBLE_PX && overlaps(extent, area);
  });
  const areBoxesReadable = scale * TYPICAL_HEIGHT >= READABLE_PX;
  return {
    containers: near.filter((item) => isContainer(item) && isReadable(item)),
    boxes: near.filter((item) => !isContainer(item) && isReadable(item)),
    edges: areBoxesReadable ? lines : [],
    specks: near.filter((item) => !isContainer(item) && !isReadable(item)),
    threads: areBoxesReadable ? [] : lines,
  };
}

/** Of a closed box, in layout units. */
const TYPICAL_HEIGHT = 38;

function overlaps([left, top, width, height]: Box, area: Box): boolean {
  return left <= area[0] + area[2] && left + width >= area[0] && top <= area[1] + area[3] && top + height >= area[1];
}

function extentOf(points: readonly number[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let index = 0; index + 1 < points.length; index += 2) {
    const [x = 0, y = 0] = [points[index], points[index + 1]];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left, bottom - top];
}
