/**
 * The words of a protobuf message in text form, as far as finding where its fields begin and end needs: names, strings,
 * brackets. What they mean is the library's to say. Source: protobuf documentation, "Text Format Language Specification".
 */

export type TokenKind = 'end' | 'word' | 'string' | 'open' | 'close' | ':' | ',' | '-';

/** What is wrong with the text at a character. */
export class TextError extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Scanner {
  /** The token that was read last: characters `[start, end)`. */
  readonly start: number;
  readonly end: number;
  /** Reads the next token. @throws TextError for a string that does not end. */
  next(): TokenKind;
  /** What {@link next} will give, without reading it. */
  peek(): TokenKind;
  /** Goes on from here. */
  moveTo(position: number): void;
}

const TAB = 9;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const BACKSLASH = 92;

const PUNCTUATION: Readonly<Record<string, TokenKind>> = {
  '{': 'open',
  '<': 'open',
  '[': 'open',
  '}': 'close',
  '>': 'close',
  ']': 'close',
  ':': ':',
  ',': ',',
  ';': ',',
  '-': '-',
};

/** Kinds of the characters that are a token alone; the others below 128 are blank or parts of words. */
const SINGLE: readonly (TokenKind | undefined)[] = Array.from(
  { length: 128 },
  (_, code) => PUNCTUATION[String.fromCharCode(code)],
);

/**
 * @param spans ends of long strings and bracketed parts by where they begin: what is known to be long is not looked through
 *   again.
 */
export function scan(text: string, from: number, to: number, spans?: ReadonlyMap<number, number>): Scanner {
  let start = from;
  let end = from;

  const isBlank = (code: number): boolean => code === SPACE || (code >= TAB && code <= CARRIAGE_RETURN);
  const skipBlanks = (): void => {
    for (;;) {
      const code = end < to ? text.charCodeAt(end) : -1;
      if (isBlank(code)) end++;
      else if (code === HASH) {
        const newline = text.indexOf('\n', end);
        end = newline < 0 || newline > to ? to : newline;
      } else return;
    }
  };
  let nextNewline = -1;
  const indexOrEnd = (mark: string, at: number): number => {
    const index = text.indexOf(mark, at);
    return index < 0 ? text.length : index;
  };
  const stringEnd = (quote: number): number => {
    const known = spans?.get(start);
    if (known !== undefined) return known;
    // Looking for what may end it, not at each character: texts with raw data are long.
    if (nextNewline < start) nextNewline = indexOrEnd('\n', start);
    const stop = Math.min(to, nextNewline);
    const mark = String.fromCharCode(quote);
    for (let at = indexOrEnd(mark, start + 1); at < stop; at = indexOrEnd(mark, at + 1)) {
      let backslashes = 0;
      while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
      if (backslashes % 2 === 0) return at + 1;
    }
    throw new TextError(start, 'a text does not end');
  };
  const isPartOfWord = (code: number): boolean =>
    code >= 128 ||
    !(isBlank(code) || code === HASH || code === QUOTE || code === APOSTROPHE || SINGLE[code] !== undefined);

  const scanner = {
    get start() {
      return start;
    },
    get end() {
      return end;
    },
    next(): TokenKind {
      skipBlanks();
      start = end;
      if (start >= to) return 'end';
      const code = text.charCodeAt(start);
      if (code === QUOTE || code === APOSTROPHE) {
        end = stringEnd(code);
        return 'string';
      }
      const single = code < 128 ? SINGLE[code] : undefined;
      end++;
      if (single !== undefined) return single;
      // A sign inside a number (1e-5) belongs to it.
      while (end < to) {
        const next = text.charCodeAt(end);
        if (!isPartOfWord(next) && !(next === 45 && (text.charCodeAt(end - 1) | 32) === 101)) break;
        end++;
      }
      return 'word';
    },
    peek(): TokenKind {
      const [oldStart, oldEnd] = [start, end];
      const kind = scanner.next();
      [start, end] = [oldStart, oldEnd];
      return kind;
    },
    moveTo(position: number): void {
      start = end = position;
    },
  };
  return scanner;
}
