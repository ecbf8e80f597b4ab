import type { ObservedLayer } from '../../graph/layers.js';
import type { Observed, ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';
import {
  addExampleRow,
  createExampleRows,
  examplesKept,
  mergeExampleRows,
  type ExampleRows,
} from '../../summary/example-rows.js';
import { addExtrema, createExtrema, mergeExtrema, type Extrema } from '../../summary/extrema.js';
import { BUCKETS, countValues, countValuesByUnit } from '../../summary/histogram.js';
import { addSums, createMoments, mergeMoments, type Moments } from '../../summary/moments.js';
import { addToTop, createTopK, mergeTop, type TopK } from '../../summary/top-examples.js';

export const TOP_EXAMPLES = 12;

/** Units of all layers together that have histograms of their own: 454 buckets a unit are 1.8 KB, so 36 MB. */
const UNITS_WITH_HISTOGRAMS = 20_000;

/** What a state may hold, so that memory does not grow with the width of the model. */
export interface Allowance {
  readonly examples: number;
  /** ONNX value names of the layers whose units have histograms of their own: the narrow ones first. */
  readonly unitHistograms: ReadonlySet<string>;
}

export function allowance(layers: readonly ObservedLayer[]): Allowance {
  const unitHistograms = new Set<string>();
  let left = UNITS_WITH_HISTOGRAMS;
  for (const { value, units } of [...layers].sort((a, b) => a.units - b.units)) {
    left -= units;
    if (left >= 0) unitHistograms.add(value);
  }
  return { examples: examplesKept(layers.reduce((sum, { units }) => sum + units, 0)), unitHistograms };
}

export interface LayerStatistics {
  readonly moments: Moments;
  /** Σ |h| per unit, over inputs where it is finite. */
  readonly absoluteSum: Float64Array;
  readonly absoluteEntries: Counts;
  readonly extrema: Extrema;
  readonly zeros: Counts;
  readonly nonFinite: Counts;
  /** Entries per unit, finite or not. */
  readonly entries: Counts;
  /** Inputs in which some unit was not finite. */
  readonly nonFiniteInputs: Counts;
  readonly histogram: Uint32Array;
  readonly sampled: Counts;
  readonly top: TopK;
  readonly shared: SharedStatistics;
}

/** Most of a state, and the same in whatever order it is added up: all states of a run share it. */
interface SharedStatistics {
  /** Row-major [units, buckets]; undefined where the layer has none. */
  readonly unitHistograms: Uint32Array | undefined;
  readonly maxima: ExampleRows;
  readonly means: ExampleRows;
}

export function createLayerStatistics(
  { value, units }: ObservedLayer,
  allowed: Allowance,
  first?: LayerStatistics,
): LayerStatistics {
  return {
    moments: createMoments(units),
    absoluteSum: new Float64Array(units),
    absoluteEntries: createCounts(units),
    extrema: createExtrema(units),
    zeros: createCounts(units),
    nonFinite: createCounts(units),
    entries: createCounts(units),
    nonFiniteInputs: createCounts(1),
    histogram: new Uint32Array(BUCKETS),
    sampled: createCounts(1),
    top: createTopK(units, TOP_EXAMPLES),
    shared: first?.shared ?? {
      unitHistograms: allowed.unitHistograms.has(value) ? new Uint32Array(units * BUCKETS) : undefined,
      maxima: createExampleRows(units, allowed.examples),
      means: createExampleRows(units, allowed.examples),
    },
  };
}

export function mergeLayerStatistics(into: LayerStatistics, other: LayerStatistics): void {
  mergeMoments(into.moments, other.moments);
  mergeCounts(into.absoluteSum, other.absoluteSum);
  mergeCounts(into.absoluteEntries, other.absoluteEntries);
  mergeExtrema(into.extrema, other.extrema);
  mergeCounts(into.zeros, other.zeros);
  mergeCounts(into.nonFinite, other.nonFinite);
  mergeCounts(into.entries, other.entries);
  mergeCounts(into.nonFiniteInputs, other.nonFiniteInputs);
  mergeCounts(into.histogram, other.histogram);
  mergeCounts(into.sampled, other.sampled);
  mergeTop(into.top, other.top);
  if (into.shared !== other.shared) mergeShared(into.shared, other.shared);
}

function mergeShared(into: SharedStatistics, other: SharedStatistics): void {
  if (into.unitHistograms !== undefined && other.unitHistograms !== undefined)
    mergeCounts(into.unitHistograms, other.unitHistograms);
  mergeExampleRows(into.maxima, other.maxima);
  mergeExampleRows(into.means, other.means);
}

/** Adds one batch of a layer's observations. */
export function foldLayer(state: LayerStatistics, layer: ObservedLayer, batch: ObservedBatch): void {
  const sum = batch.get(layer.value, 'sum');
  const squares = batch.get(layer.value, 'sum-of-squares');
  const absolute = batch.get(layer.value, 'absolute-sum');
  const minimum = batch.get(layer.value, 'minimum');
  const maximum = batch.get(layer.value, 'maximum');
  const zeros = batch.get(layer.value, 'zero-count');
  const nonFinite = batch.get(layer.value, 'non-finite-count');
  const means = new Float32Array(sum.data.length);
  batch.indices.forEach((example, row) => {
    let someNonFinite = false;
    for (let unit = 0; unit < layer.units; unit++) {
      const at = row * layer.units + unit;
      const total = sum.data[at] as number;
      addSums(state.moments, unit, sum.entries, total, squares.data[at] as number);
      means[at] = total / sum.entries;
      const magnitude = absolute.data[at] as number;
      if (Number.isFinite(magnitude)) {
        state.absoluteSum[unit] = (state.absoluteSum[unit] as number) + magnitude;
        state.absoluteEntries[unit] = (state.absoluteEntries[unit] as number) + absolute.entries;
      }
      addExtrema(state.extrema, unit, minimum.data[at] as number, maximum.data[at] as number);
      state.zeros[unit] = (state.zeros[unit] as number) + (zeros.data[at] as number);
      const broken = nonFinite.data[at] as number;
      someNonFinite ||= broken > 0;
      state.nonFinite[unit] = (state.nonFinite[unit] as number) + broken;
      state.entries[unit] = (state.entries[unit] as number) + sum.entries;
      addToTop(state.top, unit, example, maximum.data[at] as number);
    }
    if (someNonFinite) state.nonFiniteInputs[0] = (state.nonFiniteInputs[0] as number) + 1;
    addExampleRow(state.shared.maxima, example, maximum.data, row);
    addExampleRow(state.shared.means, example, means, row);
  });
  foldSample(state, layer.units, batch.get(layer.value, 'sample'));
}

/** `sample` is row-major [examples, units, sampled positions]. */
function foldSample(state: LayerStatistics, units: number, sample: Observed): void {
  state.sampled[0] = (state.sampled[0] as number) + sample.data.length;
  const { unitHistograms } = state.shared;
  if (unitHistograms === undefined) countValues(state.histogram, 0, sample.data, 0, sample.data.length);
  else countValuesByUnit(state.histogram, unitHistograms, sample.data, units, sample.columns / units);
}
