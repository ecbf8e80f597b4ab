/** What colours a box of the map of weights: the type of its numbers, or a number that a pass measured. */
import type { TensorMetric } from '../../src/core/passes/result.js';
import { colorAt, colormap, cssColor, fraction, textOn, type Domain } from '../../src/core/picture/colormap.js';
import type { Theme } from '../theme/theme.js';
import type { ListedTensor } from './filter.js';

export const BY_TYPE = 'type';

export interface BoxColor {
  readonly fill: string;
  readonly ink: string;
}

export interface MapColoring {
  /** NaN where there is no number. */
  readonly value: (tensors: readonly ListedTensor[]) => number;
  readonly color: (tensors: readonly ListedTensor[]) => BoxColor | undefined;
  readonly domain?: Domain;
  /** Types and their colours, where types colour the map. */
  readonly types?: readonly { readonly type: string; readonly fill: string }[];
}

/** A module has the colour of a type only where all of it has that type. */
export function colorByType(all: readonly ListedTensor[], theme: Theme): MapColoring {
  const types = [...new Set(all.map(({ row }) => row.dtype))];
  const fillOf = (type: string): string => theme.series[types.indexOf(type) % theme.series.length] ?? theme.absent;
  return {
    value: () => NaN,
    types: types.map((type) => ({ type, fill: fillOf(type) })),
    color: (tensors) => {
      const [first] = tensors;
      if (first === undefined || tensors.some(({ row }) => row.dtype !== first.row.dtype)) return undefined;
      return { fill: fillOf(first.row.dtype), ink: theme.background };
    },
  };
}

/** A module takes the mean over its tensors, each weighted by its numbers. */
export function colorByMetric(metric: TensorMetric, theme: Theme): MapColoring {
  const finite = metric.values.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), 0);
  const high = finite.reduce((a, b) => Math.max(a, b), 0);
  const domain: Domain = metric.format === 'share' ? [0, 1] : [low, high > low ? high : low + 1];
  const map = colormap(metric.scale, theme.dark);
  const value = (tensors: readonly ListedTensor[]): number => {
    let [sum, weight] = [0, 0];
    for (const { index, row } of tensors) {
      const own = metric.values[index] ?? NaN;
      if (!Number.isFinite(own)) continue;
      sum += own * row.elements;
      weight += row.elements;
    }
    return weight === 0 ? NaN : sum / weight;
  };
  return {
    value,
    domain,
    color: (tensors) => {
      const position = fraction(value(tensors), domain);
      if (Number.isNaN(position)) return undefined;
      const color = colorAt(map, position);
      return { fill: cssColor(color), ink: textOn(color) };
    },
  };
}
