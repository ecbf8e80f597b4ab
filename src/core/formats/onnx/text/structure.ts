/** A first look at a protobuf message in text form: whether its brackets match, and where its long parts end. */
import { scan, TextError } from './scanner.js';

/** Parts of the text from this size on are taken apart, so that no step of the reader takes long. */
export const LONG_PART_CHARACTERS = 64 * 1024;
/** The protobuf libraries' own limit. */
export const MAXIMUM_DEPTH = 100;

export interface TextStructure {
  /** Ends of long strings and bracketed parts (behind the closing quote or bracket) by where they begin. */
  readonly spans: ReadonlyMap<number, number>;
  /** Where a bracket opens that is never closed: the text was cut off. */
  readonly open: number | undefined;
}

/**
 * A message or a number becomes many times what it takes as text: these are far beyond any model of the length that is
 * read, and keep what a hostile one takes in bounds.
 */
const MAXIMUM_MESSAGES = 500_000;
const MAXIMUM_WORDS = 8_000_000;
/** Outermost words that are kept; no model has more fields and values there. */
const MAXIMUM_NAMES = 100;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '<': '>', '[': ']' };

/**
 * @param names takes the outermost words, among them the names of the message's fields; also of a text that turns out to
 *   be none.
 * @throws TextError for brackets that do not match or nest too deeply, for strings that do not end, and where there is too
 *   much of anything.
 */
export async function readStructure(
  text: string,
  names: Set<string>,
  pause: () => Promise<void> | undefined,
): Promise<TextStructure> {
  const spans = new Map<number, number>();
  const opened: number[] = [];
  const scanner = scan(text, 0, text.length);
  let messages = 0;
  let words = 0;
  for (let count = 0; ; count++) {
    if (count % 1024 === 0) await pause();
    switch (scanner.next()) {
      case 'end':
        return { spans, open: opened.at(-1) };
      case 'word':
        if (++words > MAXIMUM_WORDS)
          throw new TextError(scanner.start, `there are more than ${MAXIMUM_WORDS} names and numbers`);
        if (opened.length === 0 && names.size < MAXIMUM_NAMES && scanner.end - scanner.start < 100)
          names.add(text.slice(scanner.start, scanner.end));
        break;
      case 'string':
        if (scanner.end - scanner.start > LONG_PART_CHARACTERS) spans.set(scanner.start, scanner.end);
        break;
      case 'open':
        if (opened.length >= MAXIMUM_DEPTH)
          throw new TextError(scanner.start, `messages nest more than ${MAXIMUM_DEPTH} deep`);
        if (++messages > MAXIMUM_MESSAGES)
          throw new TextError(scanner.start, `there are more than ${MAXIMUM_MESSAGES} messages`);
        opened.push(scanner.start);
        break;
      case 'close': {
        const start = opened.pop();
        if (start === undefined || CLOSING[text[start] ?? ''] !== text[scanner.start])
          throw new TextError(scanner.start, `“${text[scanner.start] ?? ''}” closes nothing`);
        if (scanner.end - start > LONG_PART_CHARACTERS) spans.set(start, scanner.end);
        break;
      }
      default:
        break;
    }
  }
}
