import { expect, test } from 'vitest';
import { largestResidual, TOLERANCE, type Residuals } from '../../../src/core/linear/exactness.js';

function residual(system: readonly number[], model: readonly number[], terms: readonly number[] = []) {
  const asked: number[][] = [];
  const request: Residuals = {
    system: Float32Array.from(system),
    model: Float32Array.from(model),
    tolerance: TOLERANCE.single,
    atOnce: 2,
    termsOf: async (outputs) => {
      asked.push([...outputs]);
      return outputs.map((output) => terms[output] ?? 0);
    },
    signal: undefined,
  };
  return largestResidual(request).then((found) => ({ found, asked }));
}

test('where the values alone show that the system is exact, no terms are asked for', async () => {
  const { found, asked } = await residual([10.0001, -2], [10, -2]);
  expect(found).toBeCloseTo(1e-5, 6);
  expect(asked).toEqual([]);
});

test('an output whose terms cancel out is measured against its terms', async () => {
  const { found, asked } = await residual([0.001, 5], [0, 5], [1000, 5]);
  expect(found).toBeCloseTo(1e-6, 9);
  expect(asked).toEqual([[0]]);
});

test('the largest is over all outputs, the worst examined first', async () => {
  const { found, asked } = await residual([1.1, 0, 3.6], [1, 0.5, 3], [2, 2, 3]);
  // Bounds 0.1, 0.5 / 0.5 and 0.2; of the first two examined one is 0.25, which the third cannot reach.
  expect(asked).toEqual([[1, 2]]);
  expect(found).toBeCloseTo(0.25, 6);
});

test('small outputs are measured against 0.1, as the absolute part of the tolerance has it', async () => {
  expect((await residual([2e-5], [0], [1e-9])).found).toBeCloseTo(2e-4, 8);
});

test('numbers that are not finite have no residual', async () => {
  expect((await residual([NaN], [1])).found).toBeNaN();
  expect((await residual([Infinity], [Infinity])).found).toBeNaN();
});
