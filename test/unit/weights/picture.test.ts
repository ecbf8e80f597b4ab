import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPicture, pictureSize, pictureTile, type PictureView } from '../../../src/core/weights/picture.js';
import { inMemory } from './in-memory.js';

const numbered = (dims: number[]) => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return inMemory(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, index) => index),
  );
};
const whole = { rowStep: 1, columnStep: 1, reduction: 'mean' } as const;

describe('a picture of two axes', () => {
  it('shows any two of them, either way around', async () => {
    const tensor = numbered([2, 3, 4]);
    const tile = async (rowAxis: number, columnAxis: number, indices: number[]) => {
      const picture: PictureView = { kind: 'matrix', view: { rowAxis, columnAxis, indices } };
      const { values } = await pictureTile(tensor, picture, { rows: [0, 9], columns: [0, 9], ...whole });
      return Array.from(values);
    };
    expect(await tile(1, 2, [1, 0, 0])).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(await tile(2, 1, [1, 0, 0])).toEqual([12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23]);
    expect(await tile(0, 1, [0, 0, 2])).toEqual([2, 6, 10, 14, 18, 22]);
  });

  it('is, block by block, the mean or the largest magnitude of what the block holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: fc.integer({ min: 1, max: 30 }),
          columns: fc.integer({ min: 1, max: 30 }),
          rowStep: fc.constantFrom(1, 2, 4, 8),
          columnStep: fc.constantFrom(1, 2, 4, 8),
          reduction: fc.constantFrom('mean' as const, 'extreme' as const),
          transposed: fc.boolean(),
        }),
        async ({ rows, columns, rowStep, columnStep, reduction, transposed }) => {
          const dims = transposed ? [columns, rows] : [rows, columns];
          const data = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 12.9898) * 10);
          const view = transposed
            ? { rowAxis: 1, columnAxis: 0, indices: [0, 0] }
            : { rowAxis: 0, columnAxis: 1, indices: [0, 0] };
          const tile = await pictureTile(
            inMemory('float32', dims, data),
            { kind: 'matrix', view },
            { rows: [0, rows], columns: [0, columns], rowStep, columnStep, reduction },
          );
          const at = (row: number, column: number): number =>
            data[transposed ? column * rows + row : row * columns + column] as number;
          for (let r = 0; r < tile.rows; r++) {
            for (let c = 0; c < tile.columns; c++) {
              const block: number[] = [];
              for (let row = r * rowStep; row < Math.min(rows, (r + 1) * rowStep); row++) {
                for (let column = c * columnStep; column < Math.min(columns, (c + 1) * columnStep); column++) {
                  block.push(at(row, column));
                }
              }
              const expected =
                reduction === 'mean'
                  ? block.reduce((a, b) => a + b, 0) / block.length
                  : block.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
              expect(tile.values[r * tile.columns + c]).toBeCloseTo(expected, 4);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of more than can be read at once takes a regular part of the rows, and says which', async () => {
    let read = 0;
    const [rows, columns] = [65_536, 4096];
    const tensor = inMemory('float32', [rows, columns], new Float32Array(0));
    const tile = await pictureTile(
      {
        ...tensor,
        values: {
          type: 'float32',
          read: async (start, count) => (
            (read += count),
            Float32Array.from({ length: count }, (_, i) => Math.floor((start + i) / columns))
          ),
        },
      },
      { kind: 'matrix', view: { rowAxis: 0, columnAxis: 1, indices: [0, 0] } },
      { rows: [0, rows], columns: [0, columns], rowStep: 256, columnStep: 16, reduction: 'mean' },
    );
    expect(read).toBeLessThanOrEqual(2 ** 22);
    expect([tile.rows, tile.columns, tile.everyRow]).toEqual([256, 256, 64]);
    // Rows 0, 64, 128 and 192 of the first block.
    expect(tile.values[0]).toBe(96);
  });

  it('of a vector or a scalar is one row', () => {
    expect(pictureSize([7], defaultPicture([7]))).toEqual({ rows: 1, columns: 7 });
    expect(pictureSize([], defaultPicture([]))).toEqual({ rows: 1, columns: 1 });
  });

  it('refuses axes that there are not', async () => {
    const wrong = { kind: 'matrix', view: { rowAxis: 2, columnAxis: 1, indices: [0, 0] } } as const;
    await expect(pictureTile(numbered([2, 2]), wrong, { rows: [0, 2], columns: [0, 2], ...whole })).rejects.toThrow(
      'no such axes',
    );
  });
});

describe('a picture of kernels', () => {
  it('puts them side by side, outputs down and inputs across, with a line between', async () => {
    const tensor = numbered([2, 2, 2, 2]);
    const picture = defaultPicture(tensor.dims);
    expect(picture.kind).toBe('kernels');
    expect(pictureSize(tensor.dims, picture)).toEqual({ rows: 5, columns: 5 });
    const { values } = await pictureTile(tensor, picture, { rows: [0, 5], columns: [0, 5], ...whole });
    const n = NaN;
    expect(Array.from(values)).toEqual([
      ...[0, 1, n, 4, 5],
      ...[2, 3, n, 6, 7],
      ...[n, n, n, n, n],
      ...[8, 9, n, 12, 13],
      ...[10, 11, n, 14, 15],
    ]);
    const part = await pictureTile(tensor, picture, { rows: [3, 5], columns: [2, 5], ...whole });
    expect(Array.from(part.values)).toEqual([n, 12, 13, n, 14, 15]);
  });

  it('of one place is a matrix of inputs and outputs', () => {
    expect(defaultPicture([8, 4, 1, 1])).toMatchObject({ kind: 'matrix', view: { rowAxis: 0, columnAxis: 1 } });
  });
});
