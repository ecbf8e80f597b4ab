/**
 * Pieces of text around tokens, and whole inputs that are no text, with what a feature did at each of their places: run
 * again for the few that are shown.
 */
import { breather } from '../breathe.js';
import { PREVIEWED_TOKENS, type Dataset } from '../dataset/dataset.js';
import type { Followed } from './followed.js';
import { hasTokens, positionOf, tokenPlace, tokensWithin, type Layout } from '../dictionary/attach/layout.js';
import { tokenNumber } from '../told-numbers.js';

/** Tokens shown before and after the one that an example is about. */
export const BEFORE = 12;
export const AFTER = 6;

export interface Place {
  readonly input: number;
  readonly position: number;
}

/** Where a token of the whole text is. */
export function placeOf(token: number, stride: number): Place {
  return { input: Math.floor(token / stride), position: token % stride };
}

export interface Excerpt {
  readonly input: number;
  readonly inputName: string;
  /** Of the place in the input, and in what is shown: where there are heads, that is of one of them. */
  readonly position: number;
  readonly at: number;
  /** Absent where the input is no text: then all of it is shown. */
  readonly tokens?: readonly string[];
  /** Of the feature at the places that are shown. */
  readonly activations: Float32Array;
  /** Of the tokens that are shown, where scores of next tokens are known. */
  readonly followed?: Followed;
}

/**
 * @param layout of the places. @param activations of one feature at all positions of an input; asked for once for each place.
 */
export async function excerptsOf(
  dataset: Pick<Dataset, 'preview'>,
  places: readonly Place[],
  layout: Layout,
  activations: (input: number) => Promise<Float32Array>,
): Promise<readonly Excerpt[]> {
  const found: Excerpt[] = [];
  for (const { input, position } of places) {
    const all = await activations(input);
    const preview = await dataset.preview(input);
    const of = { input, inputName: preview.name, position };
    const { token, head } = tokenPlace(position, layout);
    const own = head === undefined ? all : ofHead(all, head, layout);
    const first = Math.max(0, token - BEFORE);
    const end = Math.min(own.length, token + AFTER + 1);
    const texts = preview.kind === 'tokens' && hasTokens(layout) ? preview.tokens : [];
    if (end > texts.length || !areOfTokens(own.length, texts)) {
      found.push({ ...of, at: token, activations: own });
      continue;
    }
    const tokens = texts.slice(first, end);
    found.push({ ...of, at: token - first, tokens, activations: own.slice(first, end) });
  }
  return found;
}

/** What has more places than the text has tokens is not of its tokens, unless the preview has but the first of them. */
function areOfTokens(places: number, texts: readonly string[]): boolean {
  return places <= texts.length || texts.length === PREVIEWED_TOKENS;
}

/** At the tokens of one head. */
function ofHead(all: Float32Array, head: number, layout: Layout): Float32Array {
  const tokens = tokensWithin(all.length, layout);
  return Float32Array.from({ length: tokens }, (_, token) => all[positionOf({ head, token }, layout)] as number);
}

/** Position in the input of what an excerpt shows at an index. */
export function shownPosition({ position, at }: Excerpt, index: number, layout: Layout): number {
  const { token, ...head } = tokenPlace(position, layout);
  return positionOf({ token: token - at + index, ...head }, layout);
}

/**
 * Texts of tokens of the whole text, each input read once; "" for −1, and the number of what a preview leaves out.
 * @returns undefined where inputs are no texts, or have other places than their tokens. @throws CancelledError, and as reading does.
 */
export async function tokensAt(
  dataset: Dataset,
  tokens: Int32Array,
  stride: number,
  layout: Layout,
  signal?: AbortSignal,
): Promise<readonly string[] | undefined> {
  const breathe = breather(signal);
  const texts = new Array<string>(tokens.length).fill('');
  const order = [...tokens.keys()].filter((at) => (tokens[at] as number) >= 0);
  order.sort((a, b) => (tokens[a] as number) - (tokens[b] as number));
  let read: { readonly input: number; readonly tokens: readonly string[] } | undefined;
  for (const at of order) {
    const { input, position } = placeOf(tokens[at] as number, stride);
    if (read?.input !== input) {
      const preview = await dataset.preview(input);
      if (preview.kind !== 'tokens') return undefined;
      read = { input, tokens: preview.tokens };
      await breathe();
    }
    const { token } = tokenPlace(position, layout);
    if (!areOfTokens(token + 1, read.tokens)) return undefined;
    texts[at] = read.tokens[token] ?? `[token ${tokenNumber(token)}]`;
  }
  return texts;
}
