/** Element types of weights as they are read from files, and their numbers. */
import { decodeHalf } from './half.js';
import type { NumberArray } from './tensor.js';
import { ARRAYS, type NumberType } from './typed-array.js';

/** 16-bit floats are kept as their bits, in a Uint16Array. */
export type StoredType = NumberType | 'bfloat16';

export function bytesPerStored(type: StoredType): number {
  return BYTES[type];
}

const BYTES: Readonly<Record<StoredType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};

/** Room for `count` elements, all zero. */
export function storedArray(type: StoredType, count: number): NumberArray {
  return new ARRAYS[type === 'bfloat16' ? 'float16' : type](count);
}

/** The number that 16 bits mean as bfloat16: the upper half of a float32. */
export function decodeBfloat16(bits: number): number {
  word[0] = bits << 16;
  return single[0] as number;
}

/** The bits of the nearest bfloat16, ties to even. @param value not NaN. */
export function encodeBfloat16(value: number): number {
  single[0] = value;
  const bits = word[0] as number;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

let halves: Float32Array | undefined;
let brainHalves: Float32Array | undefined;

/** What each of the 65,536 bit patterns of a 16-bit float means. */
export function sixteenBitTable(type: 'float16' | 'bfloat16'): Float32Array {
  if (type === 'float16') return (halves ??= Float32Array.from({ length: 65536 }, (_, bits) => decodeHalf(bits)));
  return (brainHalves ??= Float32Array.from({ length: 65536 }, (_, bits) => decodeBfloat16(bits)));
}

/**
 * Stored elements as numbers: as they are where they are floats, decoded where they are bits; 64-bit integers may round.
 * @param room what 16-bit floats are decoded into where it is large enough, for callers that ask again and again.
 */
export function storedNumbers(type: StoredType, data: NumberArray, room?: Float32Array): Float32Array | Float64Array {
  if (type === 'float16' || type === 'bfloat16') {
    const table = sixteenBitTable(type);
    const hasRoom = room !== undefined && room.length >= data.length;
    const numbers = hasRoom ? room.subarray(0, data.length) : new Float32Array(data.length);
    for (let i = 0; i < numbers.length; i++) numbers[i] = table[data[i] as number] as number;
    return numbers;
  }
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  // 8- and 16-bit integers are exact in 32 bits of float, 32-bit integers are not.
  return data.BYTES_PER_ELEMENT < 4 ? Float32Array.from(data) : Float64Array.from(data);
}
