import { ProblemError } from '../errors.js';
import type { TensorProto } from '../formats/onnx/onnx_pb.js';
import { safeTensorDims, tensorFromProto, tensorReference } from '../formats/onnx/tensor-proto.js';
import { decodeHalf } from '../tensor/half.js';
import { elementCount } from '../tensor/tensor.js';
import type { Graph } from './graph.js';

/** More integers than any list of axes, pads or permutations holds. */
const MAXIMUM_LIST = 64;

/** The value of a constant with exactly one element (0 or more dimensions), or undefined. */
export function scalarConstant(graph: Graph, value: string): number | undefined {
  return constantNumbers(graph, value, 1)?.[0];
}

/** A short constant list of integers (axes, a permutation, a target shape), or undefined. */
export function integerConstants(graph: Graph, value: string): readonly number[] | undefined {
  return constantNumbers(graph, value, MAXIMUM_LIST);
}

/** Elements of a constant that the file itself holds and that has at most `limit`; undefined for any other value. */
function constantNumbers(graph: Graph, value: string, limit: number): readonly number[] | undefined {
  const tensor = constantBehind(graph, value);
  if (tensor === undefined || elementCount(safeTensorDims(tensor) ?? [Infinity]) > limit) return undefined;
  try {
    if (tensorReference(tensor) !== undefined) return undefined;
    const { type, data } = tensorFromProto(tensor);
    if (type === 'string') return undefined;
    return Array.from(
      data as ArrayLike<number | bigint>,
      type === 'float16' ? (bits) => decodeHalf(Number(bits)) : Number,
    );
  } catch (error) {
    // A broken constant is reported where the file is read; here it is only not known.
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

/** Follows the copies that exporters put between a constant and its reader. */
function constantBehind(graph: Graph, value: string): TensorProto | undefined {
  let name = value;
  for (let step = 0; step < 4; step++) {
    const tensor = graph.initializer(name);
    if (tensor !== undefined) return tensor;
    const producer = graph.producerOf(name);
    if (producer === undefined || producer.domain !== '') return undefined;
    if (!['Identity', 'Cast', 'CastLike', 'Unsqueeze', 'Squeeze'].includes(producer.opType)) return undefined;
    name = producer.inputs[0] ?? '';
  }
  return undefined;
}

const CONSTANT_STEPS = 4;

/** Whether a value comes from constants alone, through at most a few nodes (a transposed or dequantised weight). */
export function isFromConstants(graph: Graph, value: string): boolean {
  /** With how many steps left a value came from something else: ways that meet are not gone again. */
  const tried = new Map<string, number>();
  const known = new Set<string>();
  const follow = (name: string, steps: number): boolean => {
    if (known.has(name) || graph.initializer(name) !== undefined) return true;
    const node = graph.producerOf(name);
    if (node === undefined || steps <= (tried.get(name) ?? 0) || graph.subgraphs(node).length > 0) return false;
    tried.set(name, steps);
    const isConstant = node.inputs.length > 0 && node.inputs.every((input) => input === '' || follow(input, steps - 1));
    if (isConstant) known.add(name);
    return isConstant;
  };
  return follow(value, CONSTANT_STEPS);
}
