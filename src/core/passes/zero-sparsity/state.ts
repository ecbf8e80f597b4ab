import type { ObservedLayer } from '../../graph/layers.js';
import type { ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, total, type Counts } from '../../summary/counts.js';
import { addToResamples, createResamples, mergeResamples, type Resamples } from '../../summary/resamples.js';
import { addExampleRow, createExampleRows, mergeExampleRows, type ExampleRows } from '../../summary/example-rows.js';
import { createReuseMass, foldReuse, mergeReuseMass, type ReuseMass } from './reuse.js';

/** Sequences longer than this are summarised over their first positions only. */
export const POSITIONS_KEPT = 1024;

export interface LayerZeros {
  /** Exact zeros and entries per unit. */
  readonly zeros: Counts;
  readonly entries: Counts;
  /** Share of zeros per example and unit, for the heatmap: all states of a run share them. */
  readonly shares: ExampleRows;
  /** Zeros over entries, resampled over inputs. */
  readonly resamples: Resamples;
  /** Only for sequences of a layer that can be exactly zero. */
  readonly sequence: SequenceZeros | undefined;
}

export interface SequenceZeros {
  /** By position: zeros over all units and inputs, and entries. */
  readonly zeros: Counts;
  readonly entries: Counts;
  /** By position p: (input, unit) pairs whose first non-zero value stands at p. */
  readonly firstNonzero: Counts;
  /** By length T: (input, unit) pairs whose sequence is T long and all zero. */
  readonly neverNonzero: Counts;
  /** By length T: (input, unit) pairs whose sequence is T long. */
  readonly lengths: Counts;
  readonly reuse: ReuseMass;
}

/** Whether zeros by token are worth asking for: a sequence of values that can be exactly zero. */
export function isZeroableSequence(layer: ObservedLayer): boolean {
  return layer.family === 'rectifier' && layer.positionWord === 'tokens';
}

export function createLayerZeros(layer: ObservedLayer, examples: number, first?: LayerZeros): LayerZeros {
  return {
    zeros: createCounts(layer.units),
    entries: createCounts(layer.units),
    shares: first?.shares ?? createExampleRows(layer.units, examples),
    resamples: createResamples(),
    sequence: isZeroableSequence(layer)
      ? {
          zeros: createCounts(POSITIONS_KEPT),
          entries: createCounts(POSITIONS_KEPT),
          firstNonzero: createCounts(POSITIONS_KEPT + 1),
          neverNonzero: createCounts(POSITIONS_KEPT + 1),
          lengths: createCounts(POSITIONS_KEPT + 1),
          reuse: createReuseMass(),
        }
      : undefined,
  };
}

export function mergeLayerZeros(into: LayerZeros, other: LayerZeros): void {
  mergeCounts(into.zeros, other.zeros);
  mergeCounts(into.entries, other.entries);
  if (into.shares !== other.shares) mergeExampleRows(into.shares, other.shares);
  mergeResamples(into.resamples, other.resamples);
  if (into.sequence === undefined || other.sequence === undefined) return;
  mergeCounts(into.sequence.zeros, other.sequence.zeros);
  mergeCounts(into.sequence.entries, other.sequence.entries);
  mergeCounts(into.sequence.firstNonzero, other.sequence.firstNonzero);
  mergeCounts(into.sequence.neverNonzero, other.sequence.neverNonzero);
  mergeCounts(into.sequence.lengths, other.sequence.lengths);
  mergeReuseMass(into.sequence.reuse, other.sequence.reuse);
}

