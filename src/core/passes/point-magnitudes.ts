import type { ObservedLayer } from '../graph/layers.js';
import type { ObservedBatch } from '../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../summary/counts.js';
import { magnitudes, MAGNITUDES } from './magnitudes.js';
import { count } from './words.js';

/** An entry a of a point h of the residual stream is massive iff |a| > 100 and |a| / median |h| ≥ 1000 (methods E). */
export const MASSIVE = { above: 100, ratio: 1000 } as const;

/** The rule as people read it. */
export const RULE = `|a| > ${MASSIVE.above} and |a| ÷ median ≥ ${count(MASSIVE.ratio)}`;

export function isMassive(magnitude: number, median: number): boolean {
  return magnitude > MASSIVE.above && magnitude / median >= MASSIVE.ratio;
}

/** Largest |h| ÷ median |h|; 0 where everything is 0, infinite where more than half is. */
export function peakRatio(peak: number, median: number): number {
  return peak === 0 ? 0 : peak / median;
}

/** What is kept of one point of the residual stream; its size does not grow with the number of inputs. */
export interface PointMagnitudes {
  readonly point: ObservedLayer;
  /** Inputs with finite entries. */
  inputs: number;
  nonFiniteInputs: number;
  /** Σ over inputs of the median of |h|, of the three largest |h|, of largest ÷ median. */
  medians: number;
  readonly largest: Float64Array;
  ratios: number;
  /** Largest |h| of all inputs, and the largest ratio. */
  peak: number;
  peakRatio: number;
  massiveInputs: number;
  /** Inputs on which a dimension holds a massive entry, by dimension. */
  readonly massive: Counts;
  /** Inputs whose largest entry lies in a dimension, by dimension; at a position, by position. */
  readonly largestAt: Counts;
  readonly largestPositions: Map<number, number>;
  /** Inputs whose largest entry lies at a token, by its text; empty where the inputs are no texts. */
  readonly largestTokens: Map<string, number>;
  /** Largest |h| of every dimension. */
  readonly peaks: Float64Array;
}

export function createPointMagnitudes(point: ObservedLayer): PointMagnitudes {
  return {
    point,
    inputs: 0,
    nonFiniteInputs: 0,
    medians: 0,
    largest: new Float64Array(MAGNITUDES.largest.length),
    ratios: 0,
    peak: 0,
    peakRatio: 0,
    massiveInputs: 0,
    massive: createCounts(point.units),
    largestAt: createCounts(point.units),
    largestPositions: new Map(),
    largestTokens: new Map(),
    peaks: new Float64Array(point.units),
  };
}

const increase = (counts: Counts, index: number): void => {
  counts[index] = (counts[index] ?? 0) + 1;
};

function addTo<Key>(tally: Map<Key, number>, key: Key, inputs: number): void {
  tally.set(key, (tally.get(key) ?? 0) + inputs);
}

export function foldPointMagnitudes(state: PointMagnitudes, batch: ObservedBatch): void {
  const { value, units } = state.point;
  const { data, layout } = batch.get(value, 'values');
  if (layout === undefined) throw new Error('All values of a point come with their layout.');
  const rows = magnitudes(data, layout, batch.indices.length);
  const columns = rows.length / batch.indices.length;
  for (let example = 0; example < batch.indices.length; example++) {
    const row = rows.subarray(example * columns, (example + 1) * columns);
    const median = row[MAGNITUDES.median] as number;
    if ((row[MAGNITUDES.nonFinite] as number) > 0) state.nonFiniteInputs++;
    if (Number.isNaN(median)) continue;
    const [first] = MAGNITUDES.largest;
    const peak = row[first] as number;
    state.inputs++;
    state.medians += median;
    state.ratios += peakRatio(peak, median);
    state.peak = Math.max(state.peak, peak);
    state.peakRatio = Math.max(state.peakRatio, peakRatio(peak, median));
    MAGNITUDES.largest.forEach((column, rank) => {
      state.largest[rank] = (state.largest[rank] as number) + (row[column] as number);
    });
    increase(state.largestAt, row[first + 1] as number);
    const position = row[first + 2] as number;
    addTo(state.largestPositions, position, 1);
    const tokens = batch.tokens?.[example];
    const token = tokens?.length === layout.positionOffsets.length ? tokens[position] : undefined;
    if (token !== undefined) addTo(state.largestTokens, token, 1);
    if (isMassive(peak, median)) state.massiveInputs++;
    for (let unit = 0; unit < units; unit++) {
      const own = row[MAGNITUDES.peaks + unit] as number;
      if (own > (state.peaks[unit] as number)) state.peaks[unit] = own;
      if (isMassive(own, median)) increase(state.massive, unit);
    }
  }
}

export function mergePointMagnitudes(into: PointMagnitudes, other: PointMagnitudes): void {
  into.inputs += other.inputs;
  into.nonFiniteInputs += other.nonFiniteInputs;
  into.medians += other.medians;
  into.ratios += other.ratios;
  into.peak = Math.max(into.peak, other.peak);
  into.peakRatio = Math.max(into.peakRatio, other.peakRatio);
  into.massiveInputs += other.massiveInputs;
  mergeCounts(into.largest, other.largest);
  mergeCounts(into.massive, other.massive);
  mergeCounts(into.largestAt, other.largestAt);
  for (const [position, inputs] of other.largestPositions) addTo(into.largestPositions, position, inputs);
  for (const [token, inputs] of other.largestTokens) addTo(into.largestTokens, token, inputs);
  other.peaks.forEach((peak, unit) => {
    if (peak > (into.peaks[unit] as number)) into.peaks[unit] = peak;
  });
}

export const meanOf = (sum: number, { inputs }: PointMagnitudes): number => sum / inputs;

/** Whether a dimension holds a massive entry on at least half of the inputs. */
export function isMassiveAt({ massive, inputs }: PointMagnitudes, unit: number): boolean {
  return 2 * (massive[unit] ?? 0) >= inputs && (massive[unit] ?? 0) > 0;
}

/** Whether a dimension holds the largest entry, or a massive one, on at least half of the inputs. */
export function isOutlier(point: PointMagnitudes, unit: number): boolean {
  return point.inputs > 0 && (2 * (point.largestAt[unit] ?? 0) >= point.inputs || isMassiveAt(point, unit));
}

/** Outlier dimensions of a point, ascending (ours). */
export function outlierDimensions(point: PointMagnitudes): number[] {
  return [...point.peaks.keys()].filter((unit) => isOutlier(point, unit));
}
