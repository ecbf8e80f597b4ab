import { problem } from '../errors.js';
import type { ByteSource } from './byte-source.js';

/** Bytes that are in memory already. Reads are views, not copies. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read(offset, length) {
      const outside = rangeProblem(name, bytes.byteLength, offset, length);
      return outside === undefined ? Promise.resolve(bytes.subarray(offset, offset + length)) : Promise.reject(outside);
    },
  };
}

/** The error of a range that leaves a file of `size` bytes, or undefined when it lies inside. */
export function rangeProblem(name: string, size: number, offset: number, length: number): Error | undefined {
  const inside =
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size;
  if (inside) return undefined;
  return problem('truncated-file', `“${name}” ends too early: ${length} bytes are needed from byte ${offset}.`, {
    place: `byte ${size} of ${name}`,
    remedy: 'Download or export the file again.',
  });
}
