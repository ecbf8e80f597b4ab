/** Bounds beside those of another implementation (test/fixtures/bounds). */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Ends } from '../../../src/core/rewrite/linearize/bounds/box.js';

export type Listed = { readonly lower: readonly number[]; readonly upper: readonly number[] };

export type Summed = Listed & { readonly every: number; readonly sumLower: number; readonly sumUpper: number };

export function recorded(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/bounds/${name}`, import.meta.url), 'utf8'));
}

/** Share of an interval that single precision may widen it by: of a network of 7 layers, and of one of 20. */
export const WIDER = 1e-3;
const WIDER_20 = 6e-3;
/**
 * The margin of one step is 4 (n + 8) · 2⁻²⁴ of the sum of the sizes of its terms, 1.4e-4 for the 576 of the widest
 * convolution, and margins add up from layer to layer. For that sum stands the largest number of the layer.
 */
const TOLERANCE = 1e-3;

/** Ours hold these, and are wider by rounding alone. */
export function expectHeld(got: Ends | undefined, want: Listed, wider: number, every = 1): void {
  const size = Math.max(...want.lower.map(Math.abs), ...want.upper.map(Math.abs));
  want.lower.forEach((lower, at) => {
    const upper = want.upper[at] ?? NaN;
    const [low, high] = [got?.lower[at * every] ?? NaN, got?.upper[at * every] ?? NaN];
    // The recorded numbers have nine digits.
    const digits = 1e-8 * Math.max(Math.abs(lower), Math.abs(upper));
    const room = wider * (upper - lower) + 1e-5 + TOLERANCE * size;
    expect(low).toBeLessThanOrEqual(lower + digits);
    expect(high).toBeGreaterThanOrEqual(upper - digits);
    expect(low).toBeGreaterThanOrEqual(lower - room);
    expect(high).toBeLessThanOrEqual(upper + room);
  });
}

/** A few elements, and the sums over all. */
export function expectSummed(got: Ends | undefined, want: Summed, wider = WIDER_20): void {
  expectHeld(got, want, wider, want.every);
  const width = want.sumUpper - want.sumLower;
  const sums = (numbers: Float64Array | undefined): { readonly sum: number; readonly room: number } => ({
    sum: numbers?.reduce((sum, each) => sum + each, 0) ?? NaN,
    room: wider * width + TOLERANCE * (numbers?.reduce((sum, each) => sum + Math.abs(each), 0) ?? NaN),
  });
  const [lower, upper] = [sums(got?.lower), sums(got?.upper)];
  expect(Math.abs(lower.sum - want.sumLower)).toBeLessThanOrEqual(lower.room);
  expect(Math.abs(upper.sum - want.sumUpper)).toBeLessThanOrEqual(upper.room);
}
