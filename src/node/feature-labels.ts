/** The file of a person’s names of features: `<dictionary>.labels.json` beside the dictionary. */
import { basename } from 'node:path';
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { problem } from '../core/errors.js';
import {
  LARGEST_LABELS_BYTES,
  labelsText,
  parseLabels,
  withLabel,
  type FeatureLabel,
  type FeatureLabels,
} from '../core/features/labels.js';

/** Of one file, one after the other: two changes at once would lose one. */
const underway = new Map<string, Promise<unknown>>();

/** @param dictionary absolute path. None where there is no file yet. @throws ProblemError where it cannot be read. */
export async function readLabels(dictionary: string): Promise<FeatureLabels> {
  const path = pathOf(dictionary);
  try {
    const { size } = await stat(path);
    if (size > LARGEST_LABELS_BYTES) {
      throw problem('invalid-recipe', `The names of features take ${size} bytes: no person wrote that.`, {
        place: basename(path),
        remedy: 'Move the file away.',
      });
    }
    return parseLabels(await readFile(path, 'utf8'), basename(path));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    if (codeOf(error) === undefined) throw error;
    throw problem('file-unreadable', `The names of features cannot be read: ${String(codeOf(error))}.`, {
      place: basename(path),
    });
  }
}

/** @returns all of them, with the new one. @throws ProblemError where the file cannot be read or written. */
export function writeLabel(dictionary: string, feature: number, label: FeatureLabel): Promise<FeatureLabels> {
  return changeLabels(dictionary, (labels) => withLabel(labels, feature, label));
}

/**
 * @param change of what the file holds to what it is to hold.
 * @returns what it holds then. @throws ProblemError where the file cannot be read or written.
 */
export async function changeLabels(
  dictionary: string,
  change: (labels: FeatureLabels) => FeatureLabels,
): Promise<FeatureLabels> {
  const before = underway.get(dictionary) ?? Promise.resolve();
  const work = before.then(async () => {
    const labels = change(await readLabels(dictionary));
    await replace(pathOf(dictionary), labelsText(labels));
    return labels;
  });
  const settled = work.catch(() => undefined);
  underway.set(dictionary, settled);
  try {
    return await work;
  } finally {
    if (underway.get(dictionary) === settled) underway.delete(dictionary);
  }
}

/** The whole new file or the old one, whatever happens meanwhile. */
async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw problem('file-unwritable', `The name could not be written: ${String(codeOf(error) ?? error)}.`, {
      place: basename(path),
      remedy: 'Allow writing in the folder of the dictionary, or copy the dictionary elsewhere.',
    });
  }
}

function pathOf(dictionary: string): string {
  return `${dictionary}.labels.json`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
