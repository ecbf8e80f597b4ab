import { ProblemError } from '../errors.js';
import { planBatch } from './batch-axes.js';
import { type DataFiles, type FolderEntry, joinPath, naturalOrder, readText } from './data-files.js';
import { madeUpShape, takesSound } from './example-shapes.js';
import { fitArray, labelsBeside } from './fit-array.js';
import { guessPreparation } from './guess-preparation.js';
import { firstReadable, likelyTexts, takesText } from './guess-text.js';
import { imageForm, isTokenLike, type InputHints, type ModelInput } from './model-input.js';
import { isArrayName } from './open-array.js';
import { openDataset } from './open-dataset.js';
import type { ImageRecipe, InputRecipe, Recipe } from './recipe.js';
import { conventionalInputs, fillRoles, syntheticGuess } from './roles.js';
import { withoutAxis } from './shapes.js';
import { DEFAULT_SIDE, listPictures } from './sources/images.js';
import { testSets } from './sources/test-data.js';
import { tokenizerNames } from './text/tokenizer-names.js';
import { MAXIMUM_TOKENIZER_BYTES, parseTokenizer } from './token-text.js';

export interface GuessContext {
  /** The model's file name without ".onnx". */
  readonly modelName: string;
  readonly hints?: InputHints;
}

/** Folders beside a model whose pictures are likely its inputs, best first. */
const PICTURE_FOLDERS = [
  'images',
  'imgs',
  'pictures',
  'photos',
  'data',
  'dataset',
  'test',
  'val',
  'samples',
  'examples',
  'inputs',
];
/** Array files beside a model that are looked into. */
const MAXIMUM_ARRAYS = 20;
/** Arrays of these names are answers or weights, not inputs. */
const NOT_INPUTS = /label|target|output|expected|weight|logit|^y([_.-]|$)/i;

/**
 * The best recipe that the model's folder allows: ONNX test data, then pictures, then arrays that fit, then text with a
 * tokenizer, then seeded random values. Every candidate from files is opened before it is proposed. Inputs with a role (masks, positions, caches) are
 * left out, since they are filled in anyway.
 * @param files the model's folder; '.' is that folder.
 */
export async function guessRecipe(
  modelInputs: readonly ModelInput[],
  files: DataFiles,
  context: GuessContext,
): Promise<Recipe> {
  const entries = await files.list('.').catch(ignoreProblems<readonly FolderEntry[]>([]));
  const candidates = [testDataCandidate, pictureCandidate, arrayCandidate, textCandidate];
  for (const candidate of candidates) {
    const found = await candidate(modelInputs, files, entries, context).catch(ignoreProblems(undefined));
    if (found === undefined) continue;
    const opens = await openDataset(found, modelInputs, files, { limit: 1, ...context }).then(
      () => true,
      ignoreProblems(false),
    );
    if (opens) return withTokenizer(found, modelInputs, files, entries, context);
  }
  return withTokenizer(syntheticRecipe(modelInputs, context.hints), modelInputs, files, entries, context);
}

/** A file beside a model that cannot be used is no reason to fail: there is always a next candidate. */
function ignoreProblems<T>(fallback: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof ProblemError) return fallback;
    throw error;
  };
}

type Candidate = (
  modelInputs: readonly ModelInput[],
  files: DataFiles,
  entries: readonly FolderEntry[],
  context: GuessContext,
) => Promise<Recipe | undefined>;

const testDataCandidate: Candidate = async (modelInputs, files) => {
  if ((await testSets(files, '.')).length === 0) return undefined;
  return recipeOf(modelInputs.map(({ name }) => [name, { source: 'test-data', path: '.' }]));
};

const pictureCandidate: Candidate = async (modelInputs, files, entries, { modelName, hints }) => {
  const data = dataInputs(modelInputs);
  const input = data.find((each) => imageForm(each) !== undefined);
  if (input === undefined) return undefined;
  const wanted = [modelName.toLowerCase(), ...PICTURE_FOLDERS];
  const folders = entries
    .filter(({ kind, name }) => kind === 'folder' && wanted.includes(name.toLowerCase()))
    .sort((a, b) => wanted.indexOf(a.name.toLowerCase()) - wanted.indexOf(b.name.toLowerCase()));
  for (const { name } of folders) {
    const recipe = imageRecipe(input, name, hints);
    const pictures = await listPictures(files, name).catch(ignoreProblems<readonly unknown[]>([]));
    if (recipe === undefined || pictures.length === 0) continue;
    const labels = (await labelsBeside(files, '.')) ?? (await labelsBeside(files, name));
    return { ...completed([[input.name, recipe]], modelInputs, hints), ...(labels === undefined ? {} : { labels }) };
  }
  return undefined;
};

