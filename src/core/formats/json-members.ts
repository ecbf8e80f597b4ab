/**
 * The members of a large JSON object one by one, so that a header of 100 MB neither stops everything while it is parsed
 * nor takes many times its size. Finds where members begin and end; the texts between are parsed by JSON.parse.
 */

/** A member's value and its name, with the quotes, as ranges of bytes. */
export interface JsonMember {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Throws the error for what is no JSON at a byte. */
export type JsonFailure = (at: number) => never;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Members of the object that begins at `start` or after white space, and ends before `end` but for white space. */
export function* jsonMembers(
  bytes: Uint8Array,
  start: number,
  end: number,
  fail: JsonFailure,
): Generator<JsonMember, void, undefined> {
  let at = skipSpace(bytes, start, end);
  if (bytes[at] !== OPEN_BRACE || at >= end) fail(at);
  at = skipSpace(bytes, at + 1, end);
  for (let isFirst = true; at >= end || bytes[at] !== CLOSE_BRACE || !isFirst; isFirst = false) {
    const nameStart = at;
    const nameEnd = endOfText(bytes, at, end, fail);
    at = skipSpace(bytes, nameEnd, end);
    if (at >= end || bytes[at] !== COLON) fail(at);
    const valueStart = skipSpace(bytes, at + 1, end);
    const valueEnd = endOfValue(bytes, valueStart, end, fail);
    yield { nameStart, nameEnd, valueStart, valueEnd };
    at = skipSpace(bytes, valueEnd, end);
    if (at < end && bytes[at] === CLOSE_BRACE) break;
    if (at >= end || bytes[at] !== COMMA) fail(at);
    at = skipSpace(bytes, at + 1, end);
  }
  const rest = skipSpace(bytes, at + 1, end);
  if (rest < end) fail(rest);
}

/** Whether a text is printable ASCII without anything escaped: then it is what stands between the quotes. */
function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || bytes[start] !== QUOTE || bytes[end - 1] !== QUOTE) return false;
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/** The value between two bytes. @throws through `fail` where it is no JSON or no UTF-8. */
export function jsonValue(bytes: Uint8Array, start: number, end: number, fail: JsonFailure): unknown {
  try {
    // Names come by the thousand, and hardly any has anything to be unescaped.
    if (isPlainText(bytes, start, end)) return DECODER.decode(bytes.subarray(start + 1, end - 1));
    return JSON.parse(DECODER.decode(bytes.subarray(start, end)));
  } catch {
    return fail(start);
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true });

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)) at++;
  return at;
}

function endOfText(bytes: Uint8Array, start: number, end: number, fail: JsonFailure): number {
  if (start >= end || bytes[start] !== QUOTE) fail(start);
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return fail(end);
}

function endOfValue(bytes: Uint8Array, start: number, end: number, fail: JsonFailure): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfText(bytes, at, end, fail) - 1;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return at;
        depth--;
        break;
      case COMMA:
        if (depth === 0) return at;
        break;
    }
  }
  return fail(end);
}
