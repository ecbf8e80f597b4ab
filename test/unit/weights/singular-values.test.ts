/** Singular values against matrices whose spectra are known, and against numpy. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { LONGEST_SHORT_SIDE, singularValues, spectrum } from '../../../src/core/weights/singular-values.js';
import { ownProduct, type MatrixProduct } from '../../../src/core/weights/singular-values/matrix-product.js';
import { inMemory } from './in-memory.js';

const matrix = (rows: readonly (readonly number[])[]): WeightTensor =>
  inMemory('float64', [rows.length, rows[0]?.length ?? 0], Float64Array.from(rows.flat()));

/** Multiplies rows of a matrix in place by reflections, which are orthogonal: singular values stay. */
function mixRows(data: Float64Array, rows: number, columns: number, seed: number): void {
  for (let round = 0; round < 3; round++) {
    const v = Float64Array.from({ length: rows }, (_, row) => Math.sin(row * 12.9898 + seed + round * 78.233));
    const square = v.reduce((sum, value) => sum + value * value, 0);
    for (let column = 0; column < columns; column++) {
      let along = 0;
      for (let row = 0; row < rows; row++) along += (v[row] as number) * (data[row * columns + column] as number);
      for (let row = 0; row < rows; row++) {
        const at = row * columns + column;
        data[at] = (data[at] as number) - (2 * along * (v[row] as number)) / square;
      }
    }
  }
}

function transpose(data: Float64Array, rows: number, columns: number): Float64Array {
  return data.map((_, at) => data[(at % rows) * columns + Math.floor(at / rows)] as number);
}

/** A full matrix of these singular values. */
function withSingularValues(values: readonly number[], columns: number): Float64Array {
  const rows = values.length;
  const data = new Float64Array(rows * columns);
  values.forEach((value, row) => (data[row * columns + row] = value));
  mixRows(data, rows, columns, 1);
  const turned = transpose(data, rows, columns);
  mixRows(turned, columns, rows, 2);
  return transpose(turned, columns, rows);
}

function expectClose(found: Float64Array, expected: readonly number[], relativeToLargest: number): void {
  expect(found).toHaveLength(expected.length);
  const allowed = relativeToLargest * (expected[0] ?? 0);
  found.forEach((value, index) => expect(Math.abs(value - (expected[index] as number))).toBeLessThanOrEqual(allowed));
}

describe('the spectrum', () => {
  const of = (...values: number[]) => spectrum(Float64Array.from(values), 1e-8);

  it('has the effective rank, rank99, stable rank and condition number of the worked examples', () => {
    expect(of(1, 1).effectiveRank).toBeCloseTo(2, 12);
    expect(of(3, 1).effectiveRank).toBeCloseTo(1.7547653506, 9);
    expect(of(1, 0).effectiveRank).toBe(1);
    expect(of(3, 1).rank99).toBe(2);
    expect(of(100, 0.5).rank99).toBe(1);
    expect(of(3, 1).stableRank).toBeCloseTo(10 / 9, 12);
    expect(of(3, 1)).toMatchObject({ conditionNumber: 3, conditionIsLowerBound: false });
    expect(of(1, 0)).toMatchObject({ conditionNumber: 1e8, conditionIsLowerBound: true });
    expect(of(0, 0)).toMatchObject({ effectiveRank: 0, rank99: 0, stableRank: 0, conditionNumber: NaN });
    expect(of()).toMatchObject({ effectiveRank: 0, rank99: 0, conditionNumber: NaN });
  });

  it('does not change with scale, and its ranks lie between 1 and the number of values', () => {
    const values = fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, fc.constantFrom(2 ** -600, 0.25, 2 ** 600), (any, scale) => {
        const sorted = any.sort((a, b) => b - a);
        const found = spectrum(Float64Array.from(sorted), 0);
        expect(
          spectrum(
            Float64Array.from(sorted, (value) => value * scale),
            0,
          ),
        ).toEqual(found);
        for (const rank of [found.effectiveRank, found.rank99, found.stableRank]) {
          expect(rank).toBeGreaterThanOrEqual(1 - 1e-12);
          expect(rank).toBeLessThanOrEqual(any.length + 1e-9);
        }
        // No (σ / σ₁)² exceeds σ / σ₁.
        const sum = sorted.reduce((total, value) => total + value / (sorted[0] as number), 0);
        expect(found.stableRank).toBeLessThanOrEqual(sum * (1 + 1e-12));
      }),
    );
  });
});

