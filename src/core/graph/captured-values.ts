import type { GraphProto } from '../formats/onnx/onnx_pb.js';
import { attributeGraphs } from '../formats/onnx/walk.js';

/**
 * Values that a graph reads from the scopes around it: read by its nodes (or their subgraphs) or named as its outputs,
 * and neither an input, an initializer nor the output of a node inside.
 */
export function capturedValues(graph: GraphProto): Set<string> {
  const defined = new Set<string>();
  for (const input of graph.input) defined.add(input.name);
  for (const tensor of graph.initializer) defined.add(tensor.name);
  for (const tensor of graph.sparseInitializer) defined.add(tensor.values?.name ?? '');
  for (const node of graph.node) for (const output of node.output) defined.add(output);
  const captured = new Set<string>();
  const read = (name: string): void => {
    if (name !== '' && !defined.has(name)) captured.add(name);
  };
  for (const node of graph.node) {
    node.input.forEach(read);
    for (const inner of attributeGraphs(node)) capturedValues(inner.graph).forEach(read);
  }
  for (const output of graph.output) read(output.name);
  return captured;
}
