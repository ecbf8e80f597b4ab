/** The colour of a number among others. */
import { colorAt, colormap, fraction, type Domain, type Scale } from './colormap.js';
import type { Rgb } from './oklab.js';

export interface ValueColors {
  readonly domain: Domain;
  /** Colours run with the logarithm. */
  readonly isLogarithmic: boolean;
  /** Undefined where the number has no colour: NaN, and what is not above 0 where colours are logarithmic. */
  readonly colorOf: (value: number) => Rgb | undefined;
}

/** Sequential scales begin at 0 (or below, where values do); diverging ones are as long on both sides. */
export function valueColors(
  { scale, spread }: { readonly scale: Scale; readonly spread?: 'logarithmic' },
  values: ArrayLike<number>,
  onDark: boolean,
): ValueColors {
  const isLogarithmic = spread === 'logarithmic';
  const map = colormap(scale, onDark);
  const domain = isLogarithmic ? positiveDomain(values) : linearDomain(scale, values);
  const position = (value: number): number =>
    isLogarithmic ? fraction(Math.log(value), [Math.log(domain[0]), Math.log(domain[1])]) : fraction(value, domain);
  return {
    domain,
    isLogarithmic,
    colorOf: (value) =>
      Number.isNaN(value) || (isLogarithmic && value <= 0) ? undefined : colorAt(map, position(value)),
  };
}

function positiveDomain(values: ArrayLike<number>): Domain {
  let [low, high] = [Infinity, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? NaN;
    if (!(value > 0) || value === Infinity) continue;
    [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return high === 0 ? [1, 1] : [low, high];
}

function linearDomain(scale: Scale, values: ArrayLike<number>): Domain {
  let [low, high] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? NaN;
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  if (scale === 'sequential') return [low, high > low ? high : low + 1];
  const reach = Math.max(-low, high) || 1;
  return [-reach, reach];
}
