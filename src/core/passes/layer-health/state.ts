import type { ObservedLayer } from '../../graph/layers.js';
import type { ObservationKind, ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';
import { addRows, createRowSample, mergeRows, type RowSample } from '../../summary/row-sample.js';
import type { LayerSpectrum } from './spectra.js';

/** Rows of a layer's feature matrix: methods D2 takes 1,000 samples. */
export const ROWS = 1000;
/** Wider layers have no singular values: methods D2. */
export const WIDEST = 4096;
/** Values that the rows of all layers together may hold: 160 MB. */
const VALUES_KEPT = 40e6;

/** Per layer, or value that is watched in place of one: the product with a gate. */
export interface Magnitudes {
  /** Σ |h| per unit, over inputs where it is finite, and how many entries that were. */
  readonly sum: Counts;
  readonly entries: Counts;
}

export interface LayerHealth {
  readonly magnitudes: Map<string, Magnitudes>;
  /** Most of a state: all states of a run share them. */
  readonly rows: ReadonlyMap<string, RowSample>;
  /** By layer, why it has no rows. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Made of the rows once all inputs were seen. */
  readonly spectra: Map<string, LayerSpectrum>;
}

export function createLayerHealth(
  layers: readonly ObservedLayer[],
  watched: readonly ObservedLayer[],
  inputs: number,
  first?: LayerHealth,
): LayerHealth {
  const { sampled, leftOut } = sampledLayers(layers);
  return {
    magnitudes: new Map(
      [...layers, ...watched].map(({ value, units }) => [
        value,
        { sum: createCounts(units), entries: createCounts(units) },
      ]),
    ),
    rows: first?.rows ?? new Map(sampled.map(({ value, units }) => [value, createRowSample(units, inputs, ROWS)])),
    leftOut,
    spectra: new Map(),
  };
}

/** The last layers first: methods D2 asks for the last hidden one. */
export function sampledLayers(layers: readonly ObservedLayer[]): {
  readonly sampled: readonly ObservedLayer[];
  readonly leftOut: ReadonlyMap<string, string>;
} {
  const leftOut = new Map<string, string>();
  const sampled: ObservedLayer[] = [];
  let left = VALUES_KEPT;
  for (const layer of [...layers].reverse()) {
    const { value, units, family } = layer;
    if (family === 'distribution') leftOut.set(value, 'a pattern of attention, no features');
    else if (units > WIDEST) leftOut.set(value, `more than ${WIDEST} units`);
    else if (units * ROWS > left) leftOut.set(value, 'memory for rows went to later layers');
    else {
      left -= units * ROWS;
      sampled.unshift(layer);
    }
  }
  return { sampled, leftOut };
}

/** Sequences are copied whole, so that rows spread over all tokens; of pictures, a grid of positions is enough. */
export function rowKind(layer: ObservedLayer): ObservationKind {
  return layer.positionWord === 'tokens' && layer.family !== 'value' ? 'values' : 'sample';
}

export function foldHealth(state: LayerHealth, batch: ObservedBatch, watched: Iterable<string>): void {
  for (const layer of batch.layers) foldMagnitudes(state, layer.value, batch);
  for (const value of watched) foldMagnitudes(state, value, batch);
  for (const layer of batch.layers) {
    const rows = state.rows.get(layer.value);
    if (rows === undefined) continue;
    const values = batch.get(layer.value, rowKind(layer));
    batch.indices.forEach((index, row) => addRows(rows, values, row, index));
  }
}

function foldMagnitudes({ magnitudes }: LayerHealth, value: string, batch: ObservedBatch): void {
  const own = magnitudes.get(value);
  if (own === undefined) return;
  const { data, entries, columns: units } = batch.get(value, 'absolute-sum');
  for (let row = 0; row < batch.indices.length; row++) {
    for (let unit = 0; unit < units; unit++) {
      const magnitude = data[row * units + unit] as number;
      if (!Number.isFinite(magnitude)) continue;
      own.sum[unit] = (own.sum[unit] as number) + magnitude;
      own.entries[unit] = (own.entries[unit] as number) + entries;
    }
  }
}

export function mergeHealth(into: LayerHealth, other: LayerHealth): void {
  for (const [value, { sum, entries }] of other.magnitudes) {
    const own = into.magnitudes.get(value);
    if (own === undefined) continue;
    mergeCounts(own.sum, sum);
    mergeCounts(own.entries, entries);
  }
  if (into.rows === other.rows) return;
  for (const [value, rows] of other.rows) {
    const own = into.rows.get(value);
    if (own !== undefined) mergeRows(own, rows);
  }
}

/** Mean |h| per unit of a layer or watched value. */
export function meanMagnitudes({ sum, entries }: Magnitudes): Float64Array {
  return sum.map((each, unit) => each / (entries[unit] as number));
}
