/** The protobuf wire format, as far as walking over it needs: tags, varints and lengths over a windowed ByteSource. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { throwIfCancelled } from '../../errors.js';

export const WIRE_VARINT = 0;
export const WIRE_64_BIT = 1;
export const WIRE_LENGTH_DELIMITED = 2;
export const WIRE_32_BIT = 5;

/** A field of a message: where it starts with its tag, and where its value lies. */
export interface WireField {
  readonly number: number;
  readonly wireType: number;
  readonly start: number;
  readonly valueStart: number;
  /** End of the value and of the field. */
  readonly end: number;
}

/** What is wrong with the bytes at a place. */
export type WireError = 'overrun' | 'varint' | 'tag';
/** Throws the error for what is wrong at a byte. */
export type WireFailure = (error: WireError, at: number) => never;

export interface WireReader {
  readonly size: number;
  /** The field that starts at byte `position` of a message that ends at `end`; its value lies inside the message. */
  field(position: number, end: number, fail: WireFailure): Promise<WireField>;
  /** Bytes `[start, end)` into `target` at `offset`. */
  copy(start: number, end: number, target: Uint8Array, offset: number): Promise<void>;
}

/** After a jump over weights little is needed; where reading goes on, windows grow until a graph takes few reads. */
const SMALLEST_WINDOW_BYTES = 2 * 1024;
const LARGEST_WINDOW_BYTES = 512 * 1024;
const WINDOW_GROWTH = 4;
/** A tag of at most 5 bytes and a varint of at most 10. */
const LONGEST_FIELD_HEAD_BYTES = 15;

export function wireReader(source: ByteSource, signal?: AbortSignal): WireReader {
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;

  const load = async (position: number): Promise<void> => {
    throwIfCancelled(signal);
    const goesOn = position >= windowStart && position <= windowStart + window.byteLength && window.byteLength > 0;
    const wanted = goesOn ? Math.min(window.byteLength * WINDOW_GROWTH, LARGEST_WINDOW_BYTES) : SMALLEST_WINDOW_BYTES;
    window = await source.read(position, Math.min(wanted, source.size - position));
    windowStart = position;
  };
  const covers = (start: number, end: number): boolean =>
    start >= windowStart && Math.min(end, source.size) <= windowStart + window.byteLength;

  return {
    size: source.size,
    async field(position, end, fail) {
      if (!covers(position, position + LONGEST_FIELD_HEAD_BYTES)) await load(position);
      let at = position;
      /** Exact up to 2^53; larger values stay larger than any file. */
      const varint = (longest: number): number => {
        let value = 0;
        let factor = 1;
        for (let count = 0; count < longest; count++, at++) {
          if (at >= end) return fail('overrun', at);
          const byte = window[at - windowStart] ?? 0;
          value += (byte & 0x7f) * factor;
          factor *= 128;
          if (byte < 0x80) {
            at++;
            return value;
          }
        }
        return fail('varint', position);
      };
      const tag = varint(5);
      const number = Math.floor(tag / 8);
      const wireType = tag % 8;
      if (number < 1 || number > 0x1fffffff) return fail('tag', position);
      let valueStart = at;
      let valueEnd: number;
      switch (wireType) {
        case WIRE_VARINT:
          varint(10);
          valueEnd = at;
          break;
        case WIRE_64_BIT:
          valueEnd = at + 8;
          break;
        case WIRE_32_BIT:
          valueEnd = at + 4;
          break;
        case WIRE_LENGTH_DELIMITED: {
          const length = varint(10);
          valueStart = at;
          valueEnd = at + length;
          break;
        }
        default:
          // Groups (3, 4) left the format before ONNX began; 6 and 7 never existed.
          return fail('tag', position);
      }
      if (valueEnd > end) return fail('overrun', position);
      return { number, wireType, start: position, valueStart, end: valueEnd };
    },
    async copy(start, end, target, offset) {
      for (let position = start; position < end;) {
        if (!covers(position, position + 1)) await load(position);
        const stop = Math.min(end, windowStart + window.byteLength);
        target.set(window.subarray(position - windowStart, stop - windowStart), offset + position - start);
        position = stop;
      }
    },
  };
}

/** A number below 2^53 in the wire format's variable-length form. */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

export function encodeTag(field: number, wireType: number): Uint8Array {
  return encodeVarint(field * 8 + wireType);
}
