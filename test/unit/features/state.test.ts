import { describe, expect, it } from 'vitest';
import { BINS, INTERVALS } from '../../../src/core/features/bins.js';
import { featureColumns, featureFacts, featureTotals } from '../../../src/core/features/columns.js';
import { EXAMPLES_PER_INTERVAL, tokenHash } from '../../../src/core/features/interval-examples.js';
import {
  createFeatureState,
  endWindow,
  foldTokens,
  mergeFeatureStates,
  stateBytes,
  TOP_WINDOWS,
  type FeatureState,
} from '../../../src/core/features/state.js';

const [FEATURES, WINDOWS, WINDOW] = [9, 60, 16];
const TOKENS = WINDOWS * WINDOW;

/** Seeded; features of very different rates and sizes, so that histograms are widened many times. */
function activations(): Float32Array {
  let seed = 7;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return Float32Array.from({ length: TOKENS * FEATURES }, (_, at) => {
    const feature = at % FEATURES;
    if (feature === 0 || random() > feature / FEATURES) return 0;
    // Ever larger: doubles of all earlier values come late.
    return (random() + 1e-3) * 2 ** (feature * 3 - 12 + Math.floor(at / FEATURES / 150));
  });
}

const values = activations();

/** @param tile tokens given at once, at most. */
function fold(windows: readonly number[], tile: number, state = createFeatureState(FEATURES)): FeatureState {
  for (const window of windows) {
    for (let first = 0; first < WINDOW; first += tile) {
      const [from, to] = [first, Math.min(WINDOW, first + tile)].map((at) => (window * WINDOW + at) * FEATURES);
      foldTokens(state, values.subarray(from, to), window * WINDOW + first);
    }
    endWindow(state);
  }
  return state;
}

const all = Array.from({ length: WINDOWS }, (_, window) => window);
const valueAt = (token: number, feature: number): number => values[token * FEATURES + feature] as number;
const firing = (feature: number): number[] =>
  Array.from({ length: TOKENS }, (_, token) => token).filter((token) => valueAt(token, feature) > 0);

/** Everything but the sums, whose last bits depend on the order. */
const exact = ({ sum, open, ...rest }: FeatureState): unknown => ({ ...rest, open: [...open.tokens], sum: sum.length });

