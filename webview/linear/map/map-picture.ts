/** Numbers over an image as a picture of cells: signed colours, grey, or red, green and blue. */
import { colormap, fraction } from '../../../src/core/picture/colormap.js';
import type { SystemLayout } from '../../../src/protocol/linear.js';

export interface MapPicture {
  readonly width: number;
  readonly height: number;
  /** One plane, or three (red, green, blue), row by row. */
  readonly planes: readonly Float32Array[];
  /** "signed": 0 is the neutral middle; "plain": from the smallest number to the largest, as a photograph. */
  readonly colors: 'signed' | 'plain';
}

export type ImageLayout = Extract<SystemLayout, { kind: 'image' }>;

/** Channels that a person sees as red, green and blue. */
const COLOUR_CHANNELS = 3;

export function isColoured({ channels }: ImageLayout): boolean {
  return channels === COLOUR_CHANNELS;
}

export function planeOf({ width, height }: ImageLayout, values: Float32Array, channel: number): Float32Array {
  const size = width * height;
  return values.subarray(channel * size, (channel + 1) * size);
}

export function sumOfChannels(layout: ImageLayout, values: Float32Array): Float32Array {
  const size = layout.width * layout.height;
  const sum = new Float32Array(size);
  for (let index = 0; index < values.length; index++)
    sum[index % size] = (sum[index % size] ?? 0) + (values[index] ?? 0);
  return sum;
}

/** @param channel "together": in colour where the channels are red, green and blue, else their sum; "sum"; or the number of one */
export function pictureOf(
  layout: ImageLayout,
  values: Float32Array,
  channel: string,
  colors: MapPicture['colors'],
): MapPicture {
  const { width, height, channels } = layout;
  const planes = ((): readonly Float32Array[] => {
    const number = Number(channel);
    if (number >= 0 && number < channels) return [planeOf(layout, values, number)];
    if (channels === 1) return [planeOf(layout, values, 0)];
    if (channel === 'together' && isColoured(layout)) return [0, 1, 2].map((each) => planeOf(layout, values, each));
    return [sumOfChannels(layout, values)];
  })();
  return { width, height, planes, colors };
}

/** One pixel per cell. @param reach the |value| with the strongest colour @param onDark the theme */
export function cellImage(picture: MapPicture, reach: number, onDark: boolean): ImageData {
  const { width, height, planes, colors } = picture;
  const image = new ImageData(width, height);
  const domain = colors === 'signed' ? ([-reach, reach] as const) : extent(planes);
  const [plane] = planes;
  if (planes.length === 1 && plane !== undefined && colors === 'signed') {
    const { packed } = colormap('diverging', onDark);
    const pixels = new Uint32Array(image.data.buffer);
    const steps = packed.length - 1;
    for (let cell = 0; cell < pixels.length; cell++) {
      pixels[cell] = packed[Math.round(steps * orMiddle(fraction(plane[cell] ?? NaN, domain)))] ?? 0;
    }
    return image;
  }
  image.data.fill(255);
  for (let color = 0; color < 3; color++) {
    const values = planes[color] ?? plane;
    for (let cell = 0; cell < width * height; cell++) {
      image.data[4 * cell + color] = 255 * orMiddle(fraction(values?.[cell] ?? NaN, domain));
    }
  }
  return image;
}

/** Over another picture: opaque where the number is strong. */
export function overlayImage(picture: MapPicture, reach: number): ImageData {
  // On a picture, dark means "nothing here" whatever the theme is.
  const image = cellImage(picture, reach, true);
  const [plane] = picture.planes;
  for (let cell = 0; cell < picture.width * picture.height; cell++) {
    const strength = Math.min(1, Math.abs(plane?.[cell] ?? 0) / reach);
    image.data[4 * cell + 3] = 255 * (FAINTEST + (STRONGEST - FAINTEST) * strength);
  }
  return image;
}

const FAINTEST = 0.08;
const STRONGEST = 0.9;

function extent(planes: readonly Float32Array[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const values of planes) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return high >= low ? [low, high] : [0, 1];
}

function orMiddle(position: number): number {
  return Number.isNaN(position) ? 0.5 : position;
}
