/** From a text that a person typed to what a model of token ids is run on. */
import { problem } from '../errors.js';
import { planBatch } from './batch-axes.js';
import type { DataFiles } from './data-files.js';
import type { Dataset } from './dataset.js';
import { takesText } from './guess-text.js';
import type { InputHints, ModelInput } from './model-input.js';
import { openDataset } from './open-dataset.js';
import type { InputRecipe, Recipe } from './recipe.js';
import { fixedContext } from './sources/prompt.js';
import { fitsVocabulary } from './sources/text.js';
import { type FileTokenizer, findTokenizer, openTokenizer } from './text/tokenizer.js';
import { plainTokenIds } from './token-text.js';

/** A person types less; a tokenizer may take time that grows with the square. */
const MOST_CHARACTERS = 20_000;
const NAMED_CHARACTERS = 5;

export interface Prompts {
  /** The input that takes token ids; undefined: the model takes none. */
  readonly input?: string;
  /** Tokens of every run, where the graph fixes them. */
  readonly context?: number;
  /** Absent where no tokenizer lies with the model: then there are ids only. */
  readonly tokenizer?: FileTokenizer;
  textOf(id: number): string;
  /**
   * Ids of a text, with what stands around a document: an end-of-text token before it, or what the tokenizer puts there.
   * @throws ProblemError `invalid-inputs`: nothing typed, too much, no tokenizer, characters or ids that do not fit (named).
   */
  encode(text: string): readonly number[];
  /** One example. What the recipe takes from data for other inputs is filled in by role, as if it were not named. */
  dataset(ids: readonly number[]): Promise<Dataset>;
}

/** @param modelName finds a tokenizer that is named after the model. @throws ProblemError as reading a tokenizer does. */
export async function openPrompts(
  recipe: Recipe,
  modelInputs: readonly ModelInput[],
  files: DataFiles,
  { hints, modelName }: { readonly hints: InputHints; readonly modelName: string },
): Promise<Prompts> {
  const input = modelInputs.find((each) => takesText(each, hints));
  const path = recipe.tokenizer ?? (await findTokenizer(files, ['.'], modelName));
  const tokenizer = input === undefined || path === undefined ? undefined : await openTokenizer(files, path);
  const textOf = (id: number): string => (tokenizer?.text ?? plainTokenIds).textOf(id);
  if (input === undefined) {
    const none = (): Error => problem('not-applicable', 'The model takes no token ids: it reads no text.');
    return {
      textOf,
      encode: () => {
        throw none();
      },
      dataset: () => Promise.reject(none()),
    };
  }
  const { name } = input;
  const own: Recipe = { version: 1, inputs: { ...madeUp(recipe), [name]: { source: 'tokens', path: '' } } };
  const filled = { input, recipe: { source: 'tokens', path: '' }, conventional: false } as const;
  const context = fixedContext(input, planBatch([filled]).axes.get(name));
  return {
    input: name,
    ...(context === undefined ? {} : { context }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    textOf,
    encode(text) {
      checkTyped(text);
      if (tokenizer === undefined) throw noTokenizer();
      const before = tokenizer.leftOut();
      const check = fitsVocabulary(input, tokenizer, hints.get(name));
      const { prefix, suffix, endOfText } = tokenizer;
      // As documents stand in windows: behind the end of one before.
      const ids = [...(endOfText === undefined ? [] : [endOfText]), ...prefix, ...tokenizer.encode(text), ...suffix];
      if (tokenizer.leftOut() > before) throw unknownCharacters(text, tokenizer);
      check(ids);
      return ids;
    },
    dataset: (ids) =>
      openDataset(own, modelInputs, files, {
        limit: 1,
        hints,
        prompt: { input: name, ids, padding: tokenizer?.padding ?? 0, text: tokenizer?.text ?? plainTokenIds },
      }),
  };
}

/** Inputs whose values belong to no example. */
function madeUp({ inputs }: Recipe): Readonly<Record<string, InputRecipe>> {
  return Object.fromEntries(
    Object.entries(inputs).filter(([, { source }]) => source === 'constant' || source === 'synthetic'),
  );
}

function checkTyped(text: string): void {
  if (text.trim() === '') throw problem('invalid-inputs', 'The text is empty.', { remedy: 'Type a text.' });
  if (text.length <= MOST_CHARACTERS) return;
  const [length, most] = [text.length, MOST_CHARACTERS].map((count) => count.toLocaleString('en-US'));
  throw problem('invalid-inputs', `The text has ${length} characters; at most ${most} are taken.`, {
    remedy: 'Type a shorter text, or make it one of the model’s inputs.',
  });
}

function noTokenizer(): Error {
  return problem('invalid-inputs', 'No tokenizer lies with the model: a text cannot become token ids.', {
    remedy: 'Choose one of the inputs, or put the tokenizer.json that was saved with the model beside it.',
  });
}

function unknownCharacters(text: string, tokenizer: FileTokenizer): Error {
  const unknown = [...new Set(text)].filter((character) => {
    const before = tokenizer.leftOut();
    tokenizer.encode(character);
    return tokenizer.leftOut() > before;
  });
  const named = unknown.slice(0, NAMED_CHARACTERS).map((character) => `“${character}”`);
  const more = unknown.length > named.length ? ` and ${unknown.length - named.length} more` : '';
  return problem('invalid-inputs', `The tokenizer has no token for ${named.join(', ')}${more}.`, {
    place: tokenizer.path,
    remedy: 'Leave these characters out of the text.',
  });
}
