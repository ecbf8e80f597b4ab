/** The search alone, on losses whose answer is known. */
import { describe, expect, it } from 'vitest';
import {
  KNOWN_TO,
  MOST_STEPS,
  searchTarget,
  type Search,
} from '../../../../src/core/passes/skippable-neurons/search.js';
import type { Skipped } from '../../../../src/core/passes/skippable-neurons/skipping.js';

const BUDGET = 0.01;
const clean = { sums: new Float64Array(1), counts: Float64Array.of(1) };

/** A network that loses `increase` of a target, and skips a share that is the target's root. */
async function search(
  increase: (target: number) => number,
  { cancelAt = Infinity, budget = BUDGET } = {},
): Promise<{ found: Search | undefined; asked: readonly number[] }> {
  const asked: number[] = [];
  const at = async (target: number, step: number): Promise<Skipped | undefined> => {
    expect(step).toBe(asked.length);
    if (step >= cancelAt) return undefined;
    asked.push(target);
    const totals = { sums: Float64Array.of(Math.log1p(increase(target))), counts: Float64Array.of(1) };
    return { totals, layers: [], sparsity: Math.sqrt(target) };
  };
  const found = await searchTarget('next-token', clean, at, { budget });
  return { found, asked };
}

describe('the highest target within the budget', () => {
  it.each([1, 2, 3.4, 6])('is found in few steps where the loss rises with power %d', async (power) => {
    for (const answer of [0.004, 0.03, 0.17, 0.2, 0.45, 0.9]) {
      const { found, asked } = await search((target) => BUDGET * (target / answer) ** power);
      const { target = NaN, increase = NaN } = found?.best ?? {};
      expect(increase).toBeLessThanOrEqual(BUDGET);
      expect(target).toBeLessThanOrEqual(answer);
      expect(Math.sqrt(answer) - Math.sqrt(target)).toBeLessThanOrEqual(KNOWN_TO + 1e-9);
      expect(asked.length).toBeLessThanOrEqual(answer < 0.01 ? 10 : 7);
    }
  });

  it.each([0.0001, 0.05, 0.5, 1])('is found for another p: %d', async (budget) => {
    for (const answer of [0.03, 0.2, 0.7]) {
      const { found, asked } = await search((target) => budget * (target / answer) ** 2.5, { budget });
      const { target = NaN, increase = NaN } = found?.best ?? {};
      expect(increase).toBeLessThanOrEqual(budget);
      expect(Math.sqrt(answer) - Math.sqrt(target)).toBeLessThanOrEqual(KNOWN_TO + 1e-9);
      expect(asked.length).toBeLessThanOrEqual(7);
    }
  });

  it('is one that was measured, with one measured little above it, where the loss falls and rises', async () => {
    for (let round = 0; round < 50; round++) {
      const ragged = (target: number): number =>
        BUDGET * (target / 0.3) ** 2 + 0.004 * Math.sin(target * 900 + round) + 0.003 * Math.sin(target * 5000 * round);
      const { found, asked } = await search(ragged);
      const best = found?.best.target ?? NaN;
      expect(ragged(best)).toBeLessThanOrEqual(BUDGET);
      expect(asked).toContain(best);
      expect(asked.length).toBeLessThanOrEqual(MOST_STEPS);
      const beyond = Math.min(...asked.filter((target) => target > best));
      expect(ragged(beyond)).toBeGreaterThan(BUDGET);
      expect(Math.sqrt(beyond) - Math.sqrt(best)).toBeLessThanOrEqual(KNOWN_TO + 1e-9);
      expect(new Set(asked).size).toBe(asked.length);
    }
  });

  it('is the last of all where nothing is ever lost, and where the loss falls', async () => {
    expect((await search(() => 0)).found?.best.target).toBe(4095 / 4096);
    const { found, asked } = await search((target) => -target);
    expect(found?.best.target).toBe(4095 / 4096);
    expect(asked.length).toBeLessThanOrEqual(5);
  });

  it('is 0 where even the least is too much', async () => {
    const { found, asked } = await search((target) => (target === 0 ? 0 : 1));
    expect(found?.best).toMatchObject({ target: 0, increase: 0 });
    expect(asked.at(-1)).toBe(0);
  });

  it('is found where losses are no numbers', async () => {
    const { found } = await search((target) => (target > 0.1 ? NaN : 0));
    expect(found?.best.target).toBeGreaterThan(0.095);
    expect(found?.best.target).toBeLessThanOrEqual(0.1);
  });
});

it('says what was found by the time of a cancellation, or nothing', async () => {
  const rising = (target: number): number => target;
  const { steps } = (await search(rising)).found as Search;
  const first = steps.findIndex(({ increase }) => increase <= BUDGET);
  expect((await search(rising, { cancelAt: first })).found).toBeUndefined();
  expect((await search(rising, { cancelAt: first + 1 })).found).toMatchObject({ isCut: true, best: steps[first] });
});
