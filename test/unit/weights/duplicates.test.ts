/** Rows that say the same: against worked examples, numpy, and pairs that were put there. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { duplicateRows, MOST_PAIRS, MOST_ROWS, NEAR_COSINE } from '../../../src/core/weights/duplicates.js';
import { inMemory } from './in-memory.js';

/** Reproducible, of the standard normal distribution (Box–Muller). */
function normal(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** A row that has this cosine with another, up to rounding: they differ along `other`. */
function withCosine(row: Float32Array, cosine: number, other: Float32Array): Float32Array {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, value, at) => sum + value * (b[at] as number), 0);
  const along = dot(other, row) / dot(row, row);
  const across = Float64Array.from(other, (value, at) => value - along * (row[at] as number));
  const scale = Math.sqrt(((1 / cosine ** 2 - 1) * dot(row, row)) / dot(across, across));
  return row.map((value, at) => Math.sign(cosine) * (value + scale * (across[at] as number)));
}

const matrix = (rows: readonly (readonly number[])[]): WeightTensor =>
  inMemory('float32', [rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));

describe('duplicate rows', () => {
  it('of a worked example: equal, of one direction, of opposite directions, zero', async () => {
    const found = await duplicateRows(
      matrix([
        [1, 2, 2],
        [0, 0, 0],
        [1, 2, 2],
        [2, 4, 4],
        [-1, -2, -2],
        [3, 0, 0],
        [0, -0, 0],
        [1, 2, 2],
      ]),
    );
    expect(found).toMatchObject({ rows: 8, zeroRows: [1, 6], groups: [[0, 2, 7]], withoutDirection: 0 });
    expect(found.near).toEqual({
      pairs: [
        { first: 0, second: 3, cosine: 1 },
        { first: 0, second: 4, cosine: -1 },
        { first: 3, second: 4, cosine: -1 },
      ],
      complete: true,
      method: 'all-pairs',
    });
  });

  it('are near from a cosine of 0.99 on', async () => {
    // (1, 0) and (cos, sin): 0.99 and a little, 0.99 less a little.
    const at = (cosine: number): number[] => [cosine, Math.sqrt(1 - cosine ** 2)];
    const near = await duplicateRows(matrix([[1, 0], at(NEAR_COSINE + 1e-6)]));
    expect(near.near?.pairs[0]?.cosine).toBeCloseTo(NEAR_COSINE + 1e-6, 7);
    expect((await duplicateRows(matrix([[1, 0], at(NEAR_COSINE - 1e-6)]))).near?.pairs).toEqual([]);
  });

  it('are those that numpy finds', async () => {
    const expected = JSON.parse(readFileSync(new URL('./fixtures/duplicates.json', import.meta.url), 'utf8')) as {
      rows: number;
      columns: number;
      groups: number[][];
      zero: number[];
      pairs: [number, number, number][];
    };
    const { buffer } = new Uint8Array(readFileSync(new URL('./fixtures/duplicates.bin', import.meta.url)));
    const { rows, columns } = expected;
    const data = new Float32Array(buffer);
    const found = await duplicateRows(inMemory('float32', [rows, columns], data));
    expect(found.groups).toEqual(expected.groups);
    expect(found.zeroRows).toEqual(expected.zero);
    const pairs = [...(found.near?.pairs ?? [])].sort((a, b) => a.first - b.first || a.second - b.second);
    expect(pairs.map(({ first, second }) => [first, second])).toEqual(expected.pairs.map(([a, b]) => [a, b]));
    pairs.forEach(({ cosine }, at) => expect(cosine).toBeCloseTo(expected.pairs[at]?.[2] ?? NaN, 12));
    expect(pairs.some(({ cosine }) => cosine < 0) && pairs.some(({ cosine }) => cosine > 0)).toBe(true);
    // The same rows as columns of the file, and as the middle axis of a tensor.
    const across = Float32Array.from({ length: data.length }, (_, at) => {
      return data[(at % rows) * columns + Math.floor(at / rows)] as number;
    });
    const [outer, inner] = [4, columns / 4];
    const middle = Float32Array.from({ length: data.length }, (_, at) => {
      const [block, row, within] = [Math.floor(at / (rows * inner)), Math.floor(at / inner) % rows, at % inner];
      return data[row * columns + block * inner + within] as number;
    });
    for (const [tensor, unfoldedAxis] of [
      [inMemory('float32', [columns, rows], across), 1],
      [inMemory('float32', [outer, rows, inner], middle), 1],
    ] as const) {
      expect(await duplicateRows(tensor, { view: { unfoldedAxis } })).toEqual(found);
    }
    const slice = await duplicateRows(inMemory('float32', [columns, rows], across), {
      view: { rowAxis: 1, columnAxis: 0, indices: [0, 0] },
    });
    expect(slice).toEqual(found);
  });

  it('compare bit for bit in every type, NaN and all', async () => {
    const halves = inMemory('float16', [3, 3], Uint16Array.of(0x7e00, 1, 2, 0x7e00, 1, 3, 0x7e00, 1, 2));
    expect(await duplicateRows(halves)).toMatchObject({ groups: [[0, 2]], withoutDirection: 3 });
    // Beyond 2⁵³ these are one float64, but two integers.
    const large = BigInt64Array.of(2n ** 60n, 1n, 2n ** 60n + 1n, 1n, 2n ** 60n, 1n);
    expect((await duplicateRows(inMemory('int64', [3, 2], large))).groups).toEqual([[0, 2]]);
    // 0 and −0 differ in their bits: one direction, but not one group.
    const signs = await duplicateRows(matrix([[1, 0], [1, -0]])); // prettier-ignore
    expect(signs).toMatchObject({ groups: [], near: { pairs: [{ first: 0, second: 1, cosine: 1 }] } });
  });

  it('found are those that are there, for any rows of few different values', async () => {
    const row = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const found = await duplicateRows(matrix(rows.map((each) => each.map((value) => value + 0))));
        const isZero = (each: number[]): boolean => each.every((value) => value === 0);
        const byText = new Map<string, number[]>();
        rows.forEach((each, index) => byText.set(String(each), [...(byText.get(String(each)) ?? []), index]));
        const zero = [...rows.keys()].filter((index) => isZero(rows[index] as number[]));
        expect(found.zeroRows).toEqual(zero);
        const groups = [...byText.values()].filter((group) => group.length > 1 && !zero.includes(group[0] as number));
        expect(found.groups).toEqual(groups);
        const opposites = [...byText.values()].flatMap(([first = 0]) => {
          const opposite = String((rows[first] as number[]).map((value) => 0 - value));
          const [second] = byText.get(opposite) ?? [];
          return second !== undefined && first < second ? [`${first} ${second} -1`] : [];
        });
        const pairs = found.near?.pairs.map(({ first, second, cosine }) => `${first} ${second} ${Math.round(cosine)}`);
        expect(pairs?.sort()).toEqual(opposites.sort());
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['in all columns', 1],
    // Where both columns add to one number of a sketch, it takes them for further apart than they are.
    ['in two columns', 2 / 300],
  ])('that differ %s are found among many rows: at least 99 of 100 at the very limit', async (_, share) => {
    const [rows, columns, pairs] = [4500, 300, 1500];
    const random = normal(3);
    const data = Float32Array.from({ length: rows * columns }, random);
    const expected = new Set<string>();
    for (let pair = 0; pair < pairs; pair++) {
      const cosine = (pair % 2 === 0 ? 1 : -1) * 0.9901;
      const difference = new Float32Array(columns);
      for (let k = 0; k < share * columns; k++) difference[share === 1 ? k : (pair * 7 + k * 11) % columns] = random();
      const from = data.subarray(pair * columns, (pair + 1) * columns);
      data.set(withCosine(from, cosine, difference), (rows - 1 - pair) * columns);
      expected.add(`${pair} ${rows - 1 - pair} ${Math.sign(cosine)}`);
    }
    data.copyWithin(2500 * columns, 2000 * columns, 2001 * columns);
    const found = await duplicateRows(inMemory('float32', [rows, columns], data));
    expect(found.near).toMatchObject({ method: 'sketched', complete: true });
    expect(found.groups).toEqual([[2000, 2500]]);
    const names = (found.near?.pairs ?? []).map((each) => `${each.first} ${each.second} ${Math.sign(each.cosine)}`);
    // Nothing but what was put there: no other rows of 300 random values have such a cosine.
    expect(names.filter((name) => !expected.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(0.99 * pairs);
    for (const { cosine } of found.near?.pairs ?? []) expect(Math.abs(cosine)).toBeCloseTo(0.9901, 5);
  });

  it('stop being listed where there are too many', async () => {
    const random = normal(9);
    const data = Float32Array.from({ length: 200 * 8 }, (_, at) => 1 + (at % 8) + 0.01 * random());
    const { near } = await duplicateRows(inMemory('float32', [200, 8], data));
    expect(near?.pairs).toHaveLength(MOST_PAIRS);
    expect(near?.complete).toBe(false);
  });

  it('say nothing near of single values, and nothing at all of no values', async () => {
    const biases = await duplicateRows(inMemory('float32', [4], Float32Array.of(1, 2, 1, 0)));
    expect(biases).toEqual({ rows: 4, zeroRows: [3], groups: [[0, 2]], withoutDirection: 0 });
    expect((await duplicateRows(inMemory('float32', [3, 0], new Float32Array(0)))).groups).toEqual([]);
  });

  it('are refused beyond what is compared, and cancelled', async () => {
    const reading = { type: 'float32' as const, read: () => Promise.reject(new Error('read')) };
    const long = { name: 'w', dims: [MOST_ROWS + 1, 2], dtype: 'float32', bytes: 0, values: reading };
    await expect(duplicateRows(long)).rejects.toMatchObject({ problem: { kind: 'not-applicable' } });
    const random = normal(1);
    const tensor = inMemory('float32', [4000, 64], Float32Array.from({ length: 4000 * 64 }, random));
    const controller = new AbortController();
    const { signal } = controller;
    const shares: number[] = [];
    const onProgress = (share: number): void => {
      shares.push(share);
      if (share > 0.6) controller.abort();
    };
    await expect(duplicateRows(tensor, { signal, onProgress })).rejects.toThrow('Cancelled');
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeLessThan(0.9);
  });
});
