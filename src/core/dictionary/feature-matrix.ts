/**
 * A matrix with a row for each feature, wherever its numbers lie: rows are read on demand, so that a dictionary of any
 * size opens at once.
 */
import type { WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';

export interface FeatureMatrix {
  readonly tensor: WeightTensor;
  readonly features: number;
  /** Numbers of a row. */
  readonly width: number;
  /** What comes before the axis of the features, and behind it: the tensor is [outer, features, inner]. */
  readonly outer: number;
  readonly inner: number;
}

/** Below this, a matrix whose rows lie in pieces is read whole, once, instead of piece by piece. */
const READ_WHOLE_BYTES = 4 * 1024 * 1024;
const READS_AT_ONCE = 64;

/** @param axis the one that the features are on. */
export function featureMatrix(tensor: WeightTensor, axis: number): FeatureMatrix {
  const outer = elementCount(tensor.dims.slice(0, axis));
  const inner = elementCount(tensor.dims.slice(axis + 1));
  return { tensor, features: tensor.dims[axis] ?? 0, width: outer * inner, outer, inner };
}

/**
 * Rows `[first, first + count)`, one after the other: count × width. Row f has at `a inner + b` the element [a, f, b].
 * Rows that lie in one piece each take one read; of the others, only what belongs to the asked rows is read.
 * @throws ProblemError as reading the file does; RangeError for rows that there are not.
 */
export async function readRows(matrix: FeatureMatrix, first: number, count: number): Promise<Float32Array> {
  const { tensor, features, width, outer, inner } = matrix;
  const { values } = tensor;
  if (first < 0 || count < 0 || first + count > features)
    throw new RangeError(`Features ${first} to ${first + count} of ${features} do not exist.`);
  if (values === undefined) throw new Error(`“${tensor.name}” has no values.`);
  const read = async (start: number, length: number): Promise<Float32Array | Float64Array> =>
    storedNumbers(values.type, await values.read(start, length));
  const rows = new Float32Array(count * width);
  if (outer === 1) {
    rows.set(await read(first * inner, count * inner));
    return rows;
  }
  const put = (a: number, piece: Float32Array | Float64Array): void => {
    for (let row = 0; row < count; row++)
      rows.set(piece.subarray(row * inner, (row + 1) * inner), row * width + a * inner);
  };
  const pieceAt = (a: number): number => (a * features + first) * inner;
  if (features * width * bytesPerNumber(tensor) <= READ_WHOLE_BYTES) {
    const all = await read(0, features * width);
    for (let a = 0; a < outer; a++) put(a, all.subarray(pieceAt(a), pieceAt(a) + count * inner));
    return rows;
  }
  for (let from = 0; from < outer; from += READS_AT_ONCE) {
    const some = Array.from({ length: Math.min(READS_AT_ONCE, outer - from) }, (_, i) => from + i);
    const pieces = await Promise.all(some.map((a) => read(pieceAt(a), count * inner)));
    pieces.forEach((piece, i) => put(from + i, piece));
  }
  return rows;
}

function bytesPerNumber({ bytes, dims }: WeightTensor): number {
  return bytes / Math.max(1, elementCount(dims));
}
