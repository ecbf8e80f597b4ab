import type { ByteSource } from '../../bytes/byte-source.js';
import type { TextRecipe } from '../recipe.js';
import { unusableText } from './text-problem.js';
import { utf8Blocks } from './utf8.js';

/** One stretch of a document. Long documents come in several: none is ever in memory as a whole. */
export interface DocumentPart {
  readonly text: string;
  /** The document starts here. */
  readonly first: boolean;
  /** The document ends here. */
  readonly last: boolean;
  /** A label that the line carries. */
  readonly label?: string;
}

/** Between documents of a plain text file: the line that TinyStories, GPT-2's and many other corpora have there. */
export const DEFAULT_SEPARATOR = '<|endoftext|>';

/** Properties of a line that hold its text, best first. */
export const TEXT_FIELDS = ['text', 'content', 'prompt'] as const;

/**
 * Characters of a part, about. A tokenizer takes a part at once, and some of them need time that grows with the square of
 * the longest stretch without a break.
 */
const PART_CHARACTERS = 4096;

/** A line of a .jsonl longer than this is refused. */
const MAXIMUM_LINE_CHARACTERS = 16e6;

export function isTextName(name: string): boolean {
  return /\.txt$/i.test(name) || isLinesName(name);
}

export function isLinesName(name: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(name);
}

/**
 * The documents of a text file in order. `.jsonl`: one per line. Otherwise one per stretch between separators; line
 * breaks around a document are not part of it, and those of Windows are read as others are: tokenizers were trained on
 * text whose lines end in one character. Documents of nothing but white space are left out.
 * @throws ProblemError `invalid-inputs`: not UTF-8 (byte offset), a line that is no JSON or has no text (line number).
 */
export function documentParts(source: ByteSource, recipe: TextRecipe): AsyncGenerator<DocumentPart, undefined> {
  return isLinesName(recipe.path) ? linesOfJson(source, recipe) : separated(source, recipe);
}

async function* separated(source: ByteSource, { path, separator: stated = DEFAULT_SEPARATOR }: TextRecipe) {
  const separator = stated.replaceAll('\r\n', '\n');
  let buffer = '';
  let first = true;
  const part = function* (text: string, last: boolean): Generator<DocumentPart, undefined> {
    let shown = first ? text.replace(/^[\r\n]+/, '') : text;
    if (last) shown = shown.replace(/[\r\n]+$/, '');
    const blank = first && (shown === '' || (last && shown.trim() === ''));
    if (!blank) yield { text: shown, first, last };
    if (!blank) first = false;
    if (last) first = true;
    return undefined;
  };
  for await (const block of withLineFeeds(utf8Blocks(source, path))) {
    buffer += block;
    let at = 0;
    let end = buffer.indexOf(separator);
    for (;;) {
      if (end >= 0 && end - at <= 2 * PART_CHARACTERS) {
        yield* part(buffer.slice(at, end), true);
        at = end + separator.length;
        end = buffer.indexOf(separator, at);
      } else if (buffer.length - at > 2 * PART_CHARACTERS + separator.length) {
        // What follows a cut is longer than a separator, so that none is cut in two.
        const cut = cutAt(buffer, at);
        yield* part(buffer.slice(at, cut), false);
        at = cut;
      } else break;
    }
    buffer = buffer.slice(at);
  }
  if (buffer !== '' || !first) yield* part(buffer, true);
  return undefined;
}

/** The same text with “\n” for “\r\n”, also where a block ends between the two. */
async function* withLineFeeds(blocks: AsyncIterable<string>): AsyncGenerator<string, undefined> {
  let held = '';
  for await (const block of blocks) {
    const text = held + block;
    held = text.endsWith('\r') ? '\r' : '';
    yield text.slice(0, text.length - held.length).replaceAll('\r\n', '\n');
  }
  if (held !== '') yield held;
  return undefined;
}

