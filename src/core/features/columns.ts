/** The table of all features, column by column, and the histogram of one: what the page shows of a state. */
import { binWidth, BINS, INTERVALS, intervalWidth, NO_EXPONENT } from './bins.js';
import { examplesOf, type Example } from './interval-examples.js';
import { TOP_WINDOWS, type FeatureState } from './state.js';

/** One number for each feature. Nothing is known of a feature that never fired but that. */
export interface FeatureColumns {
  readonly tokens: number;
  readonly windows: number;
  /** Share of tokens with f > 0. */
  readonly density: Float64Array;
  /** Mean of f over tokens with f > 0; 0 where there is none. */
  readonly mean: Float64Array;
  readonly maximum: Float32Array;
  /** Share of all non-zero values that are this feature’s: its part in L0. */
  readonly share: Float64Array;
  /** The strongest token; −1 where it never fired. */
  readonly topToken: Int32Array;
}

export interface FeatureTotals {
  readonly tokens: number;
  readonly windows: number;
  /** Mean number of features with f ≠ 0 per token (methods B1). */
  readonly l0: number;
  /** Features with f > 0 at no token. */
  readonly dead: number;
  /** Values that are NaN or infinite. */
  readonly nonFinite: number;
}

const add = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

export function featureTotals({ tokens, windows, fired, belowZero, nonFinite }: FeatureState): FeatureTotals {
  return {
    tokens,
    windows,
    l0: tokens === 0 ? NaN : (add(fired) + add(belowZero)) / tokens,
    dead: fired.reduce((count, times) => count + (times === 0 ? 1 : 0), 0),
    nonFinite: add(nonFinite),
  };
}

export function featureColumns(state: FeatureState): FeatureColumns {
  const { features, tokens, windows, fired, belowZero, sum, top } = state;
  const all = add(fired) + add(belowZero);
  const strongest = (feature: number): number => feature * TOP_WINDOWS;
  return {
    tokens,
    windows,
    density: fired.map((times) => times / Math.max(1, tokens)),
    mean: sum.map((total, feature) => total / Math.max(1, fired[feature] as number)),
    maximum: Float32Array.from({ length: features }, (_, feature) =>
      top.indices[strongest(feature)] === -1 ? 0 : (top.values[strongest(feature)] as number),
    ),
    share: fired.map((times, feature) => (times + (belowZero[feature] as number)) / Math.max(1, all)),
    topToken: Int32Array.from({ length: features }, (_, feature) => top.indices[strongest(feature)] as number),
  };
}

export interface Interval {
  readonly from: number;
  readonly to: number;
  /** Tokens in it. */
  readonly count: number;
  readonly examples: readonly Example[];
}

export interface FeatureFacts {
  /** Bin i holds counts[i] tokens with edges[i] ≤ f < edges[i + 1]; the last bin holds the largest value. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Equal widths of activation, strongest first; those that hold nothing are left out. */
  readonly intervals: readonly Interval[];
  /** The strongest windows, each by its strongest token. */
  readonly top: readonly Example[];
}

export function featureFacts(state: FeatureState, feature: number): FeatureFacts {
  const exponent = state.exponents[feature] as number;
  if (exponent === NO_EXPONENT) return { edges: [], counts: [], intervals: [], top: [] };
  const all = [...state.bins.subarray(feature * BINS, (feature + 1) * BINS)];
  const counts = all.slice(0, all.findLastIndex((count) => count > 0) + 1);
  const width = intervalWidth(exponent);
  const perInterval = BINS / INTERVALS;
  const intervals = examplesOf(state.intervals, feature).map((examples, interval) => ({
    from: interval * width,
    to: (interval + 1) * width,
    count: all.slice(interval * perInterval, (interval + 1) * perInterval).reduce((sum, count) => sum + count, 0),
    examples,
  }));
  const { indices, values } = state.top;
  return {
    edges: Array.from({ length: counts.length + 1 }, (_, bin) => bin * binWidth(exponent)),
    counts,
    intervals: intervals.filter(({ count }) => count > 0).reverse(),
    top: Array.from({ length: TOP_WINDOWS }, (_, rank) => ({
      token: indices[feature * TOP_WINDOWS + rank] as number,
      value: values[feature * TOP_WINDOWS + rank] as number,
    })).filter(({ token }) => token !== -1),
  };
}