describe('singular values', () => {
  it('of matrices that need no computing', async () => {
    expect(Array.from((await singularValues(matrix([[3, 0], [0, -4]]))).values)).toEqual([4, 3]); // prettier-ignore
    const scalar = await singularValues(inMemory('float32', [], Float32Array.of(-7)));
    expect(scalar).toMatchObject({ rows: 1, columns: 1, values: Float64Array.of(7), effectiveRank: 1 });
    const vector = await singularValues(inMemory('float32', [2], Float32Array.of(3, 4)));
    expect(vector.values[0]).toBeCloseTo(5, 14);
    expect((await singularValues(inMemory('float32', [3, 2], new Float32Array(6)))).values).toEqual(
      new Float64Array(2),
    );
    expect((await singularValues(inMemory('float32', [3, 0], new Float32Array(0)))).values).toHaveLength(0);
    // Permutations and signs are orthogonal: all singular values are 1.
    const orthogonal = await singularValues(matrix([[0, 0, -1], [1, 0, 0], [0, 1, 0]])); // prettier-ignore
    expectClose(orthogonal.values, [1, 1, 1], 1e-15);
    expect(orthogonal.conditionNumber).toBeCloseTo(1, 14);
  });

  it('of diagonals turned by orthogonal matrices are the diagonals, with more rows than a tile and more columns than a block', async () => {
    const values = Array.from({ length: 300 }, (_, index) => 300 - index);
    const data = withSingularValues(values, 700);
    expectClose((await singularValues(inMemory('float64', [300, 700], data))).values, values, 1e-12);
    const tall = transpose(data, 300, 700);
    expectClose((await singularValues(inMemory('float64', [700, 300], tall))).values, values, 1e-12);
    expectClose(
      (await singularValues(inMemory('float64', [700, 300], tall), { unfoldedAxis: 1 })).values,
      values,
      1e-12,
    );
  });

  it('are right down to the resolution, and noise below it', async () => {
    const values = Array.from({ length: 13 }, (_, index) => 10 ** -index);
    const found = await singularValues(inMemory('float64', [13, 20], withSingularValues(values, 20)));
    expect(found.resolution).toBeCloseTo(Math.sqrt(13 * 2 ** -52), 12);
    values.forEach((value, index) => {
      const error = Math.abs((found.values[index] as number) - value) / value;
      if (value >= 1e-3) expect(error).toBeLessThan(1e-9);
      else if (value >= 1e-6) expect(error).toBeLessThan(1e-3);
      else expect(found.values[index]).toBeLessThan(2 * found.resolution + value);
    });
    expect(found.conditionIsLowerBound).toBe(true);
    expect(found.conditionNumber).toBeCloseTo(1 / Math.sqrt(13 * 2 ** -52), 0);
  });

  it('of the second-difference matrix are 2 − 2 cos(kπ / (n + 1))', async () => {
    const n = 101;
    const data = Float32Array.from({ length: n * n }, (_, at) => {
      const apart = Math.abs(Math.floor(at / n) - (at % n));
      return apart === 0 ? 2 : apart === 1 ? -1 : 0;
    });
    const expected = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((n - k) * Math.PI) / (n + 1)));
    expectClose((await singularValues(inMemory('float32', [n, n], data))).values, expected, 1e-11);
  });

  it('and what follows from them are those of numpy, of whole tensors, other axes and slices', async () => {
    const fixtures = JSON.parse(
      readFileSync(new URL('./fixtures/singular_values.json', import.meta.url), 'utf8'),
    ) as Record<
      string,
      {
        dims: number[];
        values: number[];
        singular: number[];
        effectiveRank: number;
        rank99: number;
        stableRank: number;
        conditionNumber: number;
        ofInputs?: number[];
        ofSlice?: number[];
      }
    >;
    for (const [name, expected] of Object.entries(fixtures)) {
      const tensor = inMemory('float64', expected.dims, Float64Array.from(expected.values));
      const found = await singularValues(tensor);
      // Hilbert’s smallest is 10⁻⁷ of its largest: errors are relative to squares.
      expectClose(found.values, expected.singular, name === 'Hilbert' ? 1e-8 : 1e-12);
      expect(found.effectiveRank / expected.effectiveRank).toBeCloseTo(1, name === 'Hilbert' ? 6 : 10);
      expect(found.rank99, name).toBe(expected.rank99);
      expect(found.stableRank / expected.stableRank).toBeCloseTo(1, 12);
      if (name !== 'Hilbert') expect(found.conditionNumber / expected.conditionNumber).toBeCloseTo(1, 5);
      if (expected.ofInputs && expected.ofSlice) {
        expectClose((await singularValues(tensor, { unfoldedAxis: 1 })).values, expected.ofInputs, 1e-12);
        const view = { rowAxis: 0, columnAxis: 1, indices: [0, 0, 1, 2] };
        expectClose((await singularValues(tensor, view)).values, expected.ofSlice, 1e-12);
      }
    }
    expect(Object.keys(fixtures)).toHaveLength(6);
  });

  it('add their squares up to those of the matrix, whatever it is', async () => {
    const size = fc.integer({ min: 1, max: 12 });
    await fc.assert(
      fc.asyncProperty(size, size, fc.integer(), async (rows, columns, seed) => {
        const data = Float32Array.from({ length: rows * columns }, (_, at) =>
          Math.round(4 * Math.sin(at * 12.9 + seed)),
        );
        const { values } = await singularValues(inMemory('float32', [rows, columns], data));
        const squares = data.reduce((sum, value) => sum + value * value, 0);
        expect(Math.abs(values.reduce((sum, value) => sum + value * value, 0) - squares)).toBeLessThan(
          1e-11 * (squares + 1),
        );
        expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
      }),
      { numRuns: 60 },
    );
  });

  it('multiply with what is given, in tiles', async () => {
    const sizes: { rows: number; columns: number; inner: number }[] = [];
    const multiply: MatrixProduct = (left, right, size) => {
      sizes.push(size);
      return ownProduct(left, right, size);
    };
    const data = withSingularValues(
      Array.from({ length: 300 }, () => 2),
      600,
    );
    const found = await singularValues(inMemory('float64', [300, 600], data), undefined, { multiply });
    expectClose(
      found.values,
      Array.from({ length: 300 }, () => 2),
      1e-13,
    );
    // Three tiles of the lower triangle for each of two blocks of columns; then reflections, 32 at a time.
    const ofBlocks = sizes.filter(({ inner }) => inner === 512);
    expect(ofBlocks).toHaveLength(6);
    const products = ofBlocks.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    expect(products).toBe(2 * (256 * 256 + 44 * 256 + 44 * 44));
    expect(sizes.length).toBeGreaterThan(6);
    expect(sizes.every(({ rows, columns, inner }) => rows <= 256 && columns <= 256 && inner <= 512)).toBe(true);
  });

  it('are refused where there are none, or too many', async () => {
    for (const value of [NaN, Infinity, 1e200]) {
      const broken = matrix([[1, 2], [value, 3]]); // prettier-ignore
      await expect(singularValues(broken)).rejects.toMatchObject({ problem: { kind: 'not-applicable' } });
    }
    const reading = { type: 'float32' as const, read: () => Promise.reject(new Error('read')) };
    const side = LONGEST_SHORT_SIDE + 1;
    const large = { name: 'w', dims: [side, side], dtype: 'float32', bytes: 0, values: reading };
    await expect(singularValues(large)).rejects.toMatchObject({ problem: { kind: 'not-applicable' } });
  });

  it('report progress that never falls and ends at 1, and stop soon after they are told to', async () => {
    const data = Float32Array.from({ length: 400 * 400 }, (_, at) => Math.sin(at * 12.9898));
    const tensor = inMemory('float32', [400, 400], data);
    const shares: number[] = [];
    await singularValues(tensor, undefined, { onProgress: (share) => shares.push(share) });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    for (const until of [0.1, 0.6, 0.96]) {
      const controller = new AbortController();
      const seen: number[] = [];
      const onProgress = (share: number): void => {
        seen.push(share);
        if (share > until) controller.abort();
      };
      const run = singularValues(tensor, undefined, { signal: controller.signal, onProgress });
      await expect(run).rejects.toThrow('Cancelled');
      // Nothing more was done than the piece after which it was told.
      expect(seen.filter((share) => share > until).length).toBeLessThanOrEqual(2);
    }
  });
});
