/** Pieces of text around tokens, with what a feature did at each of their tokens: run again for the few that are shown. */
import type { Dataset } from '../dataset/dataset.js';

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
  /** Position of the token in the input, and in what is shown. */
  readonly position: number;
  readonly at: number;
  readonly tokens: readonly string[];
  /** Of the feature at the tokens that are shown. */
  readonly activations: Float32Array;
}

/**
 * @param activations of one feature at all positions of an input; asked for once for each input.
 */
export async function excerptsOf(
  dataset: Dataset,
  places: readonly Place[],
  activations: (input: number) => Promise<Float32Array>,
): Promise<readonly Excerpt[]> {
  const byInput = new Map<number, Promise<Float32Array>>();
  const found: Excerpt[] = [];
  for (const { input, position } of places) {
    const known = byInput.get(input) ?? activations(input);
    byInput.set(input, known);
    const all = await known;
    const preview = await dataset.preview(input);
    const first = Math.max(0, position - BEFORE);
    const end = Math.min(all.length, position + AFTER + 1);
    const tokens =
      preview.kind === 'tokens'
        ? preview.tokens.slice(first, end)
        : Array.from({ length: end - first }, (_, at) => `[${first + at}]`);
    found.push({
      input,
      inputName: preview.name,
      position,
      at: position - first,
      tokens,
      activations: all.slice(first, end),
    });
  }
  return found;
}
