/** Where a graph's parameters are: elements of floating-point initializers, and of constants large enough to be weights. */
import { attributeGraphs } from '../formats/onnx/walk.js';
import type { GraphProto, NodeProto, TensorProto } from '../formats/onnx/onnx_pb.js';
import { dataTypeName, safeTensorDims } from '../formats/onnx/tensor-proto.js';
import { SMALLEST_WEIGHT_CONSTANT } from '../formats/onnx/weights.js';
import { elementCount } from '../tensor/tensor.js';
import { constantTensor } from '../formats/onnx/constant-node.js';
import type { Graph } from './graph.js';
import { isHidden } from './scopes.js';

export interface ParameterCount {
  /** By node index: parameters that the node or its subgraphs read; each is counted once, at its first reader. */
  readonly byNode: readonly number[];
  readonly total: number;
}

const cache = new WeakMap<Graph, ParameterCount>();

export function countParameters(graph: Graph): ParameterCount {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const byNode = graph.nodes.map((node) => insideSubgraphs(node.proto));
  let unread = 0;
  const count = (value: string, elements: number): void => {
    const [reader] = graph.consumersOf(value);
    if (reader === undefined) unread += elements;
    else byNode[reader.index] = (byNode[reader.index] ?? 0) + elements;
  };
  for (const tensor of graph.proto.initializer) count(tensor.name, parameterElements(tensor));
  for (const node of graph.nodes) {
    const tensor = isHidden(node) ? constantTensor(node.proto) : undefined;
    if (tensor !== undefined) count(node.outputs[0] ?? '', weightConstant(tensor));
  }
  const sparse = graph.proto.sparseInitializer.reduce(
    (sum, { values }) => sum + (values === undefined ? 0 : parameterElements(values)),
    0,
  );
  const result = { byNode, total: byNode.reduce((sum, value) => sum + value, unread + sparse) };
  cache.set(graph, result);
  return result;
}

function insideSubgraphs(node: NodeProto): number {
  return attributeGraphs(node).reduce((sum, { graph }) => sum + insideGraph(graph), 0);
}

function insideGraph(graph: GraphProto): number {
  const initializers = graph.initializer.reduce((sum, tensor) => sum + parameterElements(tensor), 0);
  return graph.node.reduce((sum, node) => {
    const constant = node.opType === 'Constant' ? constantTensor(node) : undefined;
    return sum + insideSubgraphs(node) + (constant === undefined ? 0 : weightConstant(constant));
  }, initializers);
}

function weightConstant(tensor: TensorProto): number {
  const elements = parameterElements(tensor);
  return elements >= SMALLEST_WEIGHT_CONSTANT ? elements : 0;
}

/** Elements of a floating-point tensor, 0 for any other. */
function parameterElements(tensor: TensorProto): number {
  if (!/float/.test(dataTypeName(tensor.dataType))) return 0;
  const dims = safeTensorDims(tensor);
  const elements = dims === undefined ? 0 : elementCount(dims);
  return Number.isSafeInteger(elements) ? elements : 0;
}
