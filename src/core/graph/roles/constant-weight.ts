/** Constant weights as products read them: the tensor of the file behind casts, dequantisation and transposes. */
import { safeTensorDims } from '../../formats/onnx/tensor-proto.js';
import { attributeInts } from '../attributes.js';
import type { Graph } from '../graph.js';

export interface ConstantWeight {
  /** The value that the product reads. */
  readonly value: string;
  /** The initializer behind it; the same name where nothing stands in between. */
  readonly tensor: string;
  /** Sizes of the value that the product reads. */
  readonly dims: readonly number[];
  /** For each axis of that value, the axis of `tensor` that it is. */
  readonly tensorAxes: readonly number[];
}

/** Nodes between a tensor and its reader: exporters write one or two. */
const MAXIMUM_STEPS = 6;

const SAME_LAYOUT = new Set(['Identity', 'Cast', 'DequantizeLinear', 'CastLike']);

/** The constant weight that a value is, or undefined where it depends on an input or on anything but one tensor. */
export function constantWeight(graph: Graph, value: string): ConstantWeight | undefined {
  let name = value;
  /** By axis of `value`: the axis of `name`. */
  let axes: readonly number[] | undefined;
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const tensor = graph.initializer(name);
    if (tensor !== undefined) {
      const dims = safeTensorDims(tensor);
      if (dims === undefined) return undefined;
      const tensorAxes = axes ?? dims.map((_, axis) => axis);
      if (tensorAxes.length !== dims.length) return undefined;
      return { value, tensor: name, tensorAxes, dims: tensorAxes.map((axis) => dims[axis] ?? 0) };
    }
    const node = graph.producerOf(name);
    if (node === undefined || node.domain !== '') return undefined;
    if (node.opType === 'Transpose') {
      const rank = (attributeInts(node, 'perm') ?? axes ?? [0, 0]).length;
      const permutation = attributeInts(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
      axes = axes === undefined ? permutation : axes.map((axis) => permutation[axis] ?? 0);
    } else if (!SAME_LAYOUT.has(node.opType)) return undefined;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}

/** Whether a value is a constant of the file. */
export function isConstantValue(graph: Graph, value: string): boolean {
  return graph.initializer(value) !== undefined || constantWeight(graph, value) !== undefined;
}
