/** Bytes and element types of the weights that nodes read. */
import { constantTensor } from '../formats/onnx/constant-node.js';
import { dataTypeName, elementBytes, safeTensorDims } from '../formats/onnx/tensor-proto.js';
import type { TensorProto } from '../formats/onnx/onnx_pb.js';
import { elementCount } from '../tensor/tensor.js';
import type { Graph } from './graph.js';
import { isHidden } from './scopes.js';

export interface WeightBytes {
  /** By node index: bytes of the constants that the node reads; each is counted once, at its first reader. */
  readonly bytes: readonly number[];
  /** By node index: element types of all constants that it reads, each once. */
  readonly types: readonly (readonly string[])[];
}

/** Bytes as elements are packed in memory; texts count their own. Constants inside subgraphs are not counted. */
export function weightBytes(graph: Graph): WeightBytes {
  const bytes = graph.nodes.map(() => 0);
  const types = graph.nodes.map(() => new Set<string>());
  const count = (value: string, tensor: TensorProto): void => {
    const readers = graph.consumersOf(value);
    const type = dataTypeName(tensor.dataType);
    for (const { index } of readers) types[index]?.add(type);
    const [first] = readers;
    if (first !== undefined) bytes[first.index] = (bytes[first.index] ?? 0) + tensorBytes(tensor);
  };
  for (const tensor of graph.proto.initializer) count(tensor.name, tensor);
  for (const node of graph.nodes) {
    const tensor = isHidden(node) ? constantTensor(node.proto) : undefined;
    if (tensor !== undefined) count(node.outputs[0] ?? '', tensor);
  }
  return { bytes, types: types.map((set) => [...set]) };
}

function tensorBytes(tensor: TensorProto): number {
  const size = elementBytes(tensor.dataType);
  if (size === undefined) return tensor.stringData.reduce((sum, text) => sum + text.length, 0);
  const bytes = Math.ceil(elementCount(safeTensorDims(tensor) ?? [0]) * size);
  return Number.isSafeInteger(bytes) ? bytes : 0;
}
