/** What the decoders of quantised blocks share. */
import { sixteenBitTable } from '../../../tensor/stored-type.js';

/**
 * Decodes one block: the weights of the block that begins at byte `at` go to `out`, from index `to` on. Numbers of more
 * than one byte inside the block (the scales) have the file's byte order.
 */
export type Dequantize = (bytes: Uint8Array, at: number, out: Float32Array, to: number, bigEndian: boolean) => void;

/** The 16-bit float at a byte. */
export function halfAt(bytes: Uint8Array, at: number, bigEndian: boolean): number {
  return halves()[uint16At(bytes, at, bigEndian)] as number;
}

export function uint16At(bytes: Uint8Array, at: number, bigEndian: boolean): number {
  const first = bytes[at] as number;
  const second = bytes[at + 1] as number;
  return bigEndian ? (first << 8) | second : (second << 8) | first;
}

/** Signed when its top bit is set: for taking bits out of it. */
export function uint32BitsAt(bytes: Uint8Array, at: number, bigEndian: boolean): number {
  const low = uint16At(bytes, bigEndian ? at + 2 : at, bigEndian);
  return (uint16At(bytes, bigEndian ? at : at + 2, bigEndian) << 16) | low;
}

/** The byte at a place as a signed number. */
export function int8At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) ^ 0x80) - 0x80;
}

let table: Float32Array | undefined;

function halves(): Float32Array {
  return (table ??= sixteenBitTable('float16'));
}