export function foldZeros(state: LayerZeros, layer: ObservedLayer, batch: ObservedBatch): void {
  const zeros = batch.get(layer.value, 'zero-count');
  batch.indices.forEach((example, row) => {
    let zerosOfInput = 0;
    for (let unit = 0; unit < layer.units; unit++) {
      const zerosOfUnit = zeros.data[row * layer.units + unit] as number;
      add(state.zeros, unit, zerosOfUnit);
      add(state.entries, unit, zeros.entries);
      zerosOfInput += zerosOfUnit;
    }
    addToResamples(state.resamples, example, zerosOfInput, layer.units * zeros.entries);
    if (example < state.shares.limit) {
      const counts = zeros.data.subarray(row * layer.units, (row + 1) * layer.units);
      addExampleRow(
        state.shares,
        example,
        counts.map((count) => count / zeros.entries),
        0,
      );
    }
  });
  if (state.sequence === undefined) return;
  foldSequence(state.sequence, layer, batch);
  foldReuse(state.sequence.reuse, layer.value, layer.units, batch);
}

function foldSequence(state: SequenceZeros, layer: ObservedLayer, batch: ObservedBatch): void {
  const byPosition = batch.get(layer.value, 'zero-count-by-position');
  const first = batch.get(layer.value, 'first-nonzero-position');
  const length = byPosition.columns;
  const kept = Math.min(length, POSITIONS_KEPT);
  for (let row = 0; row < batch.indices.length; row++) {
    for (let position = 0; position < kept; position++) {
      add(state.zeros, position, byPosition.data[row * length + position] as number);
      add(state.entries, position, byPosition.entries);
    }
    for (let unit = 0; unit < layer.units; unit++) {
      const position = first.data[row * layer.units + unit] as number;
      if (position >= kept) add(state.neverNonzero, kept, 1);
      else add(state.firstNonzero, position, 1);
    }
    add(state.lengths, kept, layer.units);
  }
}

function add(counts: Counts, index: number, value: number): void {
  counts[index] = (counts[index] as number) + value;
}

export interface Aggregated {
  /** agg(g) for g = 1, 2, …: share of (input, unit) pairs that are 0 on all of tokens 1..g, over sequences of at least g. */
  readonly observed: Float32Array;
  /** s^g with s the layer's share of zeros: what independent, alike units would give. */
  readonly uniform: Float32Array;
  /** mean over units of (1 − pᵢ)^g with pᵢ the unit's firing rate: independent tokens, but hot and cold units. */
  readonly independent: Float32Array;
}

/** By layer; layers that are no sequences have none. */
export type Aggregates = ReadonlyMap<string, Aggregated>;

export function aggregateLayers(layers: ReadonlyMap<string, LayerZeros>): Aggregates {
  const aggregates = new Map<string, Aggregated>();
  for (const [layer, zeros] of layers) {
    const aggregated = aggregate(zeros);
    if (aggregated !== undefined) aggregates.set(layer, aggregated);
  }
  return aggregates;
}

/** Aggregated sparsity and its two baselines: methods C1. */
function aggregate(state: LayerZeros): Aggregated | undefined {
  const { sequence } = state;
  if (sequence === undefined) return undefined;
  const longest = sequence.lengths.findLastIndex((pairs) => pairs > 0);
  if (longest < 1) return undefined;
  const zeroShares = Array.from(state.zeros, (zeros, unit) => zeros / (state.entries[unit] as number));
  const share = total(state.zeros) / total(state.entries);
  const observed = new Float32Array(longest);
  const uniform = new Float32Array(longest);
  const independent = new Float32Array(longest);
  for (let g = 1; g <= longest; g++) {
    // Pairs whose sequence has at least g tokens, and among them those silent through token g: first non-zero at g or later, or never.
    let pairs = 0;
    let silent = 0;
    for (let length = g; length <= longest; length++) {
      pairs += sequence.lengths[length] as number;
      silent += sequence.neverNonzero[length] as number;
    }
    for (let position = g; position < longest; position++) silent += sequence.firstNonzero[position] as number;
    observed[g - 1] = silent / pairs;
    uniform[g - 1] = share ** g;
    independent[g - 1] = zeroShares.reduce((sum, zero) => sum + zero ** g, 0) / zeroShares.length;
  }
  return { observed, uniform, independent };
}
