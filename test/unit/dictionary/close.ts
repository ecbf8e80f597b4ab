import { expect } from 'vitest';

/** methods 0: |got − want| ≤ 1e-5 + 1e-4 S; S is bounded here by the largest of the wanted numbers. */
export function expectClose(got: unknown, want: readonly number[]): void {
  const numbers = got instanceof Float32Array ? got : new Float32Array(0);
  expect(numbers).toHaveLength(want.length);
  const scale = want.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - (numbers[i] ?? NaN))), 0);
  expect(worst).toBeLessThanOrEqual(1e-5 + 1e-5 * scale);
  // What does not fire does not fire at all.
  want.forEach((value, i) => value === 0 && expect(numbers[i]).toBe(0));
}
