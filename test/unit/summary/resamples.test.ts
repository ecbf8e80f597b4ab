import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  addToResamples,
  createResamples,
  intervalOf,
  mergeResamples,
  pooledResamples,
  RESAMPLES,
} from '../../../src/core/summary/resamples.js';

interface Case {
  readonly numerators: readonly number[];
  readonly denominators: readonly number[];
  readonly low: number;
  readonly high: number;
}
const cases = JSON.parse(
  readFileSync(new URL('../../fixtures/controls/intervals.json', import.meta.url), 'utf8'),
) as Case[];

function resampled(one: Case, from = 0, to = one.numerators.length): ReturnType<typeof createResamples> {
  const state = createResamples();
  for (let index = from; index < to; index++) {
    addToResamples(state, index, one.numerators[index] as number, one.denominators[index] as number);
  }
  return state;
}

describe('resamples over inputs (methods section 1, C3)', () => {
  it.each(cases.map((one) => [one.numerators.length, new Set(one.denominators).size > 1, one] as const))(
    'give the interval of a classical bootstrap in numpy: %i inputs, of different lengths: %s',
    (_count, _ragged, one) => {
      const { low, high } = intervalOf(resampled(one)) as { low: number; high: number };
      // Percentiles of 200 resamples differ from those of 20,000 by about a tenth of the interval.
      const width = one.high - one.low;
      expect(Math.abs(low - one.low)).toBeLessThan(0.2 * width);
      expect(Math.abs(high - one.high)).toBeLessThan(0.2 * width);
    },
  );

  it('hold as much for a million inputs as for one, and add up from chunks', () => {
    const [one] = cases as [Case];
    const whole = resampled(one);
    const left = resampled(one, 0, 17);
    mergeResamples(left, resampled(one, 17));
    expect(left).toEqual(whole);
    expect(whole.numerators).toHaveLength(RESAMPLES);
  });

  it('pool layers on the same inputs: the ratio of the sums over both', () => {
    const [one] = cases as [Case];
    const layers = [resampled(one), resampled({ ...one, numerators: one.numerators.map(() => 0) })];
    const { low, high, inputs } = intervalOf(pooledResamples(layers)) ?? { low: NaN, high: NaN, inputs: 0 };
    const alone = intervalOf(resampled(one)) ?? { low: NaN, high: NaN };
    expect(inputs).toBe(one.numerators.length);
    expect(low).toBeCloseTo(alone.low / 2, 12);
    expect(high).toBeCloseTo(alone.high / 2, 12);
  });

  it('say nothing about one input, and nothing else than the share where all inputs agree', () => {
    const state = createResamples();
    addToResamples(state, 0, 1, 2);
    expect(intervalOf(state)).toBeUndefined();
    addToResamples(state, 1, 1, 2);
    addToResamples(state, 2, NaN, 2);
    expect(intervalOf(state)).toEqual({ low: 0.5, high: 0.5, inputs: 2 });
  });
});
