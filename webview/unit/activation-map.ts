/** A unit's activations over a picture: drawn over it, opaque where they are strong. */
import { colorAt, colormap, cssColor } from '../../src/core/picture/colormap.js';
import type { ExampleDetail } from '../../src/protocol/inspection.js';

const FAINTEST = 0.1;
const STRONGEST = 0.82;

export type Activations = NonNullable<ExampleDetail['activations']> & {
  /** The position that is framed. */
  readonly marked?: number;
};

/**
 * One pixel per position; undefined when the activations do not lie on a plane of at least two rows and columns.
 *
 * @param reach the |value| with the strongest colour
 */
function activationMap({ shape, values }: Activations, reach: number): OffscreenCanvas | undefined {
  const [height, width] = shape.slice(-2);
  if (height === undefined || width === undefined || height < 2 || width < 2) return undefined;
  if (values.length < height * width) return undefined;
  const signed = values.some((value) => value < 0);
  // On a picture, dark means "nothing here" whatever the theme is.
  const map = colormap(signed ? 'diverging' : 'sequential', true);
  const image = new ImageData(width, height);
  for (let index = 0; index < width * height; index++) {
    const strength = Math.min(1, Math.max(-1, (values[index] ?? 0) / reach));
    const [red, green, blue] = colorAt(map, signed ? (strength + 1) / 2 : strength);
    image.data.set([red, green, blue, 255 * (FAINTEST + (STRONGEST - FAINTEST) * Math.abs(strength))], 4 * index);
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** Draws the map over a rectangle, smoothly: positions have no sharp borders. */
export function drawActivationMap(
  context: CanvasRenderingContext2D,
  activations: Activations,
  reach: number,
  [x, y, width, height]: readonly [number, number, number, number],
): void {
  const map = activationMap(activations, reach);
  if (map === undefined) return;
  context.save();
  // First darken what is under it, so that the colours mean the same on bright and dark pictures.
  context.fillStyle = 'rgb(0 0 0 / 0.35)';
  context.fillRect(x, y, width, height);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(map, x, y, width, height);
  const [rows = 1, columns = 1] = activations.shape.slice(-2);
  if (activations.marked !== undefined) {
    const [row, column] = [Math.floor(activations.marked / columns), activations.marked % columns];
    const [cellWidth, cellHeight] = [width / columns, height / rows];
    frame(context, [x + column * cellWidth, y + row * cellHeight, cellWidth, cellHeight]);
  }
  context.restore();
}

/** In black and white, so that it is seen on any picture; on whole pixels, so that it is sharp. */
function frame(context: CanvasRenderingContext2D, place: readonly [number, number, number, number]): void {
  const [x, y] = [Math.round(place[0]), Math.round(place[1])];
  const [width, height] = [Math.round(place[0] + place[2]) - x, Math.round(place[1] + place[3]) - y];
  const line = Math.max(1, Math.round(window.devicePixelRatio));
  // On whole pixels, whatever the size of the picture: a blurred line is grey, and not seen.
  const [left, top] = [Math.round(x), Math.round(y)];
  const [wide, high] = [Math.round(x + width) - left, Math.round(y + height) - top];
  for (const [color, out] of [
    ['#000', 1.5 * line],
    ['#fff', 0.5 * line],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = line;
    context.strokeRect(left - out, top - out, wide + 2 * out, high + 2 * out);
  }
}

const STRIP_SHARE = 0.09;

/** Activations along one axis (time), as a strip under a curve that shares the axis. */
export function drawActivationStrip(
  context: CanvasRenderingContext2D,
  { shape, values, marked }: Activations,
  reach: number,
  side: number,
): void {
  const [length = 0, ...others] = shape.filter((size) => size !== 1);
  if (others.length > 0 || length < 2 || values.length !== length) return;
  const signed = values.some((value) => value < 0);
  const map = colormap(signed ? 'diverging' : 'sequential', true);
  const height = Math.max(4, Math.round(side * STRIP_SHARE));
  for (let index = 0; index < length; index++) {
    const strength = Math.min(1, Math.max(-1, (values[index] ?? 0) / reach));
    const left = Math.floor((index * side) / length);
    context.fillStyle = cssColor(colorAt(map, signed ? (strength + 1) / 2 : strength));
    context.fillRect(left, side - height, Math.ceil(((index + 1) * side) / length) - left, height);
  }
  if (marked !== undefined) frame(context, [(marked * side) / length, side - height, side / length, height]);
}
