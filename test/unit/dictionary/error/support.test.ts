import { expect, it } from 'vitest';
import { normalStream, randomStream } from '../../../../src/core/dataset/random.js';
import { addToken, normalEquations } from '../../../../src/core/dictionary/error/normal-equations.js';
import { supportOf, type Support } from '../../../../src/core/dictionary/error/support.js';

const WIDTH = 8;
const draw = normalStream(randomStream(5, 'support', 0));
const row = (): Float32Array => Float32Array.from({ length: WIDTH }, draw);

async function supportFor(rows: readonly Float32Array[]): Promise<Support> {
  const sums = normalEquations(WIDTH);
  for (const x of rows) addToken(sums, x, x);
  return supportOf(sums);
}

it('of an embedding of five tokens, seen again and again: five values, which span five dimensions', async () => {
  const table = Array.from({ length: 5 }, row);
  const rows = Array.from({ length: 200 }, (_, at) => table[at % 5] as Float32Array);
  expect(await supportFor(rows)).toEqual({ values: 5, isAll: true, rank: 5 });
});

it('of values of their own: they are counted up to ten for each dimension', async () => {
  expect(await supportFor(Array.from({ length: 60 }, row))).toEqual({ values: 60, isAll: true, rank: WIDTH });
  expect(await supportFor(Array.from({ length: 300 }, row))).toEqual({ values: 80, isAll: false, rank: WIDTH });
});

it('a dimension that is the mean of others, or far smaller than any, adds nothing; a small one does', async () => {
  const rows = Array.from({ length: 300 }, row);
  const dependent = rows.map((x) =>
    x.map((value, at) => (at === 0 ? ((x[1] as number) + (x[2] as number)) / 2 : value)),
  );
  expect((await supportFor(dependent)).rank).toBe(WIDTH - 1);
  expect((await supportFor(rows.map((x) => x.map((value, at) => (at === 3 ? 1e-8 * value : value))))).rank).toBe(7);
  expect((await supportFor(rows.map((x) => x.map((value, at) => (at === 3 ? 1e-4 * value : value))))).rank).toBe(8);
  expect((await supportFor(rows.map(() => new Float32Array(WIDTH)))).rank).toBe(0);
});
