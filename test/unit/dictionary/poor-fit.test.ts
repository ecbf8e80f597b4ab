import { expect, it } from 'vitest';
import { poorFit } from '../../../src/core/dictionary/poor-fit.js';

const coder = (features: number, width: number): Parameters<typeof poorFit>[1] => ({
  features,
  reads: { places: 1, width },
});

it('is said of a dictionary that leaves more than half of the variance', () => {
  expect(poorFit(0.5, coder(192, 96))).toBeUndefined();
  expect(poorFit(0.51, coder(192, 96))).toBe(
    'More than half of the variance is not explained: compare with what its makers state.',
  );
});

it('names the orientation where shapes do not tell it', () => {
  expect(poorFit(0.5, coder(96, 96))).toBeUndefined();
  expect(poorFit(0.83, coder(96, 96))).toMatch(/as many features as it reads numbers \(96\).* the other way round/);
});
