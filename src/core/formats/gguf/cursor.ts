/** Reads a file from front to back through a window, so that a long header is never in memory as a whole. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { problem, throwIfCancelled, type ProblemError } from '../../errors.js';

const WINDOW_BYTES = 1024 * 1024;

export interface Cursor {
  /** Byte offset of what is read next. */
  readonly position: number;
  /** Whether `bytes` more bytes are at hand, so that {@link load} need not be waited for. */
  has(bytes: number): boolean;
  /**
   * Brings `bytes` more bytes, a few KB at most, to hand.
   * @throws ProblemError `truncated-file` where the file ends before.
   */
  load(bytes: number): Promise<void>;
  /** The readers take bytes that are at hand; they never wait. */
  uint8(): number;
  int8(): number;
  uint16(): number;
  int16(): number;
  uint32(): number;
  int32(): number;
  uint64(): bigint;
  int64(): bigint;
  float32(): number;
  float64(): number;
  /** UTF-8 text; what is none becomes U+FFFD. */
  text(bytes: number): string;
  /** @throws ProblemError `truncated-file` where the file ends before. */
  skip(bytes: number): void;
  /** From here on numbers are read in this byte order. */
  setBigEndian(bigEndian: boolean): void;
}

export function cursorOver(source: ByteSource, signal?: AbortSignal): Cursor {
  let window: Uint8Array = new Uint8Array(0);
  let view = new DataView(window.buffer);
  let windowStart = 0;
  let at = 0;
  let littleEndian = true;
  const decoder = new TextDecoder();
  const pause = breather(signal);

  /** Offset in the window of the next `bytes` bytes, which are passed. */
  const take = (bytes: number): number => {
    const offset = at - windowStart;
    if (offset + bytes > window.byteLength) throw new Error(`${bytes} bytes were read that had not been loaded`);
    at += bytes;
    return offset;
  };

  return {
    get position() {
      return at;
    },
    has: (bytes) => at - windowStart + bytes <= window.byteLength,
    async load(bytes) {
      throwIfCancelled(signal);
      await pause();
      if (at + bytes > source.size) throw endsEarly(source, at, bytes);
      window = await source.read(at, Math.min(Math.max(bytes, WINDOW_BYTES), source.size - at));
      view = new DataView(window.buffer, window.byteOffset, window.byteLength);
      windowStart = at;
    },
    uint8: () => view.getUint8(take(1)),
    int8: () => view.getInt8(take(1)),
    uint16: () => view.getUint16(take(2), littleEndian),
    int16: () => view.getInt16(take(2), littleEndian),
    uint32: () => view.getUint32(take(4), littleEndian),
    int32: () => view.getInt32(take(4), littleEndian),
    uint64: () => view.getBigUint64(take(8), littleEndian),
    int64: () => view.getBigInt64(take(8), littleEndian),
    float32: () => view.getFloat32(take(4), littleEndian),
    float64: () => view.getFloat64(take(8), littleEndian),
    text(bytes) {
      const offset = take(bytes);
      return decoder.decode(window.subarray(offset, offset + bytes));
    },
    skip(bytes) {
      if (at + bytes > source.size) throw endsEarly(source, at, bytes);
      at += bytes;
    },
    setBigEndian(bigEndian) {
      littleEndian = !bigEndian;
    },
  };
}

function endsEarly(source: ByteSource, at: number, bytes: number): ProblemError {
  return problem('truncated-file', `“${source.name}” ends early: ${bytes} bytes are needed from byte ${at}.`, {
    place: `byte ${at} of ${source.name}, which has ${source.size}`,
    remedy: 'Download or export the file again.',
  });
}
