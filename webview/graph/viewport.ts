/** Where the picture lies in its window: screen = layout · scale + (x, y). Pure, so that it can be reasoned about. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MINIMUM_SCALE = 0.02;
const MAXIMUM_SCALE = 4;
/** Below this a label cannot be read; the first view does not go there. */
const READABLE_SCALE = 0.75;
const LARGEST_FIT_SCALE = 1.25;
const MARGIN_PX = 24;

/** The whole picture in the window. */
export function fitView(picture: Size, window: Size): View {
  const scale = clampScale(
    Math.min(
      LARGEST_FIT_SCALE,
      (window.width - 2 * MARGIN_PX) / Math.max(1, picture.width),
      (window.height - 2 * MARGIN_PX) / Math.max(1, picture.height),
    ),
  );
  return {
    scale,
    x: (window.width - picture.width * scale) / 2,
    y: (window.height - picture.height * scale) / 2,
  };
}

/**
 * The first view: readable, from the top, where the whole would be too small to read.
 * @param first where the picture begins; it is then in the middle.
 */
export function startView(picture: Size, window: Size, first?: Box): View {
  const fitted = fitView(picture, window);
  if (fitted.scale >= READABLE_SCALE) return { ...fitted, y: Math.min(fitted.y, 2 * MARGIN_PX) };
  const scale = READABLE_SCALE;
  const middle =
    first === undefined || picture.width * scale < window.width ? picture.width / 2 : first[0] + first[2] / 2;
  return { scale, x: window.width / 2 - middle * scale, y: MARGIN_PX };
}

/** Zooms so that the layout point under (x, y) stays there. */
export function zoomAt(view: View, factor: number, x: number, y: number): View {
  const scale = clampScale(view.scale * factor);
  const ratio = scale / view.scale;
  return { scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio };
}

/** Moves as little as needed to bring a box (layout units) into the window. */
export function reveal(view: View, [left, top, width, height]: Box, window: Size): View {
  const shift = (start: number, length: number, room: number): number => {
    const end = start + length;
    if (start < MARGIN_PX) return MARGIN_PX - start;
    if (end > room - MARGIN_PX) return Math.max(room - MARGIN_PX - end, MARGIN_PX - start);
    return 0;
  };
  return {
    scale: view.scale,
    x: view.x + shift(left * view.scale + view.x, width * view.scale, window.width),
    y: view.y + shift(top * view.scale + view.y, height * view.scale, window.height),
  };
}

export type Box = readonly [left: number, top: number, width: number, height: number];

function clampScale(scale: number): number {
  return Math.min(MAXIMUM_SCALE, Math.max(MINIMUM_SCALE, scale));
}
