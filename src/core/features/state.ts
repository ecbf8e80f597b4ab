/**
 * What is known of every feature of a dictionary after one pass over a text, in memory that does not grow with it: about
 * 0.9 KB a feature. Counts, histograms, largest values and examples are the same for any order of folding and merging;
 * sums are added in the order of the tokens, and merged ones agree but for the last bits of a float64.
 */
import { createCounts, mergeCounts, type Counts } from '../summary/counts.js';
import { addToTop, createTopK, mergeTop, type TopK } from '../summary/top-examples.js';
import { addBins, binOf, BINS, exponentAbove, INTERVALS, intervalOf, NO_EXPONENT } from './bins.js';
import {
  addExample,
  addExamples,
  createIntervalExamples,
  tokenHash,
  widenIntervals,
  type IntervalExamples,
} from './interval-examples.js';

/** Windows that excite a feature most are kept, each with its strongest token. */
export const TOP_WINDOWS = 20;

export interface FeatureState {
  readonly features: number;
  /** Tokens folded, and windows ended. */
  tokens: number;
  windows: number;
  /** Tokens with f > 0, by feature (formats 3.4, “density”). */
  readonly fired: Counts;
  /** Tokens with f < 0: only dictionaries without a ReLU have any. */
  readonly belowZero: Counts;
  /** Tokens at which f is NaN or infinite; they count nowhere else. */
  readonly nonFinite: Counts;
  /** Σ f over tokens with f > 0. */
  readonly sum: Float64Array;
  /** The histogram of f > 0 ends at two to this power. */
  readonly exponents: Int16Array;
  /** Row-major [features, {@link BINS}]. */
  readonly bins: Uint32Array;
  readonly intervals: IntervalExamples;
  /** The strongest token of each window, of the {@link TOP_WINDOWS} strongest windows. */
  readonly top: TopK;
  /** Of the window that is not ended yet: the largest f and where. */
  readonly open: { readonly values: Float32Array; readonly tokens: Int32Array };
}

export function createFeatureState(features: number): FeatureState {
  return {
    features,
    tokens: 0,
    windows: 0,
    fired: createCounts(features),
    belowZero: createCounts(features),
    nonFinite: createCounts(features),
    sum: new Float64Array(features),
    exponents: new Int16Array(features).fill(NO_EXPONENT),
    bins: new Uint32Array(features * BINS),
    intervals: createIntervalExamples(features),
    top: createTopK(features, TOP_WINDOWS),
    open: { values: new Float32Array(features), tokens: new Int32Array(features).fill(-1) },
  };
}

/**
 * Adds tokens that follow one another within one window; {@link endWindow} ends it.
 * @param activations row-major [tokens, features].
 * @param firstToken number of the first one in the whole text, below 2³¹.
 */
export function foldTokens(state: FeatureState, activations: Float32Array, firstToken: number): void {
  const { features } = state;
  const tokens = activations.length / features;
  let at = 0;
  for (let row = 0; row < tokens; row++) {
    const token = firstToken + row;
    const hash = tokenHash(token);
    for (let feature = 0; feature < features; feature++, at++) {
      const value = activations[at] as number;
      if (value !== 0) addValue(state, feature, token, value, hash);
    }
  }
  state.tokens += tokens;
}

function addValue(state: FeatureState, feature: number, token: number, value: number, hash: number): void {
  if (!Number.isFinite(value)) {
    state.nonFinite[feature] = (state.nonFinite[feature] as number) + 1;
    return;
  }
  if (value < 0) {
    state.belowZero[feature] = (state.belowZero[feature] as number) + 1;
    return;
  }
  const { fired, sum, open, intervals, bins } = state;
  fired[feature] = (fired[feature] as number) + 1;
  sum[feature] = (sum[feature] as number) + value;
  if (value > (open.values[feature] as number)) {
    open.values[feature] = value;
    open.tokens[feature] = token;
  }
  const exponent = makeRoom(state, feature, exponentAbove(value));
  const bin = feature * BINS + binOf(value, exponent);
  bins[bin] = (bins[bin] as number) + 1;
  addExample(intervals, feature, intervalOf(value, exponent), token, value, hash);
}

/** Widens a feature's bins until they reach 2^exponent. @returns where they end now. */
function makeRoom({ exponents, bins, intervals }: FeatureState, feature: number, exponent: number): number {
  const held = exponents[feature] as number;
  if (held >= exponent) return held;
  exponents[feature] = exponent;
  if (held !== NO_EXPONENT) {
    addBins(bins, feature * BINS, bins, feature * BINS, exponent - held);
    widenIntervals(intervals, feature, exponent - held);
  }
  return exponent;
}

export function endWindow(state: FeatureState): void {
  const { features, open, top } = state;
  for (let feature = 0; feature < features; feature++) {
    const value = open.values[feature] as number;
    if (value > 0) addToTop(top, feature, open.tokens[feature] as number, value);
  }
  open.values.fill(0);
  open.tokens.fill(-1);
  state.windows++;
}

/** Adds what was seen of other windows of the same text. Both have ended theirs. */
export function mergeFeatureStates(into: FeatureState, other: FeatureState): void {
  into.tokens += other.tokens;
  into.windows += other.windows;
  mergeCounts(into.fired, other.fired);
  mergeCounts(into.belowZero, other.belowZero);
  mergeCounts(into.nonFinite, other.nonFinite);
  mergeCounts(into.sum, other.sum);
  mergeTop(into.top, other.top);
  for (let feature = 0; feature < into.features; feature++) {
    const exponent = other.exponents[feature] as number;
    if (exponent === NO_EXPONENT) continue;
    const shift = makeRoom(into, feature, exponent) - exponent;
    addBins(into.bins, feature * BINS, other.bins, feature * BINS, shift);
    addExamples(into.intervals, feature, other.intervals, shift);
  }
}

/** Bytes that a state takes: known before it is made. */
export function stateBytes(features: number): number {
  const scalars = 8 + 8 + 8 + 8 + 2 + 8;
  return features * (scalars + 4 * BINS + 8 * 3 * INTERVALS + 8 * TOP_WINDOWS);
}