const arrayCandidate: Candidate = async (modelInputs, files, entries, { modelName, hints }) => {
  const named = (name: string): boolean =>
    [modelName, ...modelInputs.map((input) => input.name)].some((part) =>
      name.toLowerCase().startsWith(part.toLowerCase()),
    );
  const arrays = entries
    .filter(({ kind, name }) => kind === 'file' && isArrayName(name) && !NOT_INPUTS.test(name))
    .map(({ name }) => name)
    .sort((a, b) => Number(named(b)) - Number(named(a)) || naturalOrder(a, b))
    .slice(0, MAXIMUM_ARRAYS);
  const found: [string, InputRecipe][] = [];
  let labels: Recipe['labels'];
  const data = dataInputs(modelInputs);
  for (const input of modelInputs) {
    for (const path of arrays) {
      const recipe = await fitArray(input, files, path, hints, true).catch(ignoreProblems(undefined));
      // A mask or a position is taken from a file only where the file names it.
      if (recipe === undefined || !(data.includes(input) || recipe.key === input.name)) continue;
      found.push([input.name, recipe]);
      labels ??= await labelsBeside(files, '.', path);
      break;
    }
  }
  if (found.length === 0) return undefined;
  return { ...completed(found, modelInputs, hints), ...(labels === undefined ? {} : { labels }) };
};

const textCandidate: Candidate = async (modelInputs, files, entries, { modelName, hints }) => {
  const input = dataInputs(modelInputs).find((each) => takesText(each, hints));
  if (input === undefined) return undefined;
  const found = await firstReadable(likelyTexts(entries, modelName), files, modelName);
  if (found === undefined) return undefined;
  return { ...completed([[input.name, found.recipe]], modelInputs, hints), tokenizer: found.tokenizer };
};

/** Pictures for an input that takes them, prepared in the usual way; undefined for other inputs. */
export function imageRecipe(input: ModelInput, path: string, hints: InputHints | undefined): ImageRecipe | undefined {
  const form = imageForm(input);
  if (form === undefined) return undefined;
  const open = form.height === undefined || form.width === undefined;
  const size = [form.height ?? DEFAULT_SIDE, form.width ?? DEFAULT_SIDE] as const;
  return {
    source: 'images',
    path,
    ...guessPreparation(input, form, hints?.get(input.name)),
    ...(open ? { size } : {}),
  };
}

/** Seeded random values for all data inputs; sizes that the graph leaves open are written out, to be seen and changed. */
function syntheticRecipe(modelInputs: readonly ModelInput[], hints: InputHints | undefined): Recipe {
  return completed([], modelInputs, hints);
}

/** `known` inputs, and random values for the data inputs that it leaves out. */
export function completed(
  known: readonly (readonly [string, InputRecipe])[],
  modelInputs: readonly ModelInput[],
  hints: InputHints | undefined,
): Recipe {
  const missing = dataInputs(modelInputs).filter(({ name }) => !known.some(([other]) => other === name));
  const made = missing.map((input) => [input.name, syntheticGuess(input, hints?.get(input.name))] as const);
  const recipe = recipeOf([...known, ...made]);
  const filled = fillRoles(modelInputs, recipe, hints);
  const { axes } = planBatch(filled);
  const around = { bound: new Map<string, number>(), mainLength: undefined, sound: takesSound(modelInputs) };
  const shaped = made.map(([name, synthetic]) => {
    const each = filled.find(({ input }) => input.name === name);
    const declared = withoutAxis(each?.input.shape ?? [], axes.get(name));
    // A size that data will settle (a length shared with an input from a file) is left open.
    const open = declared.some((size) => typeof size === 'string') && known.length === 0;
    if (each === undefined || !open) return [name, synthetic] as const;
    return [name, { ...synthetic, shape: madeUpShape(each, axes.get(name), around) }] as const;
  });
  return recipeOf([...known, ...shaped]);
}

export function dataInputs(modelInputs: readonly ModelInput[]): readonly ModelInput[] {
  const conventional = conventionalInputs(modelInputs);
  return modelInputs.filter(({ name }) => !conventional.has(name));
}

export function recipeOf(inputs: readonly (readonly [string, InputRecipe])[]): Recipe {
  return { version: 1, inputs: Object.fromEntries(inputs) };
}

async function withTokenizer(
  recipe: Recipe,
  modelInputs: readonly ModelInput[],
  files: DataFiles,
  entries: readonly FolderEntry[],
  { modelName, hints }: GuessContext,
): Promise<Recipe> {
  const readsTokens = modelInputs.some((input) => isTokenLike(input, hints?.get(input.name)));
  const tokenizer = tokenizerNames(modelName).find((name) =>
    entries.some((entry) => entry.kind === 'file' && entry.name === name),
  );
  if (!readsTokens || tokenizer === undefined || recipe.tokenizer !== undefined) return recipe;
  const usable = await readText(files, joinPath('.', tokenizer), MAXIMUM_TOKENIZER_BYTES)
    .then((text) => parseTokenizer(text, tokenizer).size > 0)
    .catch(ignoreProblems(false));
  return usable ? { ...recipe, tokenizer } : recipe;
}
