/** Everything of one kind that a model holds, wherever it is nested. */
import type { GraphProto, ModelProto, NodeProto, TensorProto } from './onnx_pb.js';

/** Every graph in a node's attributes, in order: `then_branch`, `else_branch`, `body`. */
export function attributeGraphs(
  node: NodeProto,
): readonly { readonly attribute: string; readonly graph: GraphProto }[] {
  const graphs: { attribute: string; graph: GraphProto }[] = [];
  for (const candidate of node.attribute) {
    if (candidate.g !== undefined) graphs.push({ attribute: candidate.name, graph: candidate.g });
    for (const graph of candidate.graphs) graphs.push({ attribute: candidate.name, graph });
  }
  return graphs;
}

/** Every node that a list of nodes holds: the nodes, and those of their subgraphs at any depth. */
function* everyNodeOf(nodes: readonly NodeProto[]): Generator<NodeProto> {
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

/** Every tensor that a model needs to run: initializers, dense and sparse, and tensors in attributes. */
export function* everyTensor(model: ModelProto): Generator<TensorProto> {
  for (const graph of everyGraph(model)) {
    yield* graph.initializer;
    for (const sparse of graph.sparseInitializer) yield* partsOf([sparse.values, sparse.indices]);
  }
  for (const node of everyNode(model)) {
    for (const attribute of node.attribute) {
      yield* partsOf([attribute.t, ...attribute.tensors]);
      for (const sparse of [attribute.sparseTensor, ...attribute.sparseTensors]) {
        yield* partsOf([sparse?.values, sparse?.indices]);
      }
    }
  }
}

function partsOf(tensors: readonly (TensorProto | undefined)[]): TensorProto[] {
  return tensors.filter((tensor) => tensor !== undefined);
}
