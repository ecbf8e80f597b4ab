/**
 * What is lost where the neurons with the smallest outputs are skipped: CETT (methods C2; "ReLU² Wins", Zhang et al. 2024;
 * "Sparsing Law", Luo et al. 2024). A neuron's output is n_i = a_i W[:,i] with a_i its activation and W[:,i] its outgoing
 * weights; D(t) = { i : |n_i| < t }; CETT(t) = |Σ_D n_i| / |Σ n_i| at one token (site).
 */

import { kthLargest } from '../../summary/select-bits.js';
import { countBelow } from './ascending.js';

/** Sums of neuron outputs below this share of Σ |n_i| are nothing but rounding: CETT says nothing there. */
const NOTHING = 1e-6;
/** Thresholds that are looked at: as many as the paper's code has. */
export const CANDIDATES = 65536;
/** The highest threshold is this quantile of |n|. */
const HIGHEST_QUANTILE = 0.99;

/** The least float32 that no engine takes for 0. */
export const LEAST_POSITIVE = 2 ** -126;

/** The outgoing weights of a layer's neurons. */
export interface Outgoing {
  /** |W[:,i]| by neuron. */
  readonly norms: Float64Array;
  /** Row-major [neurons, outputs]; absent where a neuron's output cannot be added up site by site, or is too much to read. */
  readonly rows?: Float32Array;
}

/** CETT and sparsity of one token at every threshold: both step where a neuron falls below. */
export interface TokenSteps {
  /** |n_i|, ascending. */
  readonly magnitudes: Float64Array;
  /** CETT where the first k + 1 of them are skipped. NaN throughout where the sum of all is nothing. */
  readonly cett: Float64Array;
}

/**
 * @param activations of the neurons at one token.
 * Without rows of weights, outputs of neurons count as orthogonal (OURS): CETT² = Σ_D |n_i|² / Σ |n_i|². It never falls,
 * and sees no cancellation.
 */
export function tokenSteps(activations: Float32Array, { norms, rows }: Outgoing): TokenSteps {
  const neurons = activations.length;
  const size = new Float32Array(neurons);
  for (let i = 0; i < neurons; i++) size[i] = Math.abs(activations[i] as number) * (norms[i] as number);
  const order = ascendingOrder(size);
  const magnitudes = new Float64Array(neurons);
  let sizes = 0;
  for (let place = 0; place < neurons; place++) {
    const each = size[order[place] as number] as number;
    magnitudes[place] = each;
    sizes += each;
  }
  // Where nothing comes out at all, nothing is lost.
  if (sizes === 0) return { magnitudes, cett: new Float64Array(neurons) };
  const lost = rows === undefined ? orthogonalSums(magnitudes) : vectorSums(activations, order, rows);
  const whole = lost[neurons - 1] ?? 0;
  if (!(whole > NOTHING * sizes)) return { magnitudes, cett: lost.fill(NaN) };
  for (let place = 0; place < neurons; place++) lost[place] = (lost[place] as number) / whole;
  return { magnitudes, cett: lost };
}

/** Neurons that one key can name beside a float32. */
const NAMED = 2 ** 21;

/**
 * Places of numbers that are not negative, from the least on; of equal ones the first first. The bits of such float32
 * numbers are in their order, so that places sort natively behind them, far faster than with a comparison of ours.
 */
function ascendingOrder(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  if (values.length > NAMED) {
    return Uint32Array.from(bits, (_, place) => place).sort(
      (i, j) => (bits[i] as number) - (bits[j] as number) || i - j,
    );
  }
  const keys = new Float64Array(values.length);
  for (let place = 0; place < keys.length; place++) keys[place] = (bits[place] as number) * NAMED + place;
  keys.sort();
  const order = new Uint32Array(values.length);
  for (let place = 0; place < keys.length; place++) order[place] = (keys[place] as number) % NAMED;
  return order;
}

/** |Σ of the first k + 1 outputs|. */
function vectorSums(activations: Float32Array, order: Uint32Array, rows: Float32Array): Float64Array {
  const width = rows.length / activations.length;
  const sum = new Float64Array(width);
  const lengths = new Float64Array(order.length);
  for (let place = 0; place < order.length; place++) {
    const neuron = order[place] as number;
    const a = activations[neuron] as number;
    const start = neuron * width;
    let squares = 0;
    for (let at = 0; at < width; at++) {
      const next = (sum[at] as number) + a * (rows[start + at] as number);
      sum[at] = next;
      squares += next * next;
    }
    lengths[place] = Math.sqrt(squares);
  }
  return lengths;
}

function orthogonalSums(magnitudes: Float64Array): Float64Array {
  let squares = 0;
  return magnitudes.map((each) => Math.sqrt((squares += each * each)));
}

/** CETT at one threshold, of one token. */
export function cettAt({ magnitudes, cett }: TokenSteps, threshold: number): number {
  const skipped = countBelow(magnitudes, threshold);
  return skipped === 0 ? 0 : (cett[skipped - 1] as number);
}

/** CETT and sparsity of a layer at every candidate threshold, as means over tokens. */
export interface CettCurve {
  /** Ascending. */
  readonly thresholds: Float64Array;
  readonly cett: Float64Array;
  readonly sparsity: Float64Array;
  /** Tokens in the mean of CETT, and those where the neurons sum up to nothing but rounding. */
  readonly tokens: number;
  readonly leftOut: number;
}

