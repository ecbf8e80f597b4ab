import type { ObservedLayer } from '../graph/layers.js';

/**
 * What can be asked of a value during a run. Every kind but `sample` and `magnitudes` is one number per (example, unit) or per
 * (example, position), exact over the axes it reduces; `observe` writes it as graph nodes or reduces the copied value,
 * whichever the engine does faster, and the fold never knows.
 */
export type ObservationKind =
  /** Σ h over positions, per example and unit. */
  | 'sum'
  /** Σ |h|. */
  | 'absolute-sum'
  /** Σ h². */
  | 'sum-of-squares'
  | 'minimum'
  | 'maximum'
  /** Entries that are exactly 0 (−0 counts). */
  | 'zero-count'
  /** Entries with |h| > 0.99 (Tanh family) or h < 0.01 or h > 0.99 (Sigmoid family): methods D1. */
  | 'saturated-count'
  /** NaN and ±Infinity entries. */
  | 'non-finite-count'
  /** Entries that are exactly 0, per example and position (over units). */
  | 'zero-count-by-position'
  /** Per example and unit: first position whose value is not 0; the number of positions where all are 0. */
  | 'first-nonzero-position'
  /**
   * Per example: how many entries are not finite; the exact median of |h| over the finite ones; the three largest finite
   * |h|, each with its unit and its position (−1 where there are fewer); then the largest finite |h| of every unit.
   * {@link MAGNITUDES} says where.
   */
  | 'magnitudes'
  /** Values on a regular grid of positions, for histograms: (example, unit, sampled position). */
  | 'sample';

/** Columns of one example's `magnitudes`: the peaks of units begin at `peaks`. */
export const MAGNITUDES = { nonFinite: 0, median: 1, largest: [2, 5, 8], peaks: 11 } as const;

export interface Observation {
  readonly layer: string;
  readonly kind: ObservationKind;
}

/** The numbers of one observation over one batch. */
export interface Observed {
  /** Row-major [examples, units], [examples, positions] or, for samples, [examples, units, sampled positions]. */
  readonly data: Float32Array;
  readonly examples: number;
  /** Units, positions, or units · sampled positions. */
  readonly columns: number;
  /**
   * Entries behind each number: how many values one (example, unit) or (example, position) reduces over. For samples,
   * the positions that each unit has per example, sampled or not.
   */
  readonly entries: number;
}

/** One batch as passes see it. */
export interface ObservedBatch {
  /** Dataset indices of the examples, in row order. */
  readonly indices: readonly number[];
  readonly layers: readonly ObservedLayer[];
  /** @throws when the pass did not plan this observation. */
  get(layer: string, kind: ObservationKind): Observed;
}
