/**
 * Moves every tensor that lies in a file into the initializers of the main graph. Engines take references for
 * initializers only, and onnxruntime-web for those of the main graph only; subgraphs may read whatever is around them.
 */
import { create } from '@bufbuild/protobuf';
import {
  NodeProtoSchema,
  TensorProto_DataLocation,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from './onnx_pb.js';
import { attributeGraphs } from './walk.js';

/** The graph with its references hoisted. The given graph is not changed; messages are shared with it. */
export function hoistReferences(graph: GraphProto): GraphProto {
  const names = uniqueNames(graph);
  const hoisted: TensorProto[] = [];
  const node: NodeProto[] = [];
  for (const candidate of graph.node) {
    const constant = referringConstant(candidate);
    if (constant === undefined)
      node.push(withSubgraphs(candidate, (inner) => hoistFromSubgraph(inner, names, hoisted)));
    else hoisted.push(constant);
  }
  return { ...graph, node, initializer: [...graph.initializer, ...hoisted] };
}

function hoistFromSubgraph(graph: GraphProto, names: UniqueNames, hoisted: TensorProto[]): GraphProto {
  const inputs = new Set(graph.input.map((input) => input.name));
  const outputs = new Set(graph.output.map((output) => output.name));
  const renamed = new Map<string, string>();
  const identities: NodeProto[] = [];
  const hoist = (tensor: TensorProto): void => {
    // Branches may use the same name for different tensors, and a graph must make its outputs itself.
    const isOutput = outputs.has(tensor.name);
    const name = isOutput || !names.isUnique(tensor.name) ? names.fresh(tensor.name) : tensor.name;
    hoisted.push({ ...tensor, name });
    if (name !== tensor.name) renamed.set(tensor.name, name);
    if (isOutput)
      identities.push(create(NodeProtoSchema, { opType: 'Identity', input: [name], output: [tensor.name] }));
  };
  const initializer: TensorProto[] = [];
  for (const tensor of graph.initializer) {
    if (isReference(tensor) && !inputs.has(tensor.name)) hoist(tensor);
    else initializer.push(tensor);
  }
  const kept: NodeProto[] = [];
  for (const candidate of graph.node) {
    const constant = referringConstant(candidate);
    if (constant === undefined)
      kept.push(withSubgraphs(candidate, (inner) => hoistFromSubgraph(inner, names, hoisted)));
    else hoist(constant);
  }
  const node = renamed.size === 0 ? kept : kept.map((candidate) => withRenamedInputs(candidate, renamed));
  return { ...graph, initializer, node: [...identities, ...node] };
}

/** The tensor of a Constant node, under the name of its value, when it lies in a file. */
function referringConstant(node: NodeProto): TensorProto | undefined {
  if (node.opType !== 'Constant' || (node.domain !== '' && node.domain !== 'ai.onnx')) return undefined;
  const tensor = node.attribute.find((attribute) => attribute.name === 'value')?.t;
  const name = node.output[0];
  return tensor !== undefined && name !== undefined && isReference(tensor) ? { ...tensor, name } : undefined;
}

function isReference(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
}

function withSubgraphs(node: NodeProto, change: (graph: GraphProto) => GraphProto): NodeProto {
  if (attributeGraphs(node).length === 0) return node;
  const attribute = node.attribute.map((inner): AttributeProto => ({
    ...inner,
    g: inner.g === undefined ? undefined : change(inner.g),
    graphs: inner.graphs.map(change),
  }));
  return { ...node, attribute };
}

function withRenamedInputs(node: NodeProto, renamed: ReadonlyMap<string, string>): NodeProto {
  const input = node.input.map((name) => renamed.get(name) ?? name);
  return withSubgraphs({ ...node, input }, (graph) => ({
    ...graph,
    node: graph.node.map((inner) => withRenamedInputs(inner, renamed)),
  }));
}

interface UniqueNames {
  /** Whether one place of the model only makes a value of this name. */
  isUnique(name: string): boolean;
  /** A name that nothing has, like the given one. */
  fresh(name: string): string;
}

function uniqueNames(main: GraphProto): UniqueNames {
  const definitions = new Map<string, number>();
  const lastNumber = new Map<string, number>();
  const count = (name: string): void => void definitions.set(name, (definitions.get(name) ?? 0) + 1);
  const visit = (graph: GraphProto): void => {
    for (const { name } of graph.input) count(name);
    for (const { name } of graph.initializer) count(name);
    for (const node of graph.node) {
      node.output.forEach(count);
      for (const { graph: inner } of attributeGraphs(node)) visit(inner);
    }
  };
  visit(main);
  return {
    isUnique: (name) => definitions.get(name) === 1,
    fresh(name) {
      let number = (lastNumber.get(name) ?? 0) + 1;
      while (definitions.has(`${name}_${number}`)) number++;
      lastNumber.set(name, number);
      const fresh = `${name}_${number}`;
      count(fresh);
      return fresh;
    },
  };
}
