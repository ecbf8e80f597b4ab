/** Token ids that a person typed, as the only example of an input. */
import { problem } from '../../errors.js';
import type { ModelInput } from '../model-input.js';
import { tokenPreview } from '../previews.js';
import type { Row } from '../rows.js';
import { matchExample } from '../shapes.js';
import type { TokenText } from '../token-text.js';
import { contextLength, type TextSource } from './text.js';

/** What takes the place of whatever the recipe has for an input. */
export interface Prompt {
  /** Name of the input. */
  readonly input: string;
  /** At least one, and no more than the graph fixes. */
  readonly ids: readonly number[];
  /** What fills the rest of a context of fixed length. */
  readonly padding: number;
  readonly text: TokenText;
}

/** @throws ProblemError `invalid-inputs` where the input takes no row of so many ids. */
export function promptSource(
  input: ModelInput,
  batchAxis: number | undefined,
  { ids, padding, text }: Prompt,
): TextSource {
  const fixed = fixedContext(input, batchAxis);
  const length = fixed ?? ids.length;
  if (ids.length === 0 || ids.length > length) {
    throw problem('invalid-inputs', `“${input.name}” takes from 1 to ${length} tokens, not ${ids.length}.`, {
      place: `input “${input.name}”`,
      remedy: 'Choose a text of that length.',
    });
  }
  const { shape, wholeInput } = matchExample(input, batchAxis, [length], 'the prompt');
  const data = new Int32Array(length).fill(padding);
  data.set(ids);
  const row: Row = { type: 'int32', dims: shape, data };
  const next = Int32Array.from({ length }, (_, at) => ids[at + 1] ?? -1);
  const name = 'the prompt';
  return {
    count: 1,
    shape,
    wholeInput: wholeInput || batchAxis === undefined,
    ...(ids.length < length ? { padding: { length, filled: () => ids.length } } : {}),
    describe: () => `a prompt of ${ids.length} ${ids.length === 1 ? 'token' : 'tokens'}`,
    synthetic: false,
    fingerprint: () => Promise.resolve(ids.join()),
    read: () => Promise.resolve(row),
    mask: () => ({ type: 'int32', dims: [length], data: new Int32Array(length).fill(1, 0, ids.length) }),
    nextTokens: () => Promise.resolve({ ids: next, filled: ids.length }),
    tokens: text,
    nameOf: () => name,
    preview: () => Promise.resolve(tokenPreview(name, row, text)),
  };
}

/** Tokens of every run, where the graph fixes them. @throws ProblemError `invalid-inputs` where it takes no row of ids. */
export function fixedContext(input: ModelInput, batchAxis: number | undefined): number | undefined {
  const { length, fixed } = contextLength(input, {}, batchAxis);
  return fixed ? length : undefined;
}
