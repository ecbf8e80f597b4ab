/** What a person calls the features of a dictionary: read from, and written as, a plain JSON file beside it. */
import { displayText } from '../display-text.js';
import { asProblem, problem } from '../errors.js';

export interface FeatureLabel {
  readonly name: string;
  readonly note: string;
}

/** By the number of the feature. */
export type FeatureLabels = Readonly<Record<number, FeatureLabel>>;

export const LONGEST_NAME = 200;
export const LONGEST_NOTE = 4000;
/** A file of more is not one of ours. */
export const LARGEST_LABELS_BYTES = 64 * 2 ** 20;
const MOST_LABELS = 1_000_000;
const VERSION = 1;

/** @throws ProblemError `invalid-recipe` where the text is not what {@link labelsText} writes. */
export function parseLabels(text: string, fileName: string): FeatureLabels {
  const invalid = (message: string): Error =>
    problem('invalid-recipe', `The names of features cannot be read: ${message}`, {
      place: fileName,
      remedy: 'Mend the file or move it away; it is not overwritten.',
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalid(asProblem(error).message);
  }
  const { version, features } = isRecord(parsed) ? parsed : {};
  if (version !== VERSION) throw invalid(`its version is not ${VERSION}.`);
  if (!isRecord(features)) throw invalid('“features” is not an object in braces { }.');
  const entries = Object.entries(features);
  if (entries.length > MOST_LABELS) throw invalid(`it names more than ${MOST_LABELS.toLocaleString('en')} features.`);
  const labels: Record<number, FeatureLabel> = {};
  for (const [key, value] of entries) {
    if (!/^\d{1,9}$/.test(key)) throw invalid(`“${key}” is no number of a feature.`);
    const { name = '', note = '' } = isRecord(value) ? value : {};
    if (typeof name !== 'string' || typeof note !== 'string')
      throw invalid(`the name and the note of feature ${key} are not both texts.`);
    labels[Number(key)] = cleanLabel({ name, note });
  }
  return labels;
}

/** Short enough, and without characters that would make it look like something else; notes keep their lines. */
export function cleanLabel({ name, note }: FeatureLabel): FeatureLabel {
  const lines = note.slice(0, LONGEST_NOTE).split(/\r?\n/);
  return {
    name: displayText(name.trim(), LONGEST_NAME),
    note: lines
      .map((line) => displayText(line, LONGEST_NOTE))
      .join('\n')
      .trim(),
  };
}

/** With the label of a feature, or without where neither a name nor a note is left. */
export function withLabel(labels: FeatureLabels, feature: number, label: FeatureLabel): FeatureLabels {
  if (!/^\d{1,9}$/.test(String(feature))) throw new RangeError(`${feature} is no number of a feature.`);
  const { [feature]: _before, ...others } = labels;
  const clean = cleanLabel(label);
  return clean.name === '' && clean.note === '' ? others : { ...others, [feature]: clean };
}

export function labelsText(labels: FeatureLabels): string {
  return `${JSON.stringify({ version: VERSION, features: labels }, undefined, 2)}\n`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
