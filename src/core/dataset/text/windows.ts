import { breather } from '../../breathe.js';
import type { TextRecipe } from '../recipe.js';
import type { DocumentPart } from './documents.js';
import type { Encoder } from './encoder.js';
import { tokenStream, type CutWindows, type TokenStream } from './token-stream.js';

/** Tokens of all windows together; a longer text is read up to here. 64 MB of ids. */
export const MAXIMUM_TOKENS = 2 ** 24;

/**
 * Token ids in windows of one length: `ids` and `next` hold count × length numbers, row by row. `next` is the id that
 * comes after each position, −1 where none is known or can be foreseen (see `windowsOf`). `filled` counts the positions
 * of each window that hold text; the rest is padding.
 */
export interface Windows extends CutWindows {
  readonly labels: readonly (string | undefined)[];
  /** There is more text than was read. */
  readonly more: boolean;
  /** Tokens at the end of the text that fill no window. */
  readonly leftOut: number;
  /** Documents that were cut off at the window's length. */
  readonly cutOff: number;
}

export interface WindowOptions {
  readonly windows: TextRecipe['windows'];
  readonly length: number;
  /** The graph takes windows of this length only. */
  readonly fixed: boolean;
  /** Windows that are asked for. */
  readonly limit: number;
  /** Looks at every id before it is used. @throws ProblemError for one that the model does not have. */
  readonly check: (ids: readonly number[]) => void;
}

/**
 * Tokenizes documents and lays their ids into windows, as many as are asked for.
 *
 * Next tokens are those of the same row of documents, over the edges of windows. There is none (−1) at padding, at the
 * end of what was read, and where the next token is the first of a document: a token that only marks the start, or the
 * first word of a text that nothing announces, cannot be foreseen. An end-of-text token between documents can.
 */
export function windowsOf(
  parts: AsyncIterable<DocumentPart>,
  encoder: Encoder,
  options: WindowOptions,
): Promise<Windows> {
  return options.windows === 'packed' ? packed(parts, encoder, options) : perDocument(parts, encoder, options);
}

function tokensOf(encoder: Encoder, { text, first }: DocumentPart, check: WindowOptions['check']): readonly number[] {
  const own = !first && !encoder.keepsLeadingSpace && text.startsWith(' ') ? text.slice(1) : text;
  const ids = encoder.encode(own);
  check(ids);
  return ids;
}

/** Puts a document's start: what marks it is never a next token, an end-of-text token is. */
function begin(stream: TokenStream, encoder: Encoder, check: WindowOptions['check']): void {
  const { prefix, endOfText } = encoder;
  check(prefix);
  if (endOfText !== undefined) {
    check([endOfText]);
    stream.push([endOfText], true);
  }
  stream.push(prefix, false);
}

async function packed(
  parts: AsyncIterable<DocumentPart>,
  encoder: Encoder,
  { length, fixed, limit, check }: WindowOptions,
): Promise<Windows> {
  const most = Math.max(1, Math.min(limit, Math.floor(MAXIMUM_TOKENS / length)));
  // One more, so that the last position has a next token, too.
  const wanted = most * length + 1;
  const stream = tokenStream();
  const breathe = breather();
  let more = false;
  for await (const part of parts) {
    if (stream.length() >= wanted) {
      more = true;
      break;
    }
    if (part.first) begin(stream, encoder, check);
    const ids = tokensOf(encoder, part, check);
    const marked = encoder.prefix.length > 0 || encoder.endOfText !== undefined;
    stream.push(ids, true, part.first && !marked);
    if (part.last) {
      check(encoder.suffix);
      stream.push(encoder.suffix, true);
    }
    await breathe();
  }
  const total = stream.length();
  const whole = Math.min(most, Math.floor(total / length));
  more ||= total > wanted;
  if (total === 0) return nothing(length);
  if (whole > 0) {
    return {
      ...stream.windows(whole, length, encoder.padding),
      labels: [],
      more,
      leftOut: more ? 0 : total - whole * length,
      cutOff: 0,
    };
  }
  const only = fixed ? length : total;
  return { ...stream.windows(1, only, encoder.padding), labels: [], more: false, leftOut: 0, cutOff: 0 };
}

async function perDocument(
  parts: AsyncIterable<DocumentPart>,
  encoder: Encoder,
  { length: longest, fixed, limit, check }: WindowOptions,
): Promise<Windows> {
  const mostDocuments = Math.max(1, Math.min(limit, Math.floor(MAXIMUM_TOKENS / longest)));
  const { prefix, suffix } = encoder;
  const documents: TokenStream[] = [];
  const labels: (string | undefined)[] = [];
  let cutOff = 0;
  let more = false;
  const breathe = breather();
  for await (const part of parts) {
    if (part.first) {
      if (documents.length >= mostDocuments) {
        more = true;
        break;
      }
      const started = tokenStream();
      check(prefix);
      started.push(prefix, false);
      documents.push(started);
      labels.push(part.label);
    }
    const document = documents.at(-1);
    if (document === undefined) continue;
    const room = longest - suffix.length;
    // Beyond its window a document is read, but not tokenized.
    if (document.length() <= room) document.push(tokensOf(encoder, part, check), true);
    if (part.last) {
      if (document.length() > room) cutOff++;
      document.cut(Math.max(0, room));
      check(suffix);
      document.push(suffix.slice(0, longest), true);
    }
    await breathe();
  }
  const length = fixed ? longest : documents.reduce((most, document) => Math.max(most, document.length()), 1);
  const count = documents.length;
  const ids = new Int32Array(count * length).fill(encoder.padding);
  const next = new Int32Array(count * length).fill(-1);
  const filled = new Int32Array(count);
  for (const [index, document] of documents.entries()) {
    const one = document.windows(1, length, encoder.padding);
    ids.set(one.ids, index * length);
    next.set(one.next, index * length);
    filled.set(one.filled, index);
  }
  return { length, count, ids, next, filled, labels, more, leftOut: 0, cutOff };
}

function nothing(length: number): Windows {
  const none = new Int32Array(0);
  return { length, count: 0, ids: none, next: none, filled: none, labels: [], more: false, leftOut: 0, cutOff: 0 };
}
