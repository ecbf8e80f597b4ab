/** Long string literals of the text form as bytes. The library holds eight bytes for each while it reads one. */
import { TextError } from './scanner.js';

const BACKSLASH = 92;
const ZERO = 48;
const SEVEN = 55;

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  "'": 39,
  '?': 63,
  '\\': 92,
};
/** Characters handled between two turns of the event loop. */
const STEP_CHARACTERS = 256 * 1024;

/**
 * The bytes of the literal whose quotes are at `start` and `end − 1`.
 * @throws TextError for escapes that mean nothing.
 */
export async function literalBytes(
  text: string,
  start: number,
  end: number,
  pause: () => Promise<void> | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  // Escapes take fewer bytes than characters; a character beyond ASCII takes three at most.
  let room = end - start;
  for (let from = start; from < end; from += STEP_CHARACTERS) {
    await pause();
    for (let at = from; at < Math.min(end, from + STEP_CHARACTERS); at++) if (text.charCodeAt(at) > 127) room += 2;
  }
  const bytes = new Uint8Array(room);
  const encoder = new TextEncoder();
  let size = 0;
  let nextPause = start;
  for (let at = start + 1; at < end - 1;) {
    if (at >= nextPause) {
      await pause();
      nextPause = at + STEP_CHARACTERS;
    }
    const code = text.charCodeAt(at);
    if (code > 127) {
      const stop = endOfForeign(text, at, Math.min(end - 1, at + STEP_CHARACTERS));
      size += encoder.encodeInto(text.slice(at, stop), bytes.subarray(size)).written;
      at = stop;
    } else if (code !== BACKSLASH) {
      bytes[size++] = code;
      at++;
    } else {
      const { length, byte, character } = readEscape(text, at);
      if (character === undefined) bytes[size++] = byte ?? 0;
      else size += encoder.encodeInto(String.fromCodePoint(character), bytes.subarray(size)).written;
      at += length;
    }
  }
  return bytes.slice(0, size);
}

/** The end of the characters beyond ASCII from one on. The two halves of a character beyond U+FFFF stay together. */
function endOfForeign(text: string, start: number, limit: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) > 127 && (at < limit || (text.charCodeAt(at) & 0xfc00) === 0xdc00)) at++;
  return at;
}

/** The escape that begins with the backslash at a character: a byte, or a character of Unicode. */
function readEscape(text: string, at: number): { length: number; byte?: number; character?: number } {
  const letter = text[at + 1] ?? '';
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { length: 2, byte: simple };
  const octal = readOctal(text, at + 1);
  if (octal.digits > 0 && octal.value < 256) return { length: 1 + octal.digits, byte: octal.value };
  const hexadecimal = /^x([0-9a-fA-F]{1,2})/.exec(text.slice(at + 1, at + 4))?.[1];
  if (hexadecimal !== undefined) return { length: 2 + hexadecimal.length, byte: parseInt(hexadecimal, 16) };
  const unicode = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text.slice(at + 1, at + 10));
  const character = parseInt(unicode?.[1] ?? unicode?.[2] ?? '', 16);
  if (character <= 0x10ffff && (character < 0xd800 || character > 0xdfff))
    return { length: unicode?.[1] === undefined ? 10 : 6, character };
  throw new TextError(at, `“\\${letter}” is no escape`);
}

/** Up to three digits. Raw data consist of these, most of all. */
function readOctal(text: string, at: number): { digits: number; value: number } {
  let [digits, value] = [0, 0];
  for (; digits < 3; digits++) {
    const code = text.charCodeAt(at + digits);
    if (!(code >= ZERO && code <= SEVEN)) break;
    value = value * 8 + code - ZERO;
  }
  return { digits, value };
}
