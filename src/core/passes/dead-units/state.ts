import type { ObservedLayer } from '../../graph/layers.js';
import type { ObservationKind, ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';
import { addExtrema, createExtrema, mergeExtrema, type Extrema } from '../../summary/extrema.js';
import { addExample, createSignatures, mergeSignatures, type Signatures } from '../../summary/signatures.js';
import { elementCount } from '../../tensor/tensor.js';

/** Layers with more values than this per input are compared on sampled positions: copying all of them takes too long. */
const VALUES_COMPARED = 2 ** 16;
/** Of a unit that never fired. */
const NEVER = 2 ** 31 - 1;

export interface LayerFiring {
  readonly inputs: Counts;
  readonly zeros: Counts;
  readonly entries: Counts;
  readonly extrema: Extrema;
  /** Σ |h| per unit, over inputs where it is finite, and how many entries that were. */
  readonly absoluteSum: Counts;
  readonly absoluteEntries: Counts;
  /** Inputs on which the unit is exactly 0 everywhere. */
  readonly silentInputs: Counts;
  /** Least dataset index of an input on which the unit is not 0 everywhere. */
  readonly firstFired: Int32Array;
  /** Tells units with different values apart. */
  readonly signatures: Signatures;
  /** Only for saturating functions. */
  readonly saturated: Counts | undefined;
}

/** Values by which units are told apart: all, or those on a grid of positions. */
function comparedKind(layer: ObservedLayer): 'values' | 'sample' {
  const size = elementCount(layer.shape.map((each) => Math.max(1, each)));
  return layer.family === 'value' || size > VALUES_COMPARED ? 'sample' : 'values';
}

export function plannedKinds(layer: ObservedLayer): readonly ObservationKind[] {
  return [
    'zero-count',
    'absolute-sum',
    'minimum',
    'maximum',
    comparedKind(layer),
    ...(layer.family === 'saturating' ? (['saturated-count'] as const) : []),
  ];
}

export function createLayerFiring(layer: ObservedLayer): LayerFiring {
  const { units } = layer;
  return {
    inputs: createCounts(1),
    zeros: createCounts(units),
    entries: createCounts(units),
    extrema: createExtrema(units),
    absoluteSum: createCounts(units),
    absoluteEntries: createCounts(units),
    silentInputs: createCounts(units),
    firstFired: new Int32Array(units).fill(NEVER),
    signatures: createSignatures(units),
    saturated: layer.family === 'saturating' ? createCounts(units) : undefined,
  };
}

export function mergeLayerFiring(into: LayerFiring, other: LayerFiring): void {
  mergeCounts(into.inputs, other.inputs);
  mergeCounts(into.zeros, other.zeros);
  mergeCounts(into.entries, other.entries);
  mergeExtrema(into.extrema, other.extrema);
  mergeCounts(into.absoluteSum, other.absoluteSum);
  mergeCounts(into.absoluteEntries, other.absoluteEntries);
  mergeCounts(into.silentInputs, other.silentInputs);
  other.firstFired.forEach((index, unit) => {
    into.firstFired[unit] = Math.min(into.firstFired[unit] as number, index);
  });
  mergeSignatures(into.signatures, other.signatures);
  if (into.saturated !== undefined && other.saturated !== undefined) mergeCounts(into.saturated, other.saturated);
}

export function foldFiring(state: LayerFiring, layer: ObservedLayer, batch: ObservedBatch): void {
  const zeros = batch.get(layer.value, 'zero-count');
  const magnitudes = batch.get(layer.value, 'absolute-sum');
  const minimum = batch.get(layer.value, 'minimum');
  const maximum = batch.get(layer.value, 'maximum');
  const saturated = state.saturated === undefined ? undefined : batch.get(layer.value, 'saturated-count');
  const glimpse = { minimum: minimum.data, maximum: maximum.data, zeros: zeros.data };
  add(state.inputs, 0, batch.indices.length);
  batch.indices.forEach((example, row) => {
    for (let unit = 0; unit < layer.units; unit++) {
      const at = row * layer.units + unit;
      const silent = zeros.data[at] as number;
      add(state.zeros, unit, silent);
      add(state.entries, unit, zeros.entries);
      addExtrema(state.extrema, unit, minimum.data[at] as number, maximum.data[at] as number);
      const magnitude = magnitudes.data[at] as number;
      if (Number.isFinite(magnitude)) {
        add(state.absoluteSum, unit, magnitude);
        add(state.absoluteEntries, unit, magnitudes.entries);
      }
      if (silent === zeros.entries) add(state.silentInputs, unit, 1);
      else state.firstFired[unit] = Math.min(state.firstFired[unit] as number, example);
      if (state.saturated !== undefined) add(state.saturated, unit, saturated?.data[at] as number);
    }
    addExample(state.signatures, example, glimpse, row * layer.units, () => comparedValues(layer, batch, row));
  });
}

function comparedValues(
  layer: ObservedLayer,
  batch: ObservedBatch,
  row: number,
): ReturnType<Parameters<typeof addExample>[4]> {
  const { data, columns, layout } = batch.get(layer.value, comparedKind(layer));
  if (layout !== undefined) return { data, first: row * layout.exampleStride, layout };
  const positions = columns / layer.units;
  return {
    data,
    first: row * columns,
    layout: {
      examples: batch.indices.length,
      exampleStride: columns,
      unitOffsets: Int32Array.from({ length: layer.units }, (_, unit) => unit * positions),
      positionOffsets: Int32Array.from({ length: positions }, (_, position) => position),
    },
  };
}

function add(counts: Counts, index: number, value: number): void {
  counts[index] = (counts[index] as number) + value;
}

/** Share of entries that are not 0, per unit: p of methods D1. */
export function firingRates({ zeros, entries }: LayerFiring): Float64Array {
  return zeros.map((count, unit) => 1 - count / (entries[unit] as number));
}

/** mean |hᵢ| over the mean of that over the layer's units: the dormancy score of methods D1 (ReDo). 0 where all are 0. */
export function dormancyScores({ absoluteSum, absoluteEntries }: LayerFiring): Float64Array {
  const means = absoluteSum.map((sum, unit) => sum / (absoluteEntries[unit] as number));
  const finite = means.filter(Number.isFinite);
  const mean = finite.reduce((sum, each) => sum + each, 0) / finite.length;
  return means.map((each) => (mean === 0 ? 0 : each / mean));
}

/** Share of units that are exactly 0 on all positions of an input, averaged over inputs: DNR of methods D1. */
export function deadRate({ silentInputs, inputs }: LayerFiring): number {
  return silentInputs.reduce((sum, each) => sum + each, 0) / ((inputs[0] as number) * silentInputs.length);
}

/** Share of units that are exactly 0 on all of the first `inputs` of the dataset. */
export function deadAmongFirst({ firstFired }: LayerFiring, inputs: number): number {
  return firstFired.reduce((dead, first) => (first >= inputs ? dead + 1 : dead), 0) / firstFired.length;
}
