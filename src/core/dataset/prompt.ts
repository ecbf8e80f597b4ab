/** A text that a person typed, as the only example of a model's inputs. */
import { memorySource } from '../bytes/memory-source.js';
import { problem } from '../errors.js';
import type { DataFiles } from './data-files.js';
import type { InputHints, ModelInput } from './model-input.js';
import { openDataset, type OpenedDataset } from './open-dataset.js';
import type { InputRecipe, Recipe } from './recipe.js';
import { missingTokenizer } from './sources/text.js';
import { findTokenizer } from './text/tokenizer.js';

/** Tokens that a prompt may have. */
export const MOST_PROMPT_TOKENS = 512;
/** What it is called where inputs are described. */
const NAME = 'your text';

export interface PromptContext {
  /** Of the present inputs: its tokenizer reads the text, too. */
  readonly recipe: Recipe;
  readonly modelInputs: readonly ModelInput[];
  readonly files: DataFiles;
  readonly hints: InputHints;
  readonly modelName: string;
}

/**
 * As a text of the recipe would be read: the end-of-text or start token before it, masks and positions by convention.
 * @throws ProblemError `not-applicable` where no input takes tokens, `invalid-inputs` for no text, one that is too long, or
 *   where there is no tokenizer.
 */
export async function promptDataset(text: string, context: PromptContext): Promise<OpenedDataset> {
  const { recipe, modelInputs, files, hints, modelName } = context;
  if (text.trim() === '') throw problem('invalid-inputs', 'The text is empty.', { remedy: 'Type some words.' });
  const input = tokenInput(recipe.inputs, modelInputs, hints);
  const tokenizer = recipe.tokenizer ?? (await findTokenizer(files, ['.'], modelName));
  if (tokenizer === undefined) throw missingTokenizer(NAME);
  const isOpen = input.shape?.slice(1).some((size) => typeof size !== 'number') ?? true;
  const source = { source: 'text', path: NAME, windows: 'packed' } as const;
  const dataset = await openDataset(
    {
      version: 1,
      inputs: { [input.name]: isOpen ? { ...source, length: MOST_PROMPT_TOKENS + 1 } : source },
      tokenizer,
    },
    modelInputs,
    withText(files, text),
    { limit: 1, hints },
  );
  const preview = await dataset.preview(0);
  if (isOpen && preview.kind === 'tokens' && preview.tokens.length > MOST_PROMPT_TOKENS) {
    throw problem('invalid-inputs', `The text has more than ${MOST_PROMPT_TOKENS} tokens.`, {
      remedy: 'Shorten it.',
    });
  }
  return dataset;
}

function tokenInput(
  inputs: Readonly<Record<string, InputRecipe>>,
  modelInputs: readonly ModelInput[],
  hints: InputHints,
): ModelInput {
  const isText = ({ name }: ModelInput): boolean =>
    inputs[name]?.source === 'text' || (inputs[name]?.source === 'tokens' && hints.get(name)?.vocabulary !== undefined);
  const found = modelInputs.find(isText) ?? modelInputs.find(({ name }) => hints.get(name)?.vocabulary !== undefined);
  if (found !== undefined) return found;
  throw problem('not-applicable', 'No input of this model takes the ids of tokens: it reads no text.', {
    remedy: 'Choose one of its inputs.',
  });
}

/** Files among which the text is one. */
function withText(files: DataFiles, text: string): DataFiles {
  const bytes = new TextEncoder().encode(text);
  return {
    list: (folder) => files.list(folder),
    facts: async (path) =>
      path === NAME ? { kind: 'file', size: bytes.byteLength, modifiedMs: 0 } : files.facts(path),
    open: async (path) => (path === NAME ? memorySource(NAME, bytes) : files.open(path)),
  };
}
