/** Long string literals of the text form as bytes. The library holds eight bytes for each while it reads one. */
import { TextError } from './scanner.js';

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
  // No character takes more than three bytes: of those beyond U+FFFF the text has two.
  let bytes = new Uint8Array(end - start);
  let size = 0;
  const makeRoom = (more: number): void => {
    if (size + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * bytes.length, size + more));
    larger.set(bytes);
    bytes = larger;
  };
  const encoder = new TextEncoder();
  const append = (plain: string): void => {
    const encoded = encoder.encode(plain);
    makeRoom(encoded.length);
    bytes.set(encoded, size);
    size += encoded.length;
  };
  let nextPause = start;
  for (let at = start + 1; at < end - 1;) {
    if (at >= nextPause) {
      await pause();
      nextPause = at + STEP_CHARACTERS;
    }
    if (text[at] !== '\\') {
      const escape = text.indexOf('\\', at);
      let stop = Math.min(escape < 0 ? end - 1 : escape, end - 1, at + STEP_CHARACTERS);
      // The two halves of a character beyond U+FFFF stay together.
      if (stop < end - 1 && (text.charCodeAt(stop - 1) & 0xfc00) === 0xd800) stop++;
      append(text.slice(at, stop));
      at = stop;
      continue;
    }
    const { length, byte, code } = readEscape(text, at);
    if (code !== undefined) append(String.fromCodePoint(code));
    else {
      makeRoom(1);
      bytes[size++] = byte ?? 0;
    }
    at += length;
  }
  return bytes.slice(0, size);
}

/** The escape that begins with the backslash at a character: a byte, or a character of Unicode. */
function readEscape(text: string, at: number): { length: number; byte?: number; code?: number } {
  const letter = text[at + 1] ?? '';
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { length: 2, byte: simple };
  const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4))?.[0];
  if (octal !== undefined && parseInt(octal, 8) < 256) return { length: 1 + octal.length, byte: parseInt(octal, 8) };
  const hexadecimal = /^x([0-9a-fA-F]{1,2})/.exec(text.slice(at + 1, at + 4))?.[1];
  if (hexadecimal !== undefined) return { length: 2 + hexadecimal.length, byte: parseInt(hexadecimal, 16) };
  const unicode = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text.slice(at + 1, at + 10));
  const code = parseInt(unicode?.[1] ?? unicode?.[2] ?? '', 16);
  if (code <= 0x10ffff && (code < 0xd800 || code > 0xdfff))
    return { length: unicode?.[1] === undefined ? 10 : 6, code };
  throw new TextError(at, `“\\${letter}” is no escape`);
}
