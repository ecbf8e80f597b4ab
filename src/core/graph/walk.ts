import type { GraphProto, ModelProto, NodeProto } from '../formats/onnx/onnx_pb.js';
import { attributeGraphs } from './attributes.js';

/** Every node that a list of nodes holds: the nodes, and those of their subgraphs at any depth. */
export function* everyNodeOf(nodes: readonly NodeProto[]): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    for (const { graph } of attributeGraphs(node)) yield* everyNodeOf(graph.node);
  }
}

/** Every node of a model: main graph, subgraphs at any depth, and bodies of the model's own functions. */
export function* everyNode(model: ModelProto): Generator<NodeProto> {
  if (model.graph !== undefined) yield* everyNodeOf(model.graph.node);
  for (const definition of model.functions) yield* everyNodeOf(definition.node);
}

/** Every graph of a model: the main graph, and subgraphs at any depth (also inside functions). */
export function* everyGraph(model: ModelProto): Generator<GraphProto> {
  if (model.graph !== undefined) yield model.graph;
  for (const node of everyNode(model)) for (const { graph } of attributeGraphs(node)) yield graph;
}

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
