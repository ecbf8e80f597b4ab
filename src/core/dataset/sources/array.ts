import { problem } from '../../errors.js';
import { elementCount } from '../../tensor/tensor.js';
import { baseName, type DataFiles } from '../data-files.js';
import { fingerprint } from '../fingerprint.js';
import { isInteger, shapeText, type ModelInput } from '../model-input.js';
import { openArray } from '../open-array.js';
import { arrayPreview, tokenPreview } from '../previews.js';
import type { ArrayRecipe } from '../recipe.js';
import { MAXIMUM_ELEMENTS, numbers, type Row, rowOf } from '../rows.js';
import { matchExample } from '../shapes.js';
import type { TokenText } from '../token-text.js';
import type { ExampleSource, NextTokens } from './example-source.js';
import { tokenWindows, windowNotes, windowsText } from './token-windows.js';

/**
 * Examples from an array file, one per entry of the first axis, or one altogether where the whole array fits the input
 * and its entries do not; of one long row of token ids, windows. value = x · scale + offset.
 * @throws ProblemError `invalid-inputs` when the file is missing or empty, or its shape does not fit the input.
 */
export async function arraySource(
  input: ModelInput,
  recipe: ArrayRecipe,
  batchAxis: number | undefined,
  files: DataFiles,
  tokens: TokenText | undefined,
): Promise<ExampleSource> {
  const { path } = recipe;
  const facts = await files.facts(path);
  const file = await openArray(files, path, recipe.key);
  const place = recipe.key === undefined ? path : `${path}, “${recipe.key}”`;
  if (elementCount(file.dims) === 0 && file.dims.length > 0) {
    throw problem('invalid-inputs', `${place} holds no examples: its shape is ${shapeText(file.dims)}.`, {
      place,
      remedy: 'Choose an array with numbers in it.',
    });
  }
  const windows = recipe.source === 'tokens' ? tokenWindows(input, recipe, batchAxis, file.dims, place) : undefined;
  const rows =
    windows === undefined
      ? examplesIn(input, batchAxis, file.dims, place)
      : { ...matchExample(input, batchAxis, [windows.length], place), single: false };
  if (recipe.source === 'tokens' && !isInteger(file.type) && file.type !== 'float32' && file.type !== 'float64') {
    throw problem('invalid-inputs', `Token ids cannot be ${file.type} numbers.`, {
      place,
      remedy: 'Save the token ids as integers.',
    });
  }
  if (elementCount(rows.shape) > MAXIMUM_ELEMENTS) {
    throw problem('invalid-inputs', `One example has ${elementCount(rows.shape)} values.`, {
      place,
      remedy: 'Choose an array whose first axis counts examples.',
    });
  }
  const step = windows?.length ?? 1;
  const read = async (index: number): Promise<Row> => {
    const tensor = rows.single
      ? await file.read(0, file.dims[0] ?? 1)
      : await file.read(index * step, (index + 1) * step);
    return scaled({ ...rowOf(tensor, place), dims: rows.shape }, recipe);
  };
  const nameOf = (index: number): string =>
    windows === undefined ? `${baseName(path)} ${shapeText([index])}` : `${baseName(path)}, window ${index + 1}`;
  /** Over the edge of a window the row goes on. */
  const following = async (index: number): Promise<number> => {
    const at = (index + 1) * step;
    if (windows === undefined || at >= (file.dims[0] ?? 0)) return -1;
    return numbers(scaled(rowOf(await file.read(at, at + 1), place), recipe))[0] ?? -1;
  };
  return {
    count: windows?.count ?? (rows.single ? 1 : (file.dims[0] ?? 0)),
    shape: rows.shape,
    wholeInput: rows.wholeInput || batchAxis === undefined,
    describe: (used) =>
      windows === undefined
        ? `${used} ${used === 1 ? 'example' : 'examples'} from ${baseName(path)}`
        : windowsText(used, windows, path),
    ...(windows === undefined
      ? {}
      : { line: (used: number) => `token ids: ${windowsText(used, windows, path)}${windowNotes(windows)}` }),
    synthetic: false,
    fingerprint: () =>
      Promise.resolve(
        fingerprint(`${facts?.size}:${facts?.modifiedMs}:${file.type}:${file.dims.join()}:${windows?.length ?? ''}`),
      ),
    read,
    nextTokens: async (index) =>
      recipe.source === 'tokens' ? nextOf(await read(index), await following(index)) : undefined,
    ...(tokens === undefined ? {} : { tokens }),
    nameOf,
    preview: async (index) => {
      const row = await read(index);
      return tokens === undefined ? arrayPreview(nameOf(index), row) : tokenPreview(nameOf(index), row, tokens);
    },
  };
}

/** In a row of token ids each is what comes next to the one before it; of other shapes nobody knows. */
function nextOf(row: Row, following: number): NextTokens | undefined {
  const values = numbers(row);
  if (row.dims.filter((size) => size !== 1).length > 1) return undefined;
  return { ids: Int32Array.from(values, (_, at) => values[at + 1] ?? following), filled: values.length };
}

interface Examples {
  readonly shape: readonly number[];
  readonly wholeInput: boolean;
  /** The array is one example. */
  readonly single: boolean;
}

function examplesIn(
  input: ModelInput,
  batchAxis: number | undefined,
  dims: readonly number[],
  place: string,
): Examples {
  try {
    if (dims.length === 0) return { ...matchExample(input, batchAxis, dims, place), single: true };
    return { ...matchExample(input, batchAxis, dims.slice(1), place), single: false };
  } catch (error) {
    // The array may be one example without an axis that counts; the message speaks of its entries, as is usual.
    try {
      return { ...matchExample(input, batchAxis, dims, place), single: true };
    } catch {
      throw error;
    }
  }
}

function scaled(row: Row, { scale = 1, offset = 0 }: ArrayRecipe): Row {
  if (scale === 1 && offset === 0) return row;
  return { ...row, type: 'float64', data: numbers(row).map((value) => value * scale + offset) };
}
