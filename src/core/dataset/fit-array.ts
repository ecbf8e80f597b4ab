import { ProblemError } from '../errors.js';
import { planBatch } from './batch-axes.js';
import { baseName, type DataFiles, joinPath } from './data-files.js';
import { guessPreparation } from './guess-preparation.js';
import { takesText } from './guess-text.js';
import { imageForm, isFloat, isInteger, isTokenLike, type InputHints, type ModelInput } from './model-input.js';
import { arrayNames, openArray } from './open-array.js';
import type { ArrayRecipe, Recipe } from './recipe.js';
import { matchExample, withoutAxis } from './shapes.js';

/** Keys that people give to inputs in an archive, best first. */
const USUAL_KEYS = ['x', 'x_test', 'inputs', 'input', 'images', 'data', 'input_ids', 'tokens', 'arr_0'];

const WIDE_INTEGERS = new Set(['int32', 'uint32', 'int64', 'uint64', 'bool']);

/**
 * A recipe that reads an input from an array file, or undefined when the array does not fit it.
 * Stored pixels (uint8) for an input of floats are scaled as pictures of that form would be.
 * @param guessing nobody said that this file is the input: wide integers (ids, labels) are then no values for floats.
 * @throws ProblemError when the file cannot be read.
 */
export async function fitArray(
  input: ModelInput,
  files: DataFiles,
  path: string,
  hints: InputHints | undefined,
  guessing = false,
): Promise<ArrayRecipe | undefined> {
  for (const key of await keysOf(input, files, path)) {
    const file = await openArray(files, path, key);
    const tokens = isTokenLike(input, hints?.get(input.name));
    const kindFits =
      isFloat(input.type) && !tokens
        ? !guessing || !WIDE_INTEGERS.has(file.type)
        : isInteger(file.type) || file.type === 'bool';
    const isLongRow = tokens && !guessing && file.dims.length === 1 && takesText(input, hints);
    if (!kindFits || !(isLongRow || fitsShape(input, file.dims, path))) continue;
    const base = { source: tokens ? 'tokens' : 'array', path, ...(key === undefined ? {} : { key }) } as const;
    const form = imageForm(input);
    if (file.type !== 'uint8' || tokens || form === undefined || !isFloat(input.type)) return base;
    const { scale, mean, std } = guessPreparation(input, form, hints?.get(input.name));
    const average = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const factor = scale / average(std);
    const offset = -average(mean) / average(std);
    return { ...base, ...(factor === 1 ? {} : { scale: factor }), ...(offset === 0 ? {} : { offset }) };
  }
  return undefined;
}

async function keysOf(input: ModelInput, files: DataFiles, path: string): Promise<readonly (string | undefined)[]> {
  if (!/\.npz$/i.test(path)) return [undefined];
  const names = await arrayNames(files, path);
  if (names.includes(input.name)) return [input.name];
  const rank = (name: string): number => {
    const found = USUAL_KEYS.indexOf(name.toLowerCase());
    return found < 0 ? USUAL_KEYS.length : found;
  };
  return names.toSorted((a, b) => rank(a) - rank(b)).slice(0, 64);
}

function fitsShape(input: ModelInput, dims: readonly number[], place: string): boolean {
  const axis = planBatch([{ input, recipe: { source: 'array', path: place }, conventional: false }]).axes.get(
    input.name,
  );
  const candidates = [dims.slice(1), dims];
  return candidates.some((shape) => {
    // Numbers one by one (labels) are no examples for an input with axes of its own.
    if (shape.length === 0 && withoutAxis(input.shape ?? [], axis).length > 0) return false;
    try {
      matchExample(input, axis, shape, place);
      return true;
    } catch (error) {
      if (error instanceof ProblemError) return false;
      throw error;
    }
  });
}

/** `t10k-labels-idx1-ubyte.gz` beside `t10k-images-idx3-ubyte.gz`, `labels.csv` beside anything. */
export async function labelsBeside(
  files: DataFiles,
  folder: string,
  dataFile?: string,
): Promise<Recipe['labels'] | undefined> {
  const exists = async (name: string): Promise<boolean> => {
    try {
      return (await files.facts(joinPath(folder, name)))?.kind === 'file';
    } catch (error) {
      // Outside of what may be read: then there are no labels.
      if (error instanceof ProblemError) return false;
      throw error;
    }
  };
  const companion = dataFile === undefined ? '' : baseName(dataFile).replace('images-idx3', 'labels-idx1');
  const candidates = [...(companion.includes('labels-idx1') ? [companion] : []), 'labels.csv', 'labels.txt'];
  for (const name of candidates) {
    if (!(await exists(name))) continue;
    const classes = (await exists('classes.txt')) ? { classes: joinPath(folder, 'classes.txt') } : {};
    return { path: joinPath(folder, name), ...classes };
  }
  return undefined;
}
