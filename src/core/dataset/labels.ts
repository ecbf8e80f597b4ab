import { problem } from '../errors.js';
import { elementCount } from '../tensor/tensor.js';
import { baseName, type DataFiles, readText } from './data-files.js';
import { shapeText } from './model-input.js';
import { isArrayName, openArray } from './open-array.js';
import type { Recipe } from './recipe.js';
import { numbers, rowOf } from './rows.js';

const MAXIMUM_LABEL_BYTES = 256e6;

/** The label of an example by its position in the data, or by its file name. */
export type LabelOf = (index: number, name: string) => string | undefined;

export interface Labels {
  readonly labelOf: LabelOf;
  /** Names by number; empty where the recipe gives none. */
  readonly classes: readonly string[];
}

/**
 * Reads `labels` of a recipe. An array file (.npy, IDX) holds one number per example. A `.csv` has a header and two columns, file name and label; any other text file has one
 * label per line, in the order of the data. Where `classes` (one name per line) is given, a label that is a whole number
 * is shown as the class of that number.
 * @throws ProblemError `invalid-inputs` when a file is missing or too large.
 */
export async function openLabels(labels: NonNullable<Recipe['labels']>, files: DataFiles): Promise<Labels> {
  const classes = labels.classes === undefined ? [] : lines(await readText(files, labels.classes, MAXIMUM_LABEL_BYTES));
  const named = (label: string | undefined): string | undefined =>
    label !== undefined && /^\d{1,9}$/.test(label) ? (classes[Number(label)] ?? label) : label;
  if (isArrayName(labels.path)) {
    const values = await labelNumbers(labels.path, files);
    return { classes, labelOf: (index) => named(values[index] === undefined ? undefined : String(values[index])) };
  }
  const rows = lines(await readText(files, labels.path, MAXIMUM_LABEL_BYTES));
  if (!/\.csv$/i.test(labels.path)) return { classes, labelOf: (index) => named(rows[index]) };

  const byFile = new Map<string, string>();
  for (const [i, row] of rows.entries()) {
    const [file, label] = csvFields(row);
    if (file === undefined || label === undefined) {
      throw problem('invalid-inputs', `Line ${i + 1} of ${labels.path} has no second column.`, {
        place: `${labels.path}, line ${i + 1}`,
        remedy: 'Write a file name, a comma and a label on every line.',
      });
    }
    byFile.set(file, label);
  }
  return { classes, labelOf: (_index, name) => named(byFile.get(name) ?? byFile.get(baseName(name))) };
}

async function labelNumbers(path: string, files: DataFiles): Promise<Float64Array> {
  const file = await openArray(files, path, undefined);
  const count = elementCount(file.dims);
  if (count !== file.dims[0] || count > MAXIMUM_LABEL_BYTES) {
    throw problem('invalid-inputs', `${path} has the shape ${shapeText(file.dims)}, not one label per example.`, {
      place: path,
      remedy: 'Choose an array with one number per example.',
    });
  }
  return numbers(rowOf(await file.read(0, count), path));
}

function lines(text: string): string[] {
  const all = text.split(/\r?\n/);
  while (all.at(-1) === '') all.pop();
  return all;
}

/** Fields of one line of CSV (RFC 4180, without line breaks inside quotes). */
function csvFields(line: string): string[] {
  const fields: string[] = [];
  const pattern = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g;
  for (const [, quoted, plain] of line.matchAll(pattern)) {
    fields.push((quoted?.replaceAll('""', '"') ?? plain ?? '').trim());
  }
  return fields;
}
