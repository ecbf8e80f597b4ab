import { expect, it } from 'vitest';
import { amount, percent } from '../../../src/core/passes/words.js';

it.each([
  [0, '0'],
  [12_345_678, '12,300,000'],
  [1.18e20, '1.18e20'],
  [0.050_51, '0.0505'],
  [0.000_1, '0.0001'],
  [0.000_056_6, '5.66e-5'],
  [-3.94e-19, '-3.94e-19'],
  [NaN, 'NaN'],
])('amounts have three digits, tiny and huge ones an exponent: %d', (value, text) => {
  expect(amount(value)).toBe(text);
});

it.each([
  [0, '0 %'],
  [0.0004, 'under 0.1 %'],
  [-0.0004, 'over −0.1 %'],
  [-0.0123, '−1.2 %'],
  [0.9996, 'over 99.9 %'],
  [1, '100 %'],
])('shares are never said to be nothing or all where they are not: %d', (value, text) => {
  expect(percent(value)).toBe(text);
});
