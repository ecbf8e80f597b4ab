/** Nodes of an attribution graph as columns of numbers. */
import type { AttributionGraph } from '../core/circuits/attribution-graph.js';
import type { CircuitLayers } from '../core/circuits/placing.js';
import { NODE_KINDS, type CircuitNodes } from '../protocol/circuits.js';

export function nodeColumns(
  { nodes, values, biases, left, outputs }: AttributionGraph,
  { layers }: CircuitLayers,
): CircuitNodes {
  return {
    kind: Uint8Array.from(nodes, ({ kind }) => NODE_KINDS.indexOf(kind)),
    layer: Int16Array.from(nodes, (node) => ('layer' in node ? (layers[node.layer]?.index ?? -1) : -1)),
    position: Int32Array.from(nodes, (node) => (node.kind === 'output' ? node.target.position : node.position)),
    feature: Int32Array.from(nodes, (node) => (node.kind === 'feature' ? node.feature : -1)),
    activation: Float32Array.from(nodes, (node) => (node.kind === 'feature' ? node.activation : 0)),
    value: values,
    biases,
    left,
    weight: outputs,
  };
}
