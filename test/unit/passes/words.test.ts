import { expect, it } from 'vitest';
import { amount } from '../../../src/core/passes/words.js';

it.each([
  [0, '0'],
  [12_345_678, '12,300,000'],
  [0.050_51, '0.0505'],
  [0.000_1, '0.0001'],
  [0.000_056_6, '5.66e-5'],
  [-3.94e-19, '-3.94e-19'],
  [NaN, 'NaN'],
])('amounts have three digits, tiny ones an exponent: %d', (value, text) => {
  expect(amount(value)).toBe(text);
});
