/**
 * Colour maps of our own, drawn through a few anchors in OKLab. Lightness runs in one direction, evenly, so the maps
 * also read in grey and for every kind of colour blindness. The low end is the one closer to the background.
 */
import { luminance, oklabToRgb, type Oklch, type Rgb } from './oklab.js';

export type Scale = 'sequential' | 'diverging';

/** 256 colours, RGBA in memory order, little endian. */
export interface Colormap {
  readonly scale: Scale;
  readonly packed: Uint32Array;
  readonly colors: readonly Rgb[];
}

const STEPS = 256;

/** Indigo over teal to a warm yellow. */
const SEQUENTIAL_ON_DARK: readonly Oklch[] = [
  [0.24, 0.09, 292],
  [0.38, 0.115, 268],
  [0.52, 0.1, 232],
  [0.66, 0.115, 178],
  [0.8, 0.145, 132],
  [0.93, 0.155, 100],
];

/** The same hues the other way: a pale yellow, close to white paper, over teal to indigo. */
const SEQUENTIAL_ON_LIGHT: readonly Oklch[] = [
  [0.97, 0.04, 105],
  [0.87, 0.11, 125],
  [0.73, 0.12, 168],
  [0.57, 0.1, 225],
  [0.4, 0.115, 265],
  [0.24, 0.09, 292],
];

/** Negative is blue, positive is orange: the pair that all common colour blindnesses tell apart. */
const DIVERGING_ON_LIGHT: readonly Oklch[] = [
  [0.4, 0.14, 255],
  [0.68, 0.1, 250],
  [0.965, 0.004, 250],
  [0.72, 0.13, 60],
  [0.48, 0.13, 45],
];
const DIVERGING_ON_DARK: readonly Oklch[] = [
  [0.86, 0.09, 240],
  [0.58, 0.13, 250],
  [0.27, 0.004, 250],
  [0.64, 0.14, 55],
  [0.89, 0.1, 80],
];

const cache = new Map<string, Colormap>();

export function colormap(scale: Scale, onDark: boolean): Colormap {
  const key = `${scale} ${onDark}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = build(scale, anchors(scale, onDark));
  cache.set(key, made);
  return made;
}

/** Where a value lies between the ends, 0 to 1, clipped; NaN stays NaN. */
export function fraction(value: number, [low, high]: Domain): number {
  if (high <= low) return value > low ? 1 : value < low ? 0 : Number.isNaN(value) ? value : 0;
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

export type Domain = readonly [low: number, high: number];

export function colorAt(map: Colormap, position: number): Rgb {
  return map.colors[Math.round(position * (STEPS - 1))] ?? [128, 128, 128];
}

export function cssColor([red, green, blue]: Rgb, alpha = 1): string {
  return alpha === 1 ? `rgb(${red} ${green} ${blue})` : `rgb(${red} ${green} ${blue} / ${alpha})`;
}

/** Black or white, whichever is easier to read on the colour. */
export function textOn(color: Rgb): string {
  return luminance(color) > 0.2 ? '#000000' : '#ffffff';
}

function anchors(scale: Scale, onDark: boolean): readonly Oklch[] {
  if (scale === 'diverging') return onDark ? DIVERGING_ON_DARK : DIVERGING_ON_LIGHT;
  return onDark ? SEQUENTIAL_ON_DARK : SEQUENTIAL_ON_LIGHT;
}

function build(scale: Scale, points: readonly Oklch[]): Colormap {
  const labs = points.map(([lightness, chroma, hue]) => {
    const angle = (hue * Math.PI) / 180;
    return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)] as const;
  });
  const colors: Rgb[] = [];
  const packed = new Uint32Array(STEPS);
  for (let step = 0; step < STEPS; step++) {
    const position = (step / (STEPS - 1)) * (labs.length - 1);
    const index = Math.min(labs.length - 2, Math.floor(position));
    const from = labs[index] ?? [0, 0, 0];
    const to = labs[index + 1] ?? from;
    const t = position - index;
    const color = oklabToRgb(mix(from[0], to[0], t), mix(from[1], to[1], t), mix(from[2], to[2], t));
    colors.push(color);
    packed[step] = ((255 << 24) | (color[2] << 16) | (color[1] << 8) | color[0]) >>> 0;
  }
  return { scale, packed, colors };
}

function mix(from: number, to: number, t: number): number {
  return from + (to - from) * t;
}
