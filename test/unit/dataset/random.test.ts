import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../src/core/dataset/fingerprint.js';
import { normalStream, randomStream, xoshiro128 } from '../../../src/core/dataset/random.js';
import { numbers, storeRow, zeros } from '../../../src/core/dataset/rows.js';
import { encodeHalf } from '../../../src/core/tensor/half.js';

describe('random numbers', () => {
  it('are those of xoshiro128**: first outputs from the state 1, 2, 3, 4', () => {
    const next = xoshiro128(Uint32Array.of(1, 2, 3, 4));
    // By hand: rotl(2 · 5, 7) · 9 = 11520; the next state's second word is 0; then 5927040 as in the authors' C code.
    expect([next(), next(), next(), next()]).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('depend on seed, name and index, and on nothing else', () => {
    const draw = (seed: number, name: string, index: number): number[] => {
      const stream = randomStream(seed, name, index);
      return [stream(), stream()];
    };
    expect(draw(1, 'x', 5)).toEqual(draw(1, 'x', 5));
    const others = [draw(1, 'x', 5), draw(2, 'x', 5), draw(1, 'y', 5), draw(1, 'x', 6)].map((pair) => pair.join());
    expect(new Set(others).size).toBe(4);
  });

  it('have the moments of their distributions', () => {
    const count = 40000;
    const uniform = randomStream(1, 'moments', 0);
    const normal = normalStream(randomStream(2, 'moments', 0));
    let [u, n, nn, nnnn] = [0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      u += uniform() / count;
      const value = normal();
      n += value / count;
      nn += value ** 2 / count;
      nnnn += value ** 4 / count;
    }
    // Four standard errors: √(1/12/N), √(1/N), √(2/N), √(96/N).
    expect(Math.abs(u - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(n)).toBeLessThan(4 * Math.sqrt(1 / count));
    expect(Math.abs(nn - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
    expect(Math.abs(nnnn - 3)).toBeLessThan(4 * Math.sqrt(96 / count));
  });
});

describe('fingerprints', () => {
  it('are FNV-1a over 64 bits (published test values)', () => {
    expect(fingerprint('')).toBe('cbf29ce484222325');
    expect(fingerprint('a')).toBe('af63dc4c8601ec8c');
    expect(fingerprint('foobar')).toBe('85944171f73967e8');
  });
});

describe('values of other types', () => {
  it('become half precision by rounding to even', () => {
    const table: [number, number][] = [
      [0, 0],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519, 0x7bff],
      [65520, 0x7c00],
      [1e9, 0x7c00],
      [2 ** -24, 1],
      [2 ** -25, 0],
      [3 * 2 ** -25, 2],
      [2 ** -14, 0x0400],
      [2 ** -14 - 2 ** -24, 0x03ff],
      [1 / 3, 0x3555],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [Infinity, 0x7c00],
      [NaN, 0x7e00],
    ];
    for (const [value, bits] of table) expect(encodeHalf(value), String(value)).toBe(bits);
  });

  it('give every half-precision number its own bits back', () => {
    const all = Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits);
    expect(Uint16Array.from(numbers({ type: 'float16', data: all }), encodeHalf)).toEqual(all);
  });

  it.each([
    ['uint8', [-3, 0.5, 1.5, 255.4, 300, NaN], [0, 0, 2, 255, 255, 0]],
    ['int8', [-200, -128, 127.5], [-128, -128, 127]],
    ['bool', [0, 1, 7], [0, 1, 1]],
    ['int64', [2.4, -1], [2n, -1n]],
    ['float32', [0.1], [Math.fround(0.1)]],
  ] as const)('%s: rounded and clamped', (type, values, wanted) => {
    const target = zeros(type, values.length, 'x');
    const row = { type: 'float64', dims: [values.length], data: Float64Array.from(values) } as const;
    storeRow(target, type, row, { offset: 0, runLength: values.length, runStride: values.length });
    expect([...target]).toEqual(wanted);
  });

  it('refuses a batch that could not be allocated', () => {
    expect(() => zeros('float32', 1e12, 'x')).toThrow('“x” would need');
    expect(() => zeros('float32', NaN, 'x')).toThrow('“x” would need');
  });
});
