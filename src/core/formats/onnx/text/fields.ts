/** Where the fields of one message in text form are. */
import { scan, TextError, type Scanner } from './scanner.js';

/** A field, or an element of a list: characters of the text. */
export interface TextField {
  /** Empty for an element of a list. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly value: TextValue;
}

export interface TextValue {
  /** "block" is a message in brackets, "strings" are one or more literals that belong together. */
  readonly kind: 'block' | 'list' | 'strings' | 'other';
  readonly start: number;
  readonly end: number;
}

type Spans = ReadonlyMap<number, number>;

/** Fields between two characters, in order. Brackets match: see readStructure. @throws TextError for what is no field. */
export function* fieldsOf(text: string, from: number, to: number, spans: Spans): Generator<TextField> {
  const scanner = scan(text, from, to, spans);
  for (;;) {
    const kind = scanner.next();
    const { start } = scanner;
    if (kind === 'end') return;
    if (kind !== 'word' && text[start] !== '[') throw new TextError(start, 'the name of a field is missing');
    // Names of extensions are in brackets; the library says that there are none.
    if (kind === 'open') skipBrackets(text, scanner, spans);
    const name = text.slice(start, scanner.end);
    if (scanner.peek() === ':') scanner.next();
    const value = readValue(text, scanner, spans);
    yield { name, start, end: value.end, value };
    if (scanner.peek() === ',') scanner.next();
  }
}

/** Elements of a list: characters between its brackets. */
export function* elementsOf(text: string, list: TextValue, spans: Spans): Generator<TextField> {
  const scanner = scan(text, list.start + 1, list.end - 1, spans);
  while (scanner.peek() !== 'end') {
    const value = readValue(text, scanner, spans);
    yield { name: '', start: value.start, end: value.end, value };
    if (scanner.next() !== ',') break;
  }
  if (scanner.end < list.end - 1 && scanner.peek() !== 'end') throw new TextError(scanner.start, 'a comma is missing');
}

function readValue(text: string, scanner: Scanner, spans: Spans): TextValue {
  let kind = scanner.next();
  const { start } = scanner;
  if (kind === '-') kind = scanner.next();
  switch (kind) {
    case 'open': {
      const isList = text[scanner.start] === '[';
      skipBrackets(text, scanner, spans);
      return { kind: isList ? 'list' : 'block', start, end: scanner.end };
    }
    case 'string': {
      while (scanner.peek() === 'string') scanner.next();
      return { kind: 'strings', start, end: scanner.end };
    }
    case 'word':
      return { kind: 'other', start, end: scanner.end };
    default:
      throw new TextError(start, 'a value is missing');
  }
}

/** From an opening bracket that was just read to behind its closing one. */
function skipBrackets(text: string, scanner: Scanner, spans: Spans): void {
  const known = spans.get(scanner.start);
  if (known !== undefined) return scanner.moveTo(known);
  const { start } = scanner;
  for (let depth = 1; depth > 0;) {
    const kind = scanner.next();
    if (kind === 'end') throw new TextError(start, `“${text[start] ?? ''}” is not closed`);
    if (kind === 'open') depth++;
    if (kind === 'close') depth--;
  }
}
