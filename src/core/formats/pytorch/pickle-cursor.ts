import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, type ProblemError } from '../../errors.js';
import { latin1 } from '../latin1.js';

/** Reads a pickle from one byte to the next, through a window: nothing larger than a short text is in memory. */
export interface PickleCursor {
  readonly source: ByteSource;
  /** Offset of the next byte. */
  readonly position: number;
  /** Makes sure that the next `bytes` bytes, or as many as the file has, can be taken without waiting. */
  ready(bytes: number): Promise<void> | undefined;
  /** A view of the next bytes, which must be ready. @throws ProblemError `truncated-file`. */
  take(bytes: number): Uint8Array;
  /** An unsigned little-endian number of 1 to 8 bytes. @throws ProblemError `truncated-file`, `malformed-model`. */
  unsigned(bytes: number): number;
  /** Passes over bytes without reading them; gives the offset of the first. @throws ProblemError `truncated-file`. */
  skip(bytes: number): number;
  /** A text up to a line feed, without it; one byte per character. @throws ProblemError as above. */
  line(): Promise<string>;
  /** The error for what stands at a byte, the next one if not given. */
  malformed(what: string, at?: number): ProblemError;
}

/** The first window, and the largest: most pickles are short. */
const FIRST_WINDOW_BYTES = 4 * 1024;
const WINDOW_BYTES = 64 * 1024;
/** The text opcodes of old protocols write names and numbers; no such line is longer. */
const LONGEST_LINE_BYTES = 64 * 1024;

export function pickleCursor(source: ByteSource, start: number): PickleCursor {
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = start;
  let position = start;
  let windowBytes = FIRST_WINDOW_BYTES;

  const load = async (bytes: number): Promise<void> => {
    const length = Math.min(source.size - position, Math.max(bytes, windowBytes));
    windowBytes = Math.min(WINDOW_BYTES, 2 * windowBytes);
    window = await source.read(position, length);
    windowStart = position;
  };
  const cutOff = (): ProblemError =>
    problem('truncated-file', `“${source.name}” ends inside its pickle.`, {
      place: `byte ${position} of ${source.name}`,
      remedy: 'Download or save the file again.',
    });
  const malformed = (what: string, at = position): ProblemError =>
    problem('malformed-model', `“${source.name}” ${what}.`, {
      place: `byte ${at} of ${source.name}`,
      remedy: 'Save the weights again, best as safetensors.',
    });
  /** Passes over bytes of the window; gives where they begin in it. */
  const advance = (bytes: number): number => {
    const from = position - windowStart;
    if (from < 0 || from + bytes > window.length) throw cutOff();
    position += bytes;
    return from;
  };
  const take = (bytes: number): Uint8Array => {
    const from = advance(bytes);
    return window.subarray(from, from + bytes);
  };

  const ready = (bytes: number): Promise<void> | undefined => {
    const isReady = position >= windowStart && position + bytes <= windowStart + window.length;
    return isReady || windowStart + window.length === source.size ? undefined : load(bytes);
  };

  return {
    source,
    get position() {
      return position;
    },
    ready,
    take,
    unsigned(bytes) {
      const at = position;
      const from = advance(bytes);
      let value = 0;
      for (let index = bytes - 1; index >= 0; index--) value = value * 256 + (window[from + index] ?? 0);
      if (!Number.isSafeInteger(value)) throw malformed(`states a length of ${value}`, at);
      return value;
    },
    skip(bytes) {
      if (position + bytes > source.size) throw cutOff();
      const at = position;
      position += bytes;
      return at;
    },
    async line() {
      for (let length = 256; ; length = Math.min(2 * length, LONGEST_LINE_BYTES)) {
        const available = Math.min(length, source.size - position);
        await ready(available);
        const from = position - windowStart;
        const end = window.subarray(from, from + available).indexOf(0x0a);
        if (end >= 0) {
          const text = latin1(take(end));
          position += 1;
          return text;
        }
        if (available < length) throw cutOff();
        if (length === LONGEST_LINE_BYTES) throw malformed(`has a line of more than ${LONGEST_LINE_BYTES} bytes`);
      }
    },
    malformed,
  };
}
