import { problem } from '../errors.js';

/** Token ids as text, for showing only. */
export interface TokenText {
  readonly size: number;
  /** The token as a person reads it; ids outside the vocabulary say so. */
  textOf(id: number): string;
}

/** Without a tokenizer: the numbers themselves. */
export const plainTokenIds: TokenText = { size: Infinity, textOf: (id) => String(id) };

/** Larger than any tokenizer file in use (those of 250,000 tokens have 35 MB). */
export const MAXIMUM_TOKENIZER_BYTES = 64e6;

/**
 * Reads the vocabulary of a tokenizer file: Hugging Face `tokenizer.json` (`model.vocab` as a map or as a list of
 * [text, score], plus `added_tokens`), `{"vocab": [...]}` or `{"vocab": {...}}`, `{"vocab_bytes": [[60, 117], …]}`,
 * a plain map from text to id, or a file that ends in .txt with one token per line.
 * @throws ProblemError `invalid-recipe` when none of these is found.
 */
export function parseTokenizer(text: string, place: string): TokenText {
  return tokenTextOf(parsedTokenizer(text, place), place);
}

/** What a tokenizer file holds: its JSON, or the list of its lines. @throws ProblemError `invalid-recipe`. */
export function parsedTokenizer(text: string, place: string): unknown {
  if (/\.txt$/i.test(place)) return linesOf(text);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unreadable(place, 'is not JSON');
  }
  if (!isRecord(json)) throw unreadable(place, 'holds no vocabulary');
  return json;
}

/** An empty line keeps its number, so that the others keep theirs. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The part of a tokenizer file that lists its tokens. */
export function vocabularySource(parsed: unknown): unknown {
  if (!isRecord(parsed)) return parsed;
  const model = isRecord(parsed['model']) ? parsed['model'] : undefined;
  return model?.['vocab'] ?? parsed['vocab'] ?? parsed['vocab_bytes'] ?? parsed;
}

/** @param parsed as `parsedTokenizer` gives it. @throws ProblemError `invalid-recipe`. */
export function tokenTextOf(parsed: unknown, place: string): TokenText {
  const json = isRecord(parsed) ? parsed : {};
  const vocabulary = new Map<number, string>();
  const byteLevel = mentions(json['pre_tokenizer'], 'ByteLevel') || mentions(json['decoder'], 'ByteLevel');
  const show = byteLevel ? fromByteLevel : readable;
  for (const [id, token] of vocabularyEntries(vocabularySource(parsed))) vocabulary.set(id, show(token));
  const added = Array.isArray(json['added_tokens']) ? json['added_tokens'] : [];
  for (const token of added) {
    if (isRecord(token) && typeof token['id'] === 'number' && typeof token['content'] === 'string') {
      vocabulary.set(token['id'], token['content']);
    }
  }
  if (vocabulary.size === 0) throw unreadable(place, 'holds no vocabulary');
  let size = 0;
  for (const id of vocabulary.keys()) size = Math.max(size, id + 1);
  return {
    size,
    textOf: (id) => vocabulary.get(id) ?? (id >= 0 && id < size ? `#${id}` : `#${id} (not in the vocabulary)`),
  };
}

function unreadable(place: string, what: string): Error {
  return problem('invalid-recipe', `The tokenizer file ${what}.`, {
    place,
    remedy: 'Choose the tokenizer.json that was saved with the model, or remove “tokenizer” from the recipe.',
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a (nested) part of a tokenizer.json has this type: a ByteLevel step can hide inside a Sequence. */
function mentions(part: unknown, type: string, depth = 0): boolean {
  if (depth > 8 || typeof part !== 'object' || part === null) return false;
  if (isRecord(part) && part['type'] === type) return true;
  return Object.values(part).some((child) => mentions(child, type, depth + 1));
}

/** Id and raw text of every token. */
export function* vocabularyEntries(vocabulary: unknown): Iterable<[number, string]> {
  if (Array.isArray(vocabulary)) {
    for (const [id, token] of vocabulary.entries()) {
      const text: unknown = Array.isArray(token) && typeof token[0] === 'string' ? token[0] : token;
      if (typeof text === 'string') yield [id, text];
      else if (Array.isArray(text)) yield [id, utf8(text.map(Number))];
    }
  } else if (isRecord(vocabulary)) {
    for (const [text, id] of Object.entries(vocabulary)) {
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0) yield [id, text];
    }
  }
}

/**
 * GPT-2's byte-level alphabet, undone: each of the 256 bytes is written as one printable character; the 68 bytes that
 * have no printable Latin-1 character of their own stand at U+0100 and following (so a space is Ġ).
 */
const BYTE_OF_CHARACTER = ((): ReadonlyMap<string, number> => {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  const map = new Map<string, number>();
  let moved = 0;
  for (let byte = 0; byte < 256; byte++) map.set(String.fromCharCode(printable(byte) ? byte : 0x100 + moved++), byte);
  return map;
})();

function fromByteLevel(token: string): string {
  const bytes = [...token].map((character) => BYTE_OF_CHARACTER.get(character));
  return bytes.every((byte) => byte !== undefined) ? utf8(bytes) : token;
}

/** SentencePiece marks a space as ▁, and a single byte as <0x0A>. */
function readable(token: string): string {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  if (byte !== undefined) {
    const code = parseInt(byte, 16);
    return code === 0x0a || (code >= 0x20 && code < 0x7f) ? String.fromCharCode(code) : token;
  }
  return token.replaceAll('▁', ' ');
}

/** A token may be a part of a character only: its bytes are then named as SentencePiece does, so that tokens differ. */
function utf8(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return bytes.map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : byteName(byte))).join('');
  }
}

function byteName(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}
