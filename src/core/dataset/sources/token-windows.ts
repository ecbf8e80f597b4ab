import { problem } from '../../errors.js';
import { baseName } from '../data-files.js';
import type { ModelInput } from '../model-input.js';
import type { ArrayRecipe } from '../recipe.js';
import { withoutAxis } from '../shapes.js';
import { contextLength } from './text.js';

/** One long row of token ids, cut one after another; what is left at the end is left out. */
export interface TokenWindows {
  readonly length: number;
  readonly count: number;
  readonly leftOut: number;
  /** Tokens that a window would hold, were there enough. */
  readonly context: number;
}

/**
 * How an array without an axis that counts examples (corpora are stored so) becomes examples of an input that takes a row
 * of token ids; undefined where the input takes ids one by one.
 * @throws ProblemError `invalid-inputs` where there are fewer ids than the graph fixes.
 */
export function tokenWindows(
  input: ModelInput,
  recipe: Pick<ArrayRecipe, 'length'>,
  batchAxis: number | undefined,
  dims: readonly number[],
  place: string,
): TokenWindows | undefined {
  const [tokens = 0, ...others] = dims;
  if (dims.length === 0 || others.length > 0 || input.shape === undefined) return undefined;
  if (withoutAxis(input.shape, batchAxis).length === 0) return undefined;
  const { length: context, fixed } = contextLength(input, recipe, batchAxis);
  if (fixed && tokens < context) {
    throw problem('invalid-inputs', `${place} holds ${tokens} token ids, but “${input.name}” takes ${context}.`, {
      place,
      remedy: 'Choose a longer array.',
    });
  }
  const length = Math.min(context, Math.max(1, tokens));
  const count = Math.floor(tokens / length);
  return { length, count, leftOut: tokens - count * length, context };
}

export function windowsText(used: number, { length }: TokenWindows, path: string): string {
  return `${used} ${used === 1 ? 'window' : 'windows'} of ${length} tokens from ${baseName(path)}`;
}

export function windowNotes({ leftOut, length, context }: TokenWindows): string {
  const left = leftOut === 0 ? '' : `; ${leftOut} ${leftOut === 1 ? 'token' : 'tokens'} at the end left out`;
  const short =
    length === context
      ? ''
      : `; shorter than one context, ${length} of ${context} tokens: choose a longer array to see more`;
  return left + short;
}
