import { describe, expect, test } from 'vitest';
import { inputRanges } from '../../../src/core/dataset/input-ranges.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';

function rangesOf(inputs: unknown, box?: unknown): ReturnType<typeof inputRanges> {
  return inputRanges(parseRecipe(JSON.stringify({ version: 1, inputs, ...(box === undefined ? {} : { box }) })));
}

describe('what inputs can hold', () => {
  test('pixels run from 0 to 255 through scale, mean and standard deviation, by channel', () => {
    const { x } = rangesOf({ x: { source: 'images', path: 'p', mean: [0.5, 0, 0.25], std: [0.5, 1, 0.25] } });
    expect(x?.lower).toEqual([-1, 0, -1]);
    expect(x?.upper.map((value) => Math.round(value * 1e9) / 1e9)).toEqual([1, 1, 3]);
    expect(x?.axis).toBe(1);
    expect(x?.origin).toBe('pixels 0 to 255 as they are prepared');
  });

  test('a scale that is negative turns the ends round; channels may come last', () => {
    const { x } = rangesOf({ x: { source: 'images', path: 'p', scale: -1, layout: 'nhwc' } });
    expect([x?.lower, x?.upper, x?.axis]).toEqual([[-255], [-0], 3]);
  });

  test('uniform random values and constants have ranges; normal values, arrays and tokens have none', () => {
    const ranges = rangesOf({
      u: { source: 'synthetic', distribution: 'uniform', low: -2, high: 3 },
      n: { source: 'synthetic' },
      c: { source: 'constant', value: 7 },
      r: { source: 'constant', value: 'range' },
      a: { source: 'array', path: 'a.npy' },
    });
    expect(Object.keys(ranges)).toEqual(['u', 'c']);
    expect([ranges['u']?.lower, ranges['u']?.upper]).toEqual([[-2], [3]]);
    expect([ranges['c']?.lower, ranges['c']?.upper]).toEqual([[7], [7]]);
  });

  test('what the recipe states goes before what follows from the preparation', () => {
    const stated = { inputs: { x: { lower: [0, 1], upper: 2 } } };
    const { x } = rangesOf({ x: { source: 'images', path: 'p' } }, stated);
    expect(x).toEqual({ lower: [0, 1], upper: [2], origin: 'as the recipe states it' });
  });
});
