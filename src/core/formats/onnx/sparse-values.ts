/**
 * A sparse tensor as the dense one that it stands for: the numbers that are stored, and zeros between them.
 * Source: onnx.proto, SparseTensorProto: indices are positions in row-major order, or one index per axis, ascending.
 */
import { create } from '@bufbuild/protobuf';
import { breather } from '../../breathe.js';
import { storedArray } from '../../tensor/stored-type.js';
import { elementCount } from '../../tensor/tensor.js';
import { checkRange } from '../plain-values.js';
import type { TensorValues } from '../tensor-file.js';
import type { OpenLocation } from './external-data.js';
import {
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type SparseTensorProto,
  type TensorProto,
} from './onnx_pb.js';
import { malformedTensor, tensorDims } from './tensor-proto.js';
import { onnxTensorValues } from './tensor-values.js';

/** Indices that are read at once. */
const STEP_INDICES = 256 * 1024;

export interface SparseTensor {
  readonly name: string;
  /** Of the dense tensor. */
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Numbers that are stored. */
  readonly stored: number;
  /** Of the dense tensor; undefined where its type has none. */
  readonly values: TensorValues | undefined;
}

/** @throws ProblemError `malformed-model` when values, indices and dims do not fit together. */
export function sparseTensor(sparse: SparseTensorProto, open: OpenLocation): SparseTensor {
  const proto = sparse.values ?? create(TensorProtoSchema);
  const dims = tensorDims(create(TensorProtoSchema, { name: proto.name, dims: sparse.dims }));
  const stored = elementCount(tensorDims(proto));
  const described = { name: proto.name, dims, dataType: proto.dataType, stored };
  const values = onnxTensorValues(proto, open);
  if (values === undefined) return { ...described, values };
  const indices =
    sparse.indices ?? create(TensorProtoSchema, { name: proto.name, dataType: DataType.INT64, dims: [0n] });
  const axes = checkedAxes(indices, stored, dims.length);
  const indexValues = onnxTensorValues(indices, open);
  let positions: Promise<Float64Array> | undefined;
  const elements = elementCount(dims);
  return {
    ...described,
    values: {
      type: values.type,
      async read(start, count) {
        checkRange(start, count, elements);
        positions ??= readPositions(proto, indexValues, stored, axes, dims);
        const places = await positions;
        const first = lowerBound(places, start);
        const end = lowerBound(places, start + count);
        const dense = storedArray(values.type, count);
        const numbers = await values.read(first, end - first);
        for (let i = first; i < end; i++) dense[(places[i] as number) - start] = numbers[i - first] as never;
        return dense;
      },
    },
  };
}

/** Numbers per stored element in the list of indices: 1 for positions, else one for each axis. */
function checkedAxes(indices: TensorProto, stored: number, rank: number): number {
  const shape = tensorDims(indices);
  const isList = shape.length === 1 && shape[0] === stored;
  const isTable = shape.length === 2 && shape[0] === stored && shape[1] === rank;
  if (indices.dataType !== DataType.INT64 || !(isList || isTable)) {
    throw malformedTensor(indices, `is no list of where ${stored} numbers of ${rank} axes are`);
  }
  return isList ? 1 : rank;
}

async function readPositions(
  proto: TensorProto,
  indices: TensorValues | undefined,
  stored: number,
  axes: number,
  dims: readonly number[],
): Promise<Float64Array> {
  // Fails where the list is shorter than it is said to be, before room is made for it.
  if (stored > 0) await indices?.read(stored * axes - 1, 1);
  const positions = new Float64Array(stored);
  const bounds = axes === 1 ? [elementCount(dims)] : dims;
  const pause = breather();
  let last = -1;
  for (let from = 0; from < stored; from += STEP_INDICES) {
    const count = Math.min(STEP_INDICES, stored - from);
    const list = await indices?.read(from * axes, count * axes);
    for (let i = 0; i < count; i++) {
      let position = 0;
      for (let axis = 0; axis < axes; axis++) {
        const index = Number(list?.[i * axes + axis]);
        const bound = bounds[axis] ?? 0;
        if (!(index >= 0 && index < bound)) throw malformedTensor(proto, `has a number at ${index}, outside its shape`);
        position = position * bound + index;
      }
      if (position <= last) throw malformedTensor(proto, 'lists its numbers in no ascending order');
      positions[from + i] = last = position;
    }
    await pause();
  }
  return positions;
}

/** The first index whose value is at least `target`; values ascend. */
function lowerBound(values: Float64Array, target: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < target) low = middle + 1;
    else high = middle;
  }
  return low;
}