/**
 * Candidates lie evenly between the least |n| and its 99 % quantile (nearest rank). Where that quantile is 0, as with
 * very sparse layers, up to the largest; a layer that is zero throughout has one candidate, above all of it. Outputs that
 * are exactly 0 are below every candidate.
 */
export function cettCurve(tokens: readonly TokenSteps[], candidates = CANDIDATES): CettCurve {
  const { entries, lowest, quantile, largest } = rangeOf(tokens);
  const highest = quantile > 0 ? quantile : largest;
  if (highest === 0) {
    return {
      thresholds: Float64Array.of(LEAST_POSITIVE),
      cett: new Float64Array(1),
      sparsity: Float64Array.of(entries === 0 ? 0 : 1),
      tokens: tokens.length,
      leftOut: 0,
    };
  }
  const step = (highest - lowest) / (candidates - 1);
  const thresholds = Float64Array.from({ length: candidates }, (_, at) => Math.max(LEAST_POSITIVE, lowest + at * step));
  /** Rises of the sums at each candidate. */
  const cett = new Float64Array(candidates);
  const sparsity = new Float64Array(candidates);
  let leftOut = 0;
  for (const { magnitudes, cett: ofToken } of tokens) {
    const counts = !Number.isNaN(ofToken.at(-1));
    if (!counts) leftOut++;
    let before = 0;
    for (let at = 0; at < magnitudes.length; at++) {
      const first = firstAbove(thresholds, magnitudes[at] as number, lowest, step);
      const now = ofToken[at] as number;
      if (first < candidates) {
        sparsity[first] = (sparsity[first] as number) + 1;
        if (counts) cett[first] = (cett[first] as number) + (now - before);
      }
      before = now;
    }
  }
  const counted = tokens.length - leftOut;
  return {
    thresholds,
    cett: runningMean(cett, counted),
    sparsity: runningMean(sparsity, entries),
    tokens: counted,
    leftOut,
  };
}

/** Of all |n| of all tokens. The quantile is that of {@link HIGHEST_QUANTILE}, by nearest rank. */
function rangeOf(tokens: readonly TokenSteps[]): {
  readonly entries: number;
  readonly lowest: number;
  readonly quantile: number;
  readonly largest: number;
} {
  const entries = tokens.reduce((sum, { magnitudes }) => sum + magnitudes.length, 0);
  if (entries === 0) return { entries, lowest: 0, quantile: 0, largest: 0 };
  // They are float32 numbers.
  const all = new Float32Array(entries);
  let at = 0;
  for (const { magnitudes } of tokens) {
    all.set(magnitudes, at);
    at += magnitudes.length;
  }
  const above = entries - Math.ceil(HIGHEST_QUANTILE * entries);
  return {
    entries,
    lowest: tokens.reduce((least, { magnitudes }) => Math.min(least, magnitudes[0] ?? Infinity), Infinity),
    quantile: kthLargest(all, above + 1),
    largest: tokens.reduce((most, { magnitudes }) => Math.max(most, magnitudes.at(-1) ?? 0), 0),
  };
}

/** The first candidate that a magnitude is below. */
function firstAbove(thresholds: Float64Array, magnitude: number, lowest: number, step: number): number {
  let at = step === 0 ? 0 : Math.max(0, Math.floor((magnitude - lowest) / step));
  while (at < thresholds.length && (thresholds[at] as number) <= magnitude) at++;
  return at;
}

function runningMean(rises: Float64Array, count: number): Float64Array {
  let sum = 0;
  // Sums of differences end a few units in the last place beside 0.
  return rises.map((each) => Math.max(0, (sum += each)) / Math.max(1, count));
}

export interface ChosenThreshold {
  readonly threshold: number;
  /** On the tokens of the curve. */
  readonly cett: number;
  readonly sparsity: number;
  /** CETT falls below the target again at some higher threshold: neurons there cancel each other. */
  readonly fallsAgain: boolean;
}

/**
 * The highest threshold before CETT first exceeds the target. CETT can fall again behind it, where skipped neurons cancel
 * (methods C2, pitfall): every candidate is looked at, and what lies behind is not used, since it would rest on the
 * cancelling alone.
 */
export function thresholdFor({ thresholds, cett, sparsity }: CettCurve, target: number): ChosenThreshold {
  const exceeding = cett.findIndex((each) => each > target);
  const at = Math.max(0, (exceeding < 0 ? thresholds.length : exceeding) - 1);
  return {
    threshold: thresholds[at] as number,
    cett: cett[at] as number,
    sparsity: sparsity[at] as number,
    fallsAgain: exceeding >= 0 && cett.subarray(exceeding).some((each) => each <= target),
  };
}

/**
 * The share-quantile of values by nearest rank: what CATS cuts at (methods C3). The code of the paper reads it from a
 * histogram that ends at 1; here values are sorted.
 */
export function quantileOf(ascending: Float32Array, share: number): number {
  const rank = Math.max(1, Math.ceil(share * ascending.length));
  return ascending[Math.min(ascending.length, rank) - 1] ?? 0;
}
