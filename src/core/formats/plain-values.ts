/** Values that lie in a file one after the other, in the plain form of their type. */
import type { ByteSource } from '../bytes/byte-source.js';
import { readInto } from '../bytes/read-into.js';
import { bytesPerStored, storedArray, type StoredType } from '../tensor/stored-type.js';
import type { NumberArray } from '../tensor/tensor.js';
import { bytesOfValues } from '../tensor/typed-array.js';
import type { TensorValues } from './tensor-file.js';

export interface PlainLayout {
  readonly type: StoredType;
  /** Offset of the first value. */
  readonly start: number;
  /** Values in all. */
  readonly elements: number;
  readonly bigEndian?: boolean;
}

/** Each value once, row-major; no byte is copied after it was read. */
export function plainValues(source: ByteSource, { type, start, elements, bigEndian }: PlainLayout): TensorValues {
  return {
    type,
    async read(first, count) {
      checkRange(first, count, elements);
      return readPlain(source, type, start + first * bytesPerStored(type), count, bigEndian);
    },
    async readInto(first, target) {
      checkRange(first, target.length, elements);
      return fillPlain(source, type, start + first * bytesPerStored(type), target, bigEndian);
    },
    async locate() {
      if (type === 'bool' || (bigEndian === true && bytesPerStored(type) > 1)) return undefined;
      const place = await source.locate?.();
      return place && { path: place.path, offset: place.offset + start };
    },
  };
}

/** `count` values from a byte on. @throws as reading the source does. */
export async function readPlain(
  source: ByteSource,
  type: StoredType,
  offset: number,
  count: number,
  bigEndian = false,
): Promise<NumberArray> {
  const values = storedArray(type, count);
  await fillPlain(source, type, offset, values, bigEndian);
  return values;
}

/** As many values as the array has room for. @throws as reading the source does. */
export async function fillPlain(
  source: ByteSource,
  type: StoredType,
  offset: number,
  target: NumberArray,
  bigEndian = false,
): Promise<void> {
  const bytes = bytesOfValues(target);
  await readInto(source, offset, bytes);
  if (bigEndian) swapBytes(bytes, target.BYTES_PER_ELEMENT);
  // Writers may leave anything but zero for true.
  if (type === 'bool') for (let i = 0; i < target.length; i++) target[i] = target[i] === 0 ? 0 : 1;
}

/** Asking for elements that a tensor does not have is a defect of the caller. */
export function checkRange(first: number, count: number, elements: number): void {
  const inside =
    Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 0 && first + count <= elements;
  if (!inside) throw new RangeError(`Elements ${first} to ${first + count} of ${elements} do not exist.`);
}

/** Reverses the bytes of each value of `size` bytes, in place. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) {
    for (let low = at, high = at + size - 1; low < high; low++, high--) {
      const byte = bytes[low] ?? 0;
      bytes[low] = bytes[high] ?? 0;
      bytes[high] = byte;
    }
  }
}
