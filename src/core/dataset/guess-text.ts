import { baseName, type DataFiles, type FolderEntry, folderOf, naturalOrder } from './data-files.js';
import { isTokenLike, type InputHints, type ModelInput } from './model-input.js';
import type { TextRecipe } from './recipe.js';
import { isLinesName, isTextName, textField } from './text/documents.js';
import { findTokenizer } from './text/tokenizer.js';
import { utf8Blocks } from './text/utf8.js';
import { planBatch } from './batch-axes.js';
import { withoutAxis } from './shapes.js';
import { ProblemError } from '../errors.js';

/** Text files beside a model that are looked into. */
const MAXIMUM_TEXTS = 8;
/** Text files of these names say something about the model, or are its vocabulary. */
const NO_CORPUS =
  /vocab|merges|token|label|class|licen[cs]e|readme|notice|requirements|changelog|metric|log([._-]|$)|config/i;
const CORPUS = /^(text|corpus|stories|data|dataset|prompt|input|example|sample|test|val|valid|eval)/i;

/** What a text needs to become inputs. */
export interface TextInputs {
  readonly recipe: TextRecipe;
  readonly tokenizer: string | undefined;
}

/** Whether an input is one row of token ids per example. */
export function takesText(input: ModelInput, hints: InputHints | undefined): boolean {
  if (!isTokenLike(input, hints?.get(input.name))) return false;
  if (input.shape === undefined) return true;
  const filled = { input, recipe: { source: 'text', path: '', windows: 'packed' }, conventional: false } as const;
  const declared = withoutAxis(input.shape, planBatch([filled]).axes.get(input.name));
  return declared.filter((size) => size !== 1).length === 1;
}

/**
 * How a text file is read: packed into windows, or one document each where the lines of a `.jsonl` carry a label; with
 * the tokenizer beside the model, else beside the text.
 * @throws ProblemError `invalid-inputs` when the file cannot be read as text.
 */
export async function textInputs(path: string, files: DataFiles, modelName: string | undefined): Promise<TextInputs> {
  const labelled = isLinesName(path) && (await firstLineHasLabel(path, files));
  return {
    recipe: {
      source: 'text',
      path,
      ...(labelled ? { windows: 'documents', label: 'label' } : { windows: 'packed' }),
    },
    tokenizer: await findTokenizer(files, ['.', folderOf(path)], modelName),
  };
}

async function firstLineHasLabel(path: string, files: DataFiles): Promise<boolean> {
  for await (const block of utf8Blocks(await files.open(path), path)) {
    const line = block.trimStart().split('\n', 1)[0] ?? '';
    try {
      const value: unknown = JSON.parse(line);
      return (
        typeof value === 'object' && value !== null && Object.hasOwn(value, 'label') && textField(value) !== undefined
      );
    } catch {
      // A line that is longer than a block, or none: what is wrong is said where the text is read.
      return false;
    }
  }
  return false;
}

/** Text files among these that may be a model's inputs, best first: the model's name, names of corpora, the rest. */
export function likelyTexts(entries: readonly FolderEntry[], modelName: string): readonly string[] {
  const rank = (name: string): number => {
    const stem = baseName(name)
      .replace(/\.[^.]+$/, '')
      .toLowerCase();
    if (stem === modelName.toLowerCase()) return 0;
    return CORPUS.test(stem) ? 1 : 2;
  };
  return entries
    .filter(({ kind, name }) => kind === 'file' && isTextName(name) && !name.startsWith('.') && !NO_CORPUS.test(name))
    .map(({ name }) => name)
    .sort((a, b) => rank(a) - rank(b) || naturalOrder(a, b))
    .slice(0, MAXIMUM_TEXTS);
}

/** The recipe of the first of these texts that can be read. */
export async function firstReadable(
  paths: readonly string[],
  files: DataFiles,
  modelName: string,
): Promise<TextInputs | undefined> {
  for (const path of paths) {
    try {
      const found = await textInputs(path, files, modelName);
      if (found.tokenizer !== undefined) return found;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
    }
  }
  return undefined;
}
