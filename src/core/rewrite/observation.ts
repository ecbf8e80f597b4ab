import type { ObservedLayer } from '../graph/layers.js';
import type { Layout } from './layout.js';

/**
 * What can be asked of a value during a run. Every kind but the last three is one number per (example, unit) or per
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
  /** Entries that are exactly 0, per unit and position (over the examples of the batch). */
  | 'zero-count-by-site'
  /** All values in the order that the engine has them; `layout` says where each example, unit and position lies. */
  | 'values'
  /** Values on a regular grid of positions, for histograms: (example, unit, sampled position). */
  | 'sample';

export interface Observation {
  readonly layer: string;
  readonly kind: ObservationKind;
}

/** The numbers of one observation over one batch. */
export interface Observed {
  /**
   * Row-major [examples, units], [examples, positions], [1, units, positions] where examples are reduced over or, for
   * samples, [examples, units, sampled positions].
   */
  readonly data: Float32Array;
  readonly examples: number;
  /** Units, positions, units · positions, or units · sampled positions. */
  readonly columns: number;
  /**
   * Entries behind each number: how many values one (example, unit), (example, position) or site reduces over. For samples,
   * the positions that each unit has per example, sampled or not.
   */
  readonly entries: number;
  /** Only of `values`: where each example, unit and position lies in `data`. */
  readonly layout?: Layout;
}

/** One batch as passes see it. Its numbers are freed once all passes have folded it: they keep copies. */
export interface ObservedBatch {
  /** Dataset indices of the examples, in row order. */
  readonly indices: readonly number[];
  readonly layers: readonly ObservedLayer[];
  /** Tokens of each example as text, without padding, where the inputs are texts and the pass `readsTokens`. */
  readonly tokens?: readonly (readonly string[])[];
  /** @throws when the pass did not plan this observation. */
  get(layer: string, kind: ObservationKind): Observed;
}
