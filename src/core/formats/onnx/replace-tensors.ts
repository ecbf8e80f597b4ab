import type { AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto } from './onnx_pb.js';

/** The model with other tensors in the places of some, wherever they are nested. The given model is not changed. */
export function replaceTensors(model: ModelProto, replacements: ReadonlyMap<TensorProto, TensorProto>): ModelProto {
  const tensor = <T extends TensorProto | undefined>(found: T): T =>
    found === undefined ? found : ((replacements.get(found) ?? found) as T);
  const sparse = (found: SparseTensorProto): SparseTensorProto => ({
    ...found,
    values: tensor(found.values),
    indices: tensor(found.indices),
  });
  const attribute = (found: AttributeProto): AttributeProto => ({
    ...found,
    t: tensor(found.t),
    tensors: found.tensors.map(tensor),
    sparseTensor: found.sparseTensor && sparse(found.sparseTensor),
    sparseTensors: found.sparseTensors.map(sparse),
    g: found.g && graph(found.g),
    graphs: found.graphs.map(graph),
  });
  const nodes = (found: readonly NodeProto[]): NodeProto[] =>
    found.map((node) => (node.attribute.length === 0 ? node : { ...node, attribute: node.attribute.map(attribute) }));
  const graph = (found: GraphProto): GraphProto => ({
    ...found,
    initializer: found.initializer.map(tensor),
    sparseInitializer: found.sparseInitializer.map(sparse),
    node: nodes(found.node),
  });
  return {
    ...model,
    graph: model.graph && graph(model.graph),
    functions: model.functions.map((definition) => ({ ...definition, node: nodes(definition.node) })),
  };
}
