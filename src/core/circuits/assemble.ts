/** Nodes and edges of the rows that were read. */
import { breather } from '../breathe.js';
import { throwIfCancelled } from '../errors.js';
import type { AttributionGraph, CircuitNode } from './attribution-graph.js';
import { createEdgeBuilder } from './edge-matrix.js';
import type { OutputTarget } from './output-targets.js';
import { absoluteSum, type Row } from './rank.js';
import type { Written } from './written.js';

export interface Parts {
  readonly positions: number;
  readonly written: Written;
  /** By feature: nodes are those that have one. */
  readonly featureRows: ReadonlyMap<number, Row>;
  readonly outputRows: readonly Row[];
  readonly targets: readonly OutputTarget[];
  /** The feature that is the target, among those that are active. */
  readonly root?: number | undefined;
}

/** Tokens first; then by layer its features, and its errors, which only later layers get; outputs last. */
export async function assemble(
  { positions, written, featureRows, outputRows, targets, root }: Parts,
  signal?: AbortSignal,
): Promise<AttributionGraph> {
  const { features, errors, bounds } = written;
  const nodes: CircuitNode[] = [];
  /** Where a source's contribution stands in a row: tokens, features and errors one after the other. */
  const places: number[] = [];
  const rows: (Row | undefined)[] = [];
  let rootNode = -1;
  const add = (node: CircuitNode, place: number, row?: Row): void => {
    nodes.push(node);
    places.push(place);
    rows.push(row);
  };
  for (let position = 0; position < positions; position++) add({ kind: 'token', position }, position);
  bounds.forEach(([first, end], layer) => {
    for (let index = first; index < end; index++) {
      const row = featureRows.get(index);
      const feature = features[index];
      if (index === root) rootNode = nodes.length;
      if (row !== undefined && feature !== undefined) add({ kind: 'feature', ...feature }, positions + index, row);
    }
    const firstError = positions + features.length + layer * positions;
    for (let position = 0; position < positions; position++)
      add({ kind: 'error', layer, position }, firstError + position);
  });
  const sources = nodes.length;
  targets.forEach((target, at) => add({ kind: 'output', target }, -1, outputRows[at]));

  const builder = createEdgeBuilder(nodes.length);
  const [values, biases, left] = [0, 0, 0].map(() => new Float64Array(nodes.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let residual = 0;
  const everything = new Float32Array(positions + features.length + errors.length * positions);
  /** Of each target a first part: nodes stand in the order in which they can be sources. */
  const everyNode = Uint32Array.from(nodes.keys());
  const weights = new Float32Array(nodes.length);
  const leftOut = [...features.keys()].filter((index) => !featureRows.has(index));
  const rest = breather();
  for (const [node, row] of rows.entries()) {
    throwIfCancelled(signal);
    await rest();
    if (row === undefined) {
      builder.add([], []);
      continue;
    }
    everything.set(row.tokens, 0);
    everything.set(row.features, positions);
    everything.set(row.errors, positions + features.length);
    const before = Math.min(node, sources);
    for (let source = 0; source < before; source++) weights[source] = everything[places[source] as number] as number;
    builder.add(everyNode.subarray(0, before), weights.subarray(0, before));
    values[node] = row.value;
    biases[node] = row.biases;
    left[node] = leftOut.reduce((sum, index) => sum + (row.features[index] as number), 0);
    let made = row.biases;
    for (const weight of everything) made += weight;
    const size = absoluteSum(row) + Math.abs(row.biases) + Math.abs(row.value);
    residual = Math.max(residual, size === 0 ? 0 : Math.abs(row.value - made) / size);
  }
  return {
    nodes,
    edges: builder.finish(),
    values,
    biases,
    left,
    errors,
    active: features.length,
    leftOut: features.length - featureRows.size,
    outputs: Float64Array.from(nodes, (node, at) =>
      node.kind === 'output' ? node.target.weight : Number(at === rootNode),
    ),
    residual,
  };
}
