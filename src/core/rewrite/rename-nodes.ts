import type { AttributeProto, GraphProto, NodeProto, SparseTensorProto } from '../formats/onnx/onnx_pb.js';

/** Names that a graph gives to its own values. */
export function ownNames({ input, initializer, sparseInitializer, node }: GraphProto): ReadonlySet<string> {
  const names = new Set([...input, ...initializer].map(({ name }) => name));
  for (const { values } of sparseInitializer) names.add(values?.name ?? '');
  for (const each of node) for (const output of each.output) names.add(output);
  names.delete('');
  return names;
}

/**
 * A node that reads and makes other values.
 * @param rename the new name of a value of the scope that the node stands in.
 * @param fresh the new name of a value that a graph inside the node makes: one that nothing outside is called by, so that
 *   a value that the node now reads is never taken for one of these.
 */
export function renamedNode(
  node: NodeProto,
  rename: (name: string) => string,
  fresh: (name: string) => string,
): NodeProto {
  const renamed = (name: string): string => (name === '' ? '' : rename(name));
  const inGraph = (graph: GraphProto): GraphProto => {
    const own = ownNames(graph);
    const inside = (name: string): string => (own.has(name) ? fresh(name) : renamed(name));
    const named = <T extends { readonly name: string }>(each: T): T => ({ ...each, name: inside(each.name) });
    return {
      ...graph,
      node: graph.node.map((each) => renamedNode(each, inside, fresh)),
      input: graph.input.map(named),
      output: graph.output.map(named),
      initializer: graph.initializer.map(named),
      sparseInitializer: graph.sparseInitializer.map((each) => renamedSparse(each, inside)),
      valueInfo: [],
    };
  };
  const attribute = node.attribute.map((each): AttributeProto => {
    if (each.g === undefined && each.graphs.length === 0) return each;
    return { ...each, g: each.g && inGraph(each.g), graphs: each.graphs.map(inGraph) };
  });
  return {
    ...node,
    name: renamed(node.name),
    input: node.input.map(renamed),
    output: node.output.map(renamed),
    attribute,
  };
}

export function renamedSparse(tensor: SparseTensorProto, rename: (name: string) => string): SparseTensorProto {
  const { values } = tensor;
  return { ...tensor, values: values && { ...values, name: rename(values.name) } };
}
