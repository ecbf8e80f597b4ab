/** Which inputs lie in the box that a proof holds in, and that random ones do. */
import { describe, expect, it } from 'vitest';
import { imageValues, type Preparation } from '../../../src/core/dataset/image-values.js';
import { inputRanges, type InputRange } from '../../../src/core/dataset/input-ranges.js';
import { drawnInside, isInside } from '../../../src/core/pruning/inside-box.js';
import { floatTensor } from '../../../src/core/tensor/floats.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';

const range = (lower: readonly number[], upper: readonly number[], axis?: number): InputRange => ({
  lower,
  upper,
  ...(axis === undefined ? {} : { axis }),
  origin: 'as the recipe states it',
});
const ids = (...values: number[]): Tensor => ({
  type: 'int64',
  dims: [1, values.length],
  data: BigInt64Array.from(values, BigInt),
});

describe('an input is inside the box', () => {
  it.each(['float32', 'float64', 'float16'] as const)('where every number of %s lies between its ends', (type) => {
    const ends = { x: range([-0.1], [0.3]) };
    const of = (...values: number[]): boolean =>
      isInside({ x: floatTensor(type, [1, values.length], Float64Array.from(values)) }, ends);
    // What is an end before it was rounded to the type is one afterwards.
    expect(of(-0.1, 0, 0.3)).toBe(true);
    expect(of(0, 0.301)).toBe(false);
    expect(of(-0.102, 0)).toBe(false);
    expect(of(NaN)).toBe(false);
  });

  it('with ends for each index of an axis, and for each element', () => {
    const x = floatTensor('float32', [1, 2, 2], Float64Array.of(0, 1, 10, 11));
    expect(isInside({ x }, { x: range([0, 10], [1, 11], 1) })).toBe(true);
    expect(isInside({ x }, { x: range([0, 10], [1, 10.9], 1) })).toBe(false);
    expect(isInside({ x }, { x: range([0, 1, 10, 11], [0, 1, 10, 11]) })).toBe(true);
    expect(() => isInside({ x }, { x: range([0, 1, 2], [0, 1, 2]) })).toThrow('has 3 ends');
  });

  it('whatever its tokens are, and where whole numbers that are always the same are that', () => {
    expect(isInside({ ids: ids(3, 99) }, {})).toBe(true);
    const mask = { mask: range([1], [1]) };
    expect(isInside({ mask: ids(1, 1) }, mask)).toBe(true);
    expect(isInside({ mask: ids(1, 0) }, mask)).toBe(false);
  });

  it('as black and white pixels are, through any preparation', () => {
    const preparation: Preparation = {
      resize: 'stretch',
      channels: 'rgb',
      layout: 'nchw',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    };
    const ranges = inputRanges({ version: 1, inputs: { x: { source: 'images', path: '.', ...preparation } } });
    const data = Uint8Array.from({ length: 5 * 7 * 3 }, (_, at) => (at % 4 === 0 ? 255 : at % 3 === 0 ? 0 : at));
    const values = imageValues({ width: 5, height: 7, channels: 3, data }, preparation, 11, 3);
    const dims = [1, 3, 11, 3];
    expect(isInside({ x: { type: 'float32', dims, data: values } }, ranges)).toBe(true);
    expect(isInside({ x: { type: 'float32', dims, data: values.map((value) => value * 3) } }, ranges)).toBe(false);
  });
});

describe('random inputs', () => {
  it('are drawn inside the box, over all of it, the same ones every time', () => {
    const ranges = { x: range([-2, 5], [1, 5.5], 1), mask: range([1], [1]) };
    for (const type of ['float32', 'float64', 'float16'] as const) {
      const feeds = {
        x: floatTensor(type, [1, 2, 500], new Float64Array(1000)),
        mask: ids(0, 7),
        tokens: ids(4, 2),
      };
      const drawn = drawnInside(feeds, ranges, 1, 0);
      expect(isInside(drawn, ranges)).toBe(true);
      expect(drawn['mask']?.data).toEqual(BigInt64Array.of(1n, 1n));
      expect(drawn['tokens']).toBe(feeds.tokens);
      expect(drawn['x']?.type).toBe(type);
      expect(drawnInside(feeds, ranges, 1, 0)).toEqual(drawn);
      expect(drawnInside(feeds, ranges, 1, 1)).not.toEqual(drawn);
      if (type === 'float16') continue;
      const first = Array.from(drawn['x']?.data as Float32Array).slice(0, 500);
      expect(Math.min(...first)).toBeLessThan(-1.9);
      expect(Math.max(...first)).toBeGreaterThan(0.9);
    }
  });
});
