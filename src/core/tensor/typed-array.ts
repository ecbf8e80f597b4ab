import type { ElementType, NumberArray } from './tensor.js';

/** Types whose values a typed array holds. */
export type NumberType = Exclude<ElementType, 'string'>;

/** The typed array of each element type. */
export const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Readonly<Record<NumberType, unknown>>;

export function bytesPerElement(type: NumberType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

/** Little-endian bytes as values; copies, so that the array is aligned and alone in its buffer. */
export function valuesFromBytes(type: NumberType, bytes: Uint8Array): NumberArray {
  return new ARRAYS[type](new Uint8Array(bytes).buffer);
}

/** The bytes of an array's values, not copied. */
export function bytesOfValues(values: NumberArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
