/** Numbers and texts as the instructions of old protocols spell them. */
import type { PickleCursor } from './pickle-cursor.js';

/** A whole number in two's complement, the lowest byte first; exact. */
export function signedInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  // In pieces, because adding byte after byte to a long number takes quadratic time.
  for (let end = bytes.length; end > 0; end -= 4) {
    const start = Math.max(0, end - 4);
    let piece = 0;
    for (let at = end - 1; at >= start; at--) piece = piece * 256 + (bytes[at] ?? 0);
    value = (value << BigInt(8 * (end - start))) | BigInt(piece);
  }
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return asNumber(signed);
}

/** @throws ProblemError `malformed-model` where the text is no whole number. */
export function decimal(cursor: PickleCursor, text: string): number | bigint {
  if (!/^[+-]?\d{1,1000}$/.test(text)) throw cursor.malformed('holds a number that is none');
  return asNumber(BigInt(text.replace('+', '')));
}

/** A number for the memo. @throws ProblemError `malformed-model`. */
export function memoIndex(cursor: PickleCursor, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw cursor.malformed('refers to a value in an unknown way');
  return Number(text);
}

/** A float as Python writes it. @throws ProblemError `malformed-model`. */
export function floatOf(cursor: PickleCursor, text: string): number {
  const word = /^([+-]?)(inf|nan)$/i.exec(text);
  if (word !== null) return word[2]?.toLowerCase() === 'nan' ? NaN : word[1] === '-' ? -Infinity : Infinity;
  const value = text === '' ? NaN : Number(text);
  if (Number.isNaN(value)) throw cursor.malformed('holds a number that is none');
  return value;
}

/** A string of Python 2 in quotes, with its escapes. @throws ProblemError `malformed-model`. */
export function unquoted(cursor: PickleCursor, text: string): string {
  const [, , inner] = /^(['"])(.*)\1$/s.exec(text) ?? [];
  if (inner === undefined) throw cursor.malformed('holds a text without quotes');
  return inner.replace(/\\(x[0-9a-fA-F]{2}|.)/gs, (_, escape: string) => {
    if (escape.length > 1) return String.fromCharCode(parseInt(escape.slice(1), 16));
    return ESCAPES[escape] ?? escape;
  });
}

/** A text in Python's "raw-unicode-escape". */
export function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g, (whole, short?: string, long?: string) => {
    const code = parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function asNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
