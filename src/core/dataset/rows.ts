import { problem } from '../errors.js';
import { decodeHalf, encodeHalf, roundHalfEven } from '../tensor/half.js';
import { ARRAYS, type NumberType } from '../tensor/typed-array.js';
import { elementCount, type ElementType, type NumberArray, type Tensor } from '../tensor/tensor.js';

/** One example of one input, before batching: values in any numeric type, row-major. */
export interface Row {
  readonly type: ElementType;
  /** Without the batch axis. */
  readonly dims: readonly number[];
  readonly data: NumberArray;
}

/** Whole numbers that a type holds; floats and 64-bit types take every number that we make. */
const LIMITS: Partial<Record<ElementType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  bool: [0, 1],
};

/** Elements of one tensor that we are willing to allocate: 1 GiB of float32. */
export const MAXIMUM_ELEMENTS = 2 ** 28;

export type FeedType = NumberType;

export function isFeedType(type: string): type is FeedType {
  return Object.hasOwn(ARRAYS, type);
}

/** @throws ProblemError `invalid-inputs` when one example of this shape is more than can be allocated. */
export function checkElements(input: { readonly name: string }, shape: readonly number[]): void {
  checkCount(elementCount(shape), input.name);
}

function checkCount(count: number, input: string): void {
  if (!(count <= MAXIMUM_ELEMENTS)) {
    throw problem('invalid-inputs', `The input “${input}” would need ${count} values in one batch.`, {
      place: `input “${input}”`,
      remedy: 'Set a smaller size or a smaller batch in the recipe.',
    });
  }
}

/** @throws ProblemError `invalid-inputs` when that is too many elements. */
export function zeros(type: FeedType, count: number, input: string): NumberArray {
  checkCount(count, input);
  return new ARRAYS[type](count);
}

/** The row's values as plain numbers; 64-bit integers lose what a double cannot hold. */
export function numbers(row: Pick<Row, 'type' | 'data'>, start = 0, end = row.data.length): Float64Array {
  const out = new Float64Array(Math.max(0, end - start));
  for (let i = 0; i < out.length; i++) {
    const value = row.data[start + i] as number | bigint;
    out[i] = row.type === 'float16' ? decodeHalf(Number(value)) : Number(value);
  }
  return out;
}

/**
 * Writes `row` into a tensor's values as that tensor's type: floats are rounded for integer types, and integers beyond
 * the type's range are clamped. For a batch axis that is not the first, `place` says where each run of values goes.
 */
export function storeRow(
  target: NumberArray,
  type: FeedType,
  row: Row,
  place: { readonly offset: number; readonly runLength: number; readonly runStride: number },
): void {
  const count = row.data.length;
  if (count === 0) return;
  if (place.runLength < 1) throw new RangeError('Rows are stored in runs of at least one value');
  for (let start = 0, to = place.offset; start < count; start += place.runLength, to += place.runStride) {
    const end = Math.min(count, start + place.runLength);
    if (row.type === type || (target.constructor === row.data.constructor && type !== 'float16' && type !== 'bool')) {
      // Same representation on both sides; the two arrays have the same class.
      (target as Float32Array).set(row.data.subarray(start, end) as Float32Array, to);
    } else {
      storeNumbers(target, type, numbers(row, start, end), to);
    }
  }
}

function storeNumbers(target: NumberArray, type: FeedType, values: Float64Array, offset: number): void {
  const limits = LIMITS[type];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (target instanceof BigInt64Array || target instanceof BigUint64Array) {
      const whole = Number.isFinite(value) ? Math.round(value) : 0;
      target[offset + i] = BigInt(type === 'uint64' ? Math.max(0, whole) : whole);
    } else if (type === 'float16') {
      target[offset + i] = encodeHalf(value);
    } else if (limits !== undefined) {
      target[offset + i] = Math.min(limits[1], Math.max(limits[0], roundHalfEven(value)));
    } else {
      target[offset + i] = value;
    }
  }
}

/** A tensor that holds numbers, as one row. @throws ProblemError `invalid-inputs` for strings. */
export function rowOf(tensor: Tensor, place: string): Row {
  const { type, dims, data } = tensor;
  if (!ArrayBuffer.isView(data)) {
    throw problem('invalid-inputs', `${place} holds text, which cannot be fed.`, {
      place,
      remedy: 'Choose a file of numbers.',
    });
  }
  return { type, dims, data: data as NumberArray };
}
