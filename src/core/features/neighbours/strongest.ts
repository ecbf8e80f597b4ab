/** The few of many numbers that are shown. */
import { addToTop, createTopK } from '../../summary/top-examples.js';

/**
 * Places of the largest numbers, largest first, ties to the first; NaN are left out.
 * @param by what is compared: the number, or its size. @param without a place that is not looked at.
 */
export function strongest(numbers: Float64Array, most: number, by: 'value' | 'size', without = -1): readonly number[] {
  const top = createTopK(1, most);
  numbers.forEach((value, place) => {
    if (place !== without) addToTop(top, 0, place, Math.fround(by === 'size' ? Math.abs(value) : value));
  });
  return [...top.indices].filter((place) => place !== -1);
}

export interface AlignedUnit {
  readonly unit: number;
  readonly value: number;
  /** |value| / Σ |value| over all units. */
  readonly share: number;
}

/** Neuron alignment (formats 3.4): the largest entries, by size, of what a feature reads or writes. */
export function alignment(row: Float32Array, most: number): readonly AlignedUnit[] {
  const all = row.reduce((sum, value) => sum + Math.abs(value), 0);
  return strongest(Float64Array.from(row), most, 'size').map((unit) => {
    const value = row[unit] as number;
    return { unit, value, share: all > 0 ? Math.abs(value) / all : 0 };
  });
}
