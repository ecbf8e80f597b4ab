/** A tensor without some of its slices, as a stream of bytes: read in ranges, never held whole. */
import { create } from '@bufbuild/protobuf';
import type { OpenLocation } from '../../formats/onnx/external-data.js';
import { referencedBytes } from '../../formats/onnx/external-data.js';
import {
  elementBytes,
  ELEMENT_TYPES,
  inlineBytes,
  malformedTensor,
  tensorDims,
  tensorReference,
} from '../../formats/onnx/tensor-proto.js';
import { TensorProtoSchema, type TensorProto } from '../../formats/onnx/onnx_pb.js';
import { problem } from '../../errors.js';
import { elementCount } from '../../tensor/tensor.js';
import { bytesOfValues, valuesFromBytes } from '../../tensor/typed-array.js';

export interface Cut {
  readonly axis: number;
  /** Indices that leave, in rising order. */
  readonly removed: readonly number[];
}

export interface EditedTensor {
  /** As the file has it. */
  readonly source: TensorProto;
  readonly cuts: readonly Cut[];
  /** Added to the numbers along the last axis, before anything is cut. */
  readonly added?: Float64Array;
}

/** Rows are read together up to this size. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Dimensions that are left. */
export function editedDims({ source, cuts }: EditedTensor): number[] {
  const dims = tensorDims(source);
  for (const { axis, removed } of cuts) dims[axis] = (dims[axis] ?? 0) - removed.length;
  return dims;
}

/** A tensor without numbers: they come from what is cut. */
export function placeholder(name: string, edited: EditedTensor): TensorProto {
  const dims = editedDims(edited).map(BigInt);
  return create(TensorProtoSchema, { name, dataType: edited.source.dataType, dims });
}

/**
 * The bytes that are left, in the layout of raw data.
 * @throws ProblemError as opening and reading do, and `not-applicable` for elements of less than a byte.
 */
export async function* editedBytes(edited: EditedTensor, open: OpenLocation): AsyncGenerator<Uint8Array> {
  const { source, cuts, added } = edited;
  const dims = tensorDims(source);
  const size = elementBytes(source.dataType);
  if (size === undefined || !Number.isInteger(size)) {
    throw problem('not-applicable', 'Tensors whose elements are no whole bytes cannot be cut.', {
      place: `tensor “${source.name}”`,
    });
  }
  const [rows = 1, ...inner] = dims;
  const rowBytes = elementCount(inner) * size;
  const runs = keptRuns(inner, size, cuts);
  const rowBytesLeft = runs.reduce((sum, [from, to]) => sum + to - from, 0);
  const gone = new Set(cuts.filter(({ axis }) => axis === 0).flatMap(({ removed }) => removed));
  const read = await reader(source, open);
  const perPiece = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes)));
  for (let start = 0; start < rows; start += perPiece) {
    const end = Math.min(rows, start + perPiece);
    const kept = Array.from({ length: end - start }, (_, at) => start + at).filter((row) => !gone.has(row));
    if (kept.length === 0 || rowBytesLeft === 0) continue;
    const bytes = await read(start * rowBytes, end * rowBytes);
    const whole = added === undefined ? bytes : withAdded(edited, bytes, dims.length === 1 ? start : 0);
    const left = new Uint8Array(kept.length * rowBytesLeft);
    let at = 0;
    for (const row of kept) {
      const offset = (row - start) * rowBytes;
      for (const [from, to] of runs) {
        left.set(whole.subarray(offset + from, offset + to), at);
        at += to - from;
      }
    }
    yield left;
  }
}

async function reader(
  tensor: TensorProto,
  open: OpenLocation,
): Promise<(start: number, end: number) => Promise<Uint8Array>> {
  const reference = tensorReference(tensor);
  if (reference === undefined) {
    const bytes = inlineBytes(tensor);
    return (start, end) => Promise.resolve(bytes.subarray(start, end));
  }
  referencedBytes(tensor, reference.length);
  const source = await open(reference.location);
  return (start, end) => source.read(reference.offset + start, end - start);
}

/** Bytes of one row of the first axis that stay, as ranges in rising order. */
function keptRuns(
  inner: readonly number[],
  size: number,
  cuts: readonly Cut[],
): readonly (readonly [number, number])[] {
  let runs: (readonly [number, number])[] = [[0, size]];
  let length = size;
  for (let axis = inner.length - 1; axis >= 0; axis--) {
    const gone = new Set(cuts.filter((cut) => cut.axis === axis + 1).flatMap(({ removed }) => removed));
    const next: [number, number][] = [];
    const isWhole = runs.length === 1 && runs[0]?.[0] === 0 && runs[0][1] === length;
    for (let index = 0; index < (inner[axis] ?? 0); index++) {
      if (gone.has(index)) continue;
      const offset = index * length;
      const last = next.at(-1);
      if (isWhole && last?.[1] === offset) last[1] = offset + length;
      else next.push(...runs.map(([from, to]): [number, number] => [offset + from, offset + to]));
    }
    runs = next;
    length *= inner[axis] ?? 0;
  }
  return runs;
}

/** @param first index along the last axis of the first element, where the tensor is a vector. */
function withAdded({ source, added }: EditedTensor, bytes: Uint8Array, first: number): Uint8Array {
  const type = ELEMENT_TYPES[source.dataType];
  if (type !== 'float32' && type !== 'float64') throw malformedTensor(source, 'has a type that no sum is made in');
  const values = valuesFromBytes(type, bytes) as Float32Array | Float64Array;
  const width = added?.length ?? 1;
  for (let at = 0; at < values.length; at++) {
    values[at] = (values[at] as number) + (added?.[(first + at) % width] ?? 0);
  }
  return bytesOfValues(values);
}
