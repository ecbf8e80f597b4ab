import type { ObservedLayer } from '../../graph/layers.js';
import type { ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';
import { addExtrema, createExtrema, largestFinite, mergeExtrema, peaks, type Extrema } from '../../summary/extrema.js';

/** Fires on under 1 % of its entries: methods D1. */
export const DORMANT_RATE = 0.01;
/** More than 99 % of its entries saturated: methods D1. */
export const SATURATED_SHARE = 0.99;
/** Units of functions that are never exactly zero count as silent below this share of their layer's largest |h|. */
export const SILENT_RATIO = 0.01;

export interface LayerFiring {
  readonly zeros: Counts;
  readonly entries: Counts;
  readonly extrema: Extrema;
  /** Only for saturating functions. */
  readonly saturated: Counts | undefined;
}

/**
 * What a unit did on all inputs.
 * - `dead`: a rectifier unit that was exactly 0 everywhere (p = 0); any other unit whose max |h| stays under
 *   {@link SILENT_RATIO} of the layer's.
 * - `dormant`: a rectifier unit with 0 < p < {@link DORMANT_RATE}.
 * - `always-on`: a rectifier unit that was never 0 (p = 1): linear on this data where the function is a plain ReLU.
 * - `saturated`: a bounded unit at the end of its range on more than {@link SATURATED_SHARE} of its entries.
 */
export type UnitState = 'dead' | 'dormant' | 'active' | 'always-on' | 'saturated';

export function createLayerFiring(layer: ObservedLayer): LayerFiring {
  return {
    zeros: createCounts(layer.units),
    entries: createCounts(layer.units),
    extrema: createExtrema(layer.units),
    saturated: layer.family === 'saturating' ? createCounts(layer.units) : undefined,
  };
}

export function mergeLayerFiring(into: LayerFiring, other: LayerFiring): void {
  mergeCounts(into.zeros, other.zeros);
  mergeCounts(into.entries, other.entries);
  mergeExtrema(into.extrema, other.extrema);
  if (into.saturated !== undefined && other.saturated !== undefined) mergeCounts(into.saturated, other.saturated);
}

export function foldFiring(state: LayerFiring, layer: ObservedLayer, batch: ObservedBatch): void {
  const zeros = batch.get(layer.value, 'zero-count');
  const minimum = batch.get(layer.value, 'minimum');
  const maximum = batch.get(layer.value, 'maximum');
  const saturated = state.saturated === undefined ? undefined : batch.get(layer.value, 'saturated-count');
  for (let row = 0; row < batch.indices.length; row++) {
    for (let unit = 0; unit < layer.units; unit++) {
      const at = row * layer.units + unit;
      state.zeros[unit] = (state.zeros[unit] as number) + (zeros.data[at] as number);
      state.entries[unit] = (state.entries[unit] as number) + zeros.entries;
      addExtrema(state.extrema, unit, minimum.data[at] as number, maximum.data[at] as number);
      if (state.saturated !== undefined && saturated !== undefined) {
        state.saturated[unit] = (state.saturated[unit] as number) + (saturated.data[at] as number);
      }
    }
  }
}

/** Share of entries that are not 0, per unit: p of methods D1. */
export function firingRates({ zeros, entries }: LayerFiring): Float64Array {
  return zeros.map((count, unit) => 1 - count / (entries[unit] as number));
}

export function unitStates(state: LayerFiring, layer: ObservedLayer): UnitState[] {
  const rates = firingRates(state);
  const magnitudes = peaks(state.extrema);
  const largest = largestFinite(magnitudes);
  return Array.from(rates, (rate, unit): UnitState => {
    // NaN and infinity are no zeros, but no sign of life either: they are a finding of their own.
    if (!Number.isFinite(magnitudes[unit])) return 'active';
    if (rate === 0) return 'dead';
    if (layer.family === 'rectifier') {
      if (rate < DORMANT_RATE) return 'dormant';
      return rate === 1 ? 'always-on' : 'active';
    }
    const saturated =
      state.saturated === undefined ? 0 : (state.saturated[unit] as number) / (state.entries[unit] as number);
    if (saturated > SATURATED_SHARE) return 'saturated';
    return (magnitudes[unit] as number) < SILENT_RATIO * largest ? 'dead' : 'active';
  });
}
