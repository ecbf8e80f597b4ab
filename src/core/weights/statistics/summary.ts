import type { LinearHistogram, MagnitudeHistogram } from './histograms.js';
import type { Quantile } from './quantiles.js';

/**
 * What the values of a tensor are like. NaN and the infinities are counted and left out of everything below them;
 * where nothing finite is left, numbers are NaN. 64-bit integers beyond 2⁵³ count as the nearest float64.
 */
export interface ValueSummary {
  readonly count: number;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
  /** The values that all figures below rest on. */
  readonly finite: number;
  /** Exactly 0, either sign. */
  readonly zeros: number;
  /** Below zero. */
  readonly negative: number;
  /** Not zero, but below the smallest normal number of the type they are stored in; none in integers. */
  readonly denormals: number;
  readonly mean: number;
  /** Of the population (ddof 0), from deviations from the mean, not from squares. */
  readonly standardDeviation: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Mean of |x|: “average weight magnitude”. */
  readonly meanMagnitude: number;
  /** √Σx²; Infinity where squares leave float64. */
  readonly l2Norm: number;
  /** Median of |x| over the values that are not zero; NaN where all are. */
  readonly medianNonZeroMagnitude: number;
  readonly quantiles: readonly Quantile[];
  readonly histogram: LinearHistogram;
  readonly magnitudes: MagnitudeHistogram;
  /** Different values, where the type has so few (8 and 16 bits) that they are counted one by one; zeros are one. */
  readonly distinct?: number;
  /** |x| ≥ 65,520, which becomes infinity as float16. */
  readonly aboveHalf: number;
  /** 0 < |x| < 2⁻²⁴, the smallest magnitude of float16. */
  readonly belowHalf: number;
}

/** The smallest magnitude that rounds to infinity as float16 (the largest float16 is 65,504). */
export const HALF_OVERFLOW = 65_520;
export const HALF_SMALLEST = 2 ** -24;

export const NO_HISTOGRAM: LinearHistogram = { edges: new Float64Array(0), counts: new Float64Array(0) };

export function noMagnitudes(zeros: number): MagnitudeHistogram {
  return { edges: new Float64Array(0), negative: new Float64Array(0), positive: new Float64Array(0), zeros };
}
