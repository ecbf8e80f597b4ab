/** Norms of rows and columns against worked examples, numpy, and a direct computation over any unfolding. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHalf } from '../../../src/core/tensor/half.js';
import type { MatrixChoice } from '../../../src/core/weights/matrix-shape.js';
import { MOST_LINES, rowAndColumnNorms, type LineNorms, type MatrixNorms } from '../../../src/core/weights/norms.js';
import { inMemory } from './in-memory.js';

interface Facts {
  readonly rowNorms: number[];
  readonly columnNorms: number[];
  readonly rowLargest: number[];
  readonly columnLargest: number[];
  readonly zeroRows: number;
  readonly zeroColumns: number;
}

function expectFacts({ rows, columns }: MatrixNorms, facts: Facts): void {
  const expectLines = (found: LineNorms, norms: number[], largest: number[], allZero: number): void => {
    expect(found.l2Norm).toHaveLength(norms.length);
    norms.forEach((norm, line) => expect(found.l2Norm[line]).toBeCloseTo(norm, 12));
    expect(Array.from(found.largestMagnitude)).toEqual(largest);
    expect(found.allZero).toBe(allZero);
  };
  expectLines(rows, facts.rowNorms, facts.rowLargest, facts.zeroRows);
  expectLines(columns, facts.columnNorms, facts.columnLargest, facts.zeroColumns);
}

/** Element (row, column) of the unfolding of a tensor along one of its axes, as numpy's moveaxis and reshape have it. */
function unfold(dims: readonly number[], data: ArrayLike<number>, axis: number): number[][] {
  const rows = dims[axis] as number;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const matrix: number[][] = Array.from({ length: rows }, () => []);
  for (let at = 0; at < data.length; at++) {
    (matrix[Math.floor(at / inner) % rows] as number[]).push(data[at] as number);
  }
  return matrix;
}

describe('norms of rows and columns', () => {
  it('of a worked example', async () => {
    // Rows: 5, 0; columns: 3, 0, 4.
    const found = await rowAndColumnNorms(inMemory('float32', [2, 3], Float32Array.of(3, 0, -4, 0, -0, 0)));
    expectFacts(found, {
      rowNorms: [5, 0],
      columnNorms: [3, 0, 4],
      rowLargest: [4, 0],
      columnLargest: [3, 0, 4],
      zeroRows: 1,
      zeroColumns: 1,
    });
  });

  it('are those of numpy, along every axis and of a slice, in every float type', async () => {
    const { dims, values, unfoldings, slice } = JSON.parse(
      readFileSync(new URL('./fixtures/norms.json', import.meta.url), 'utf8'),
    ) as { dims: number[]; values: number[]; unfoldings: Facts[]; slice: Facts };
    const tensors = [
      inMemory('float32', dims, Float32Array.from(values)),
      inMemory('float64', dims, Float64Array.from(values)),
      inMemory('float16', dims, Uint16Array.from(values, encodeHalf)),
    ];
    for (const tensor of tensors) {
      for (const [unfoldedAxis, facts] of unfoldings.entries()) {
        expectFacts(await rowAndColumnNorms(tensor, { unfoldedAxis }), facts);
      }
      const view: MatrixChoice = { rowAxis: 2, columnAxis: 0, indices: [0, 3, 0, 1] };
      expectFacts(await rowAndColumnNorms(tensor, view), slice);
    }
    expect(unfoldings).toHaveLength(4);
    const [first] = unfoldings;
    expectFacts(await rowAndColumnNorms(inMemory('float32', dims, Float32Array.from(values))), first as Facts);
  });

  it('equal a direct computation, also where a run of values is read in two pieces', async () => {
    // Pieces of a megabyte are 262,144 values: runs of 1,001 do not end with them.
    const cases = fc.constantFrom<readonly number[]>(
      [3, 5, 7],
      [300, 1001],
      [2, 150, 1001],
      [7],
      [],
      [4, 1, 3],
      [0, 3],
      [3, 0],
    );
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(2), fc.integer(), async (dims, anyAxis, seed) => {
        const axis = Math.min(anyAxis, Math.max(0, dims.length - 1));
        const count = dims.reduce((a, b) => a * b, 1);
        const data = Float32Array.from({ length: count }, (_, i) => Math.round(3 * Math.sin(i * 12.9898 + seed)));
        const found = await rowAndColumnNorms(inMemory('float32', dims, data), { unfoldedAxis: axis });
        const matrix = dims.length === 0 ? [Array.from(data)] : unfold(dims, data, axis);
        const width = dims.length === 0 ? 1 : dims.reduce((a, b, each) => (each === axis ? a : a * b), 1);
        const columns = Array.from({ length: width }, (_, column) => matrix.map((row) => row[column] as number));
        const norm = (line: number[]): number => Math.sqrt(line.reduce((sum, value) => sum + value * value, 0));
        const largest = (line: number[]): number => line.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const isZero = (line: number[]): boolean => line.length > 0 && line.every((value) => value === 0);
        // Sums of squares of whole numbers are exact in any order.
        for (const [lines, own] of [
          [matrix, found.rows],
          [columns, found.columns],
        ] as const) {
          // Compared by hand: there are hundreds of thousands.
          const differ = lines.filter(
            (line, at) => own.l2Norm[at] !== norm(line) || own.largestMagnitude[at] !== largest(line),
          );
          expect([own.l2Norm.length, own.largestMagnitude.length]).toEqual([lines.length, lines.length]);
          expect(differ).toEqual([]);
          expect(own.allZero).toBe(lines.filter(isZero).length);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('are NaN or infinite where a value is', async () => {
    const { rows, columns } = await rowAndColumnNorms(
      inMemory('float32', [3, 2], Float32Array.of(NaN, 1, -Infinity, NaN, 0, -Infinity)),
    );
    expect(Array.from(rows.l2Norm)).toEqual([NaN, NaN, Infinity]);
    expect(Array.from(rows.largestMagnitude)).toEqual([NaN, NaN, Infinity]);
    expect(Array.from(columns.l2Norm)).toEqual([NaN, NaN]);
    expect(Array.from(columns.largestMagnitude)).toEqual([NaN, NaN]);
  });

  it('of integers are those of their numbers', async () => {
    const { rows } = await rowAndColumnNorms(inMemory('int64', [1, 2], BigInt64Array.of(-3n, 4n)));
    expect(Array.from(rows.l2Norm)).toEqual([5]);
  });

  it('report progress that never falls and ends at 1, and stop when cancelled', async () => {
    const tensor = inMemory('float32', [1000, 1000], new Float32Array(1e6));
    const shares: number[] = [];
    await rowAndColumnNorms(tensor, undefined, { onProgress: (share) => shares.push(share) });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    const controller = new AbortController();
    controller.abort();
    await expect(rowAndColumnNorms(tensor, undefined, { signal: controller.signal })).rejects.toThrow('Cancelled');
  });

  it('are refused for more rows or columns than can be told apart, before anything is read', async () => {
    const reading = { type: 'float32' as const, read: () => Promise.reject(new Error('read')) };
    const wide = { name: 'w', dims: [1, MOST_LINES + 1], dtype: 'float32', bytes: 0, values: reading };
    await expect(rowAndColumnNorms(wide)).rejects.toMatchObject({ problem: { kind: 'not-applicable' } });
    await expect(rowAndColumnNorms(wide, { unfoldedAxis: 2 })).rejects.toThrow('no such axis');
  });
});