describe('feature statistics', () => {
  const state = fold(all, WINDOW);
  const columns = featureColumns(state);

  it('are those of the whole matrix at once', () => {
    const fired = Array.from({ length: FEATURES }, (_, feature) => firing(feature));
    const total = fired.reduce((sum, tokens) => sum + tokens.length, 0);
    expect(featureTotals(state)).toEqual({
      tokens: TOKENS,
      windows: WINDOWS,
      l0: total / TOKENS,
      dead: 1,
      nonFinite: 0,
    });
    fired.forEach((tokens, feature) => {
      const at = tokens.map((token) => valueAt(token, feature));
      expect(columns.density[feature]).toBe(tokens.length / TOKENS);
      expect(columns.share[feature]).toBe(tokens.length / total);
      expect(columns.maximum[feature]).toBe(Math.max(0, ...at));
      const mean = at.reduce((sum, value) => sum + value, 0) / Math.max(1, at.length);
      expect(columns.mean[feature]).toBeCloseTo(mean, 10);
    });
  });

  it('count every firing token in the bin of its activation, from zero to the power of two above the largest', () => {
    for (let feature = 1; feature < FEATURES; feature++) {
      const at = firing(feature).map((token) => valueAt(token, feature));
      const end = 2 ** (Math.floor(Math.log2(Math.max(...at))) + 1);
      const expected = Array.from(
        { length: BINS },
        (_, bin) => at.filter((value) => Math.floor((value / end) * BINS) === bin).length,
      );
      const { edges, counts } = featureFacts(state, feature);
      expect(counts).toEqual(expected.slice(0, expected.findLastIndex((count) => count > 0) + 1));
      expect(edges.at(-1)).toBe((end / BINS) * counts.length);
      expect(edges[1]).toBe(end / BINS);
      expect(counts.length).toBeGreaterThan(BINS / 2);
    }
  });

  it('keep the strongest windows, each by its strongest token', () => {
    for (let feature = 0; feature < FEATURES; feature++) {
      const strongest = all
        .map((window) => {
          const tokens = Array.from({ length: WINDOW }, (_, at) => window * WINDOW + at);
          return tokens.reduce((best, token) => (valueAt(token, feature) > valueAt(best, feature) ? token : best));
        })
        .map((token) => ({ token, value: valueAt(token, feature) }))
        .filter(({ value }) => value > 0)
        .sort((a, b) => b.value - a.value || a.token - b.token);
      expect(featureFacts(state, feature).top).toEqual(strongest.slice(0, TOP_WINDOWS));
      expect(columns.topToken[feature]).toBe(strongest[0]?.token ?? -1);
    }
  });

  it('keep examples of each interval of activation, as if drawn from all of its tokens', () => {
    for (let feature = 1; feature < FEATURES; feature++) {
      const { intervals } = featureFacts(state, feature);
      expect(intervals.length).toBeLessThanOrEqual(INTERVALS);
      for (const { from, to, count, examples } of intervals) {
        const inside = firing(feature).filter(
          (token) => valueAt(token, feature) >= from && valueAt(token, feature) < to,
        );
        expect(count).toBe(inside.length);
        const drawn = inside.sort((a, b) => tokenHash(a) - tokenHash(b)).slice(0, EXAMPLES_PER_INTERVAL);
        expect(examples.map(({ token }) => token)).toEqual(drawn.sort((a, b) => a - b));
        for (const { token, value } of examples) expect(value).toBe(valueAt(token, feature));
      }
      expect(intervals.reduce((sum, { count }) => sum + count, 0)).toBe(firing(feature).length);
    }
  });

  it.each([1, 3, 7])('do not depend on how many tokens are given at once: %i', (tile) => {
    expect(fold(all, tile)).toEqual(state);
  });

  it('do not depend on the order of the windows', () => {
    expect(exact(fold([...all].reverse(), 5))).toEqual(exact(state));
  });

  it('are the same merged from parts, in any order', () => {
    const parts = (): FeatureState[] => [
      fold(all.slice(0, 7), 4),
      fold(all.slice(7, 8), WINDOW),
      fold(all.slice(8, 41), 2),
      fold(all.slice(41), 16),
    ];
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
    ]) {
      const merged = createFeatureState(FEATURES);
      const made = parts();
      for (const at of order) mergeFeatureStates(merged, made[at] as FeatureState);
      expect(exact(merged)).toEqual(exact(state));
      merged.sum.forEach((sum, feature) => {
        expect(Math.abs(sum - (state.sum[feature] as number))).toBeLessThanOrEqual(1e-12 * sum);
      });
    }
    const [a, b, c, d] = parts() as [FeatureState, FeatureState, FeatureState, FeatureState];
    mergeFeatureStates(c, d);
    mergeFeatureStates(a, b);
    mergeFeatureStates(c, a);
    expect(exact(c)).toEqual(exact(state));
  });

  it('count what is below zero or no number apart, and take it for nothing else', () => {
    const odd = createFeatureState(2);
    foldTokens(odd, Float32Array.of(-1, NaN, 2, Infinity, 0, 1), 0);
    endWindow(odd);
    expect(featureTotals(odd)).toEqual({ tokens: 3, windows: 1, l0: 1, dead: 0, nonFinite: 2 });
    expect([...featureColumns(odd).density]).toEqual([1 / 3, 1 / 3]);
    expect([...odd.belowZero]).toEqual([1, 0]);
  });

  it('hold the smallest and the largest numbers that there are', () => {
    const extreme = createFeatureState(1);
    foldTokens(extreme, Float32Array.of(1e-45, 1.2e-38, 3.4e38), 0);
    endWindow(extreme);
    expect(featureFacts(extreme, 0).counts.reduce((sum, count) => sum + count)).toBe(3);
    const tiny = createFeatureState(1);
    foldTokens(tiny, Float32Array.of(1e-45), 0);
    endWindow(tiny);
    expect(featureFacts(tiny, 0)).toMatchObject({ counts: [1], intervals: [{ count: 1 }] });
  });

  it('take the memory that is said before', () => {
    const bytes = (held: unknown): number =>
      ArrayBuffer.isView(held)
        ? held.byteLength
        : typeof held === 'object' && held !== null
          ? Object.values(held).reduce<number>((sum, each) => sum + bytes(each), 0)
          : 0;
    expect(bytes(createFeatureState(50))).toBe(stateBytes(50));
  });
});