/**
 * Where a text can be cut without changing its tokens: before a single space between two words, which is where the usual
 * tokenizers start a word of their own. Where there is none for long, between any two characters.
 */
function cutAt(text: string, start: number): number {
  const wanted = start + PART_CHARACTERS;
  const isSpace = (at: number): boolean => /\s/.test(text[at] ?? ' ');
  const isCut = (at: number): boolean => text[at] === ' ' && !isSpace(at - 1) && !isSpace(at + 1);
  for (let at = wanted; at > start + PART_CHARACTERS / 2; at--) if (isCut(at)) return at;
  const code = text.charCodeAt(wanted);
  return code >= 0xdc00 && code <= 0xdfff ? wanted - 1 : wanted;
}

/** A long text in parts. */
function* cutUp(text: string, label: string | undefined): Generator<DocumentPart, undefined> {
  const labelled = label === undefined ? {} : { label };
  let at = 0;
  while (text.length - at > 2 * PART_CHARACTERS) {
    const cut = cutAt(text, at);
    yield { text: text.slice(at, cut), first: at === 0, last: false, ...labelled };
    at = cut;
  }
  yield { text: text.slice(at), first: at === 0, last: true, ...labelled };
  return undefined;
}

async function* linesOfJson(source: ByteSource, recipe: TextRecipe) {
  const { path } = recipe;
  let number = 0;
  let field = recipe.field;
  for await (const line of lines(source, path)) {
    number++;
    if (line.trim() === '') continue;
    const place = `${path}, line ${number}`;
    const value = parsed(line, place);
    if (typeof value === 'object' && value !== null) field ??= textField(value);
    const text = textOf(value, field, place);
    if (text.trim() !== '') yield* cutUp(text, labelOf(value, recipe.label));
  }
  return undefined;
}

async function* lines(source: ByteSource, path: string): AsyncGenerator<string, undefined> {
  let buffer = '';
  let number = 1;
  for await (const block of utf8Blocks(source, path)) {
    const parts = (buffer + block).split('\n');
    buffer = parts.pop() ?? '';
    for (const part of parts) {
      number++;
      yield part;
    }
    if (buffer.length > MAXIMUM_LINE_CHARACTERS) {
      throw unusableText(
        `${path}, line ${number}`,
        `Line ${number} of ${path} is longer than ${MAXIMUM_LINE_CHARACTERS / 1e6} million characters.`,
        'Write one document per line.',
      );
    }
  }
  if (buffer !== '') yield buffer;
  return undefined;
}

function parsed(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw unusableText(
      place,
      'This line is not JSON.',
      'Write one JSON object per line, like {"text": "…"}, or choose a .txt file.',
    );
  }
}

/** The property that holds the text, by the names that corpora use. */
export function textField(value: object): string | undefined {
  return TEXT_FIELDS.find((name) => typeof (value as Record<string, unknown>)[name] === 'string');
}

function textOf(value: unknown, field: string | undefined, place: string): string {
  if (typeof value === 'string') return value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const text = isObject && field !== undefined && Object.hasOwn(value, field) ? (value as Fields)[field] : undefined;
  if (typeof text === 'string') return text;
  const names = isObject
    ? Object.keys(value)
        .slice(0, 20)
        .map((name) => `“${name}”`)
    : [];
  throw unusableText(
    place,
    field === undefined
      ? 'This line has none of the properties “text”, “content” and “prompt”.'
      : `This line has no text in “${field}”.`,
    names.length === 0
      ? 'Write one JSON object per line, like {"text": "…"}.'
      : `Name the property that holds the text as “field” in the recipe; this line has ${names.join(', ')}.`,
  );
}

type Fields = Readonly<Record<string, unknown>>;

function labelOf(value: unknown, name: string | undefined): string | undefined {
  if (name === undefined || typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
    return undefined;
  const label = (value as Fields)[name];
  return typeof label === 'string' || typeof label === 'number' || typeof label === 'boolean'
    ? String(label)
    : undefined;
}
