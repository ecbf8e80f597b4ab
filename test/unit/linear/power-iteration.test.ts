import { expect, test } from 'vitest';
import { CancelledError } from '../../../src/core/errors.js';
import { powerIteration, type PowerMap } from '../../../src/core/linear/power-iteration.js';

function matrixMap(rows: readonly (readonly number[])[]): PowerMap & { readonly runs: () => number } {
  const width = rows[0]?.length ?? 0;
  let runs = 0;
  return {
    width,
    height: rows.length,
    runs: () => runs,
    async forward(v) {
      runs++;
      return Float32Array.from(rows, (row) => row.reduce((sum, each, at) => sum + each * (v[at] ?? 0), 0));
    },
    async transpose(u) {
      runs++;
      return Float32Array.from({ length: width }, (_, at) =>
        rows.reduce((sum, row, place) => sum + (row[at] ?? 0) * (u[place] ?? 0), 0),
      );
    },
  };
}

test('finds the singular values of a matrix, the strongest first, with vectors of length 1', async () => {
  // Diagonal, so that they stand in it.
  const found = await powerIteration(
    matrixMap([
      [0, -5, 0],
      [3, 0, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]),
    { count: 3 },
  );
  const want = [5, 3, 1];
  found.forEach(({ gain, isSettled }, at) => {
    expect(gain).toBeCloseTo(want[at] ?? NaN, 4);
    expect(isSettled).toBe(true);
  });
  expect(found.map(({ input }) => Math.abs(input[1] ?? 0) > 0.99)).toEqual([true, false, false]);
  for (const { input, output } of found) {
    expect(Math.hypot(...input)).toBeCloseTo(1, 5);
    expect(Math.hypot(...output)).toBeCloseTo(1, 5);
  }
  // u belongs to v: A v = gain × u.
  const [first] = found;
  expect((first?.output[0] ?? 0) * (first?.input[1] ?? 0)).toBeCloseTo(-1, 4);
});

test('ends where the map amplifies nothing more', async () => {
  const rankOne = matrixMap([
    [1, 2],
    [2, 4],
  ]);
  const found = await powerIteration(rankOne, { count: 2 });
  expect(found.map(({ gain }) => gain)).toEqual([expect.closeTo(5, 4)]);
  expect(await powerIteration(matrixMap([[0, 0]]), { count: 1 })).toEqual([]);
});

test('says so where 200 steps settle nothing', async () => {
  let gain = 1;
  const restless: PowerMap = {
    width: 2,
    height: 2,
    forward: async (v) => v.map((each) => each * (gain = -gain * 1.01)),
    transpose: async (u) => u,
  };
  const [triplet] = await powerIteration(restless, { count: 1 });
  expect([triplet?.isSettled, triplet?.steps]).toEqual([false, 200]);
});

test('starts from the same numbers every time, and tells how far it is', async () => {
  const shares: number[] = [];
  const run = () =>
    powerIteration(
      matrixMap([
        [2, 1],
        [1, 3],
      ]),
      { count: 2, onProgress: (share) => shares.push(share) },
    );
  expect(await run()).toEqual(await run());
  expect(shares.at(-1)).toBe(1);
  expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
});

test('stops between two runs of the map once it is cancelled', async () => {
  const controller = new AbortController();
  const map = matrixMap([
    [2, 1],
    [1, 2.1],
  ]);
  const watched: PowerMap = {
    ...map,
    forward(v) {
      if (map.runs() === 4) controller.abort();
      return map.forward(v);
    },
  };
  await expect(powerIteration(watched, { count: 2, signal: controller.signal })).rejects.toThrow(CancelledError);
  expect(map.runs()).toBe(5);
});
