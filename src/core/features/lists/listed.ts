/** A list of features that came from somewhere else: which, of what dictionary, and what they are called there. */
import { displayText } from '../../display-text.js';
import { problem } from '../../errors.js';
import { cleanLabel, LONGEST_NAME, type FeatureLabel } from '../labels.js';

/** As read, before it is known whether the features are of the dictionary at hand. */
export interface ListedFeature {
  readonly feature: number;
  /** As the list has them: Neuronpedia’s model and source, or the layer alone. */
  readonly model?: string;
  readonly source?: string;
  readonly layer?: number;
  readonly label: FeatureLabel;
}

export interface ReadList {
  /** What was recognised, for people: “Neuronpedia explanations”. */
  readonly format: string;
  readonly features: readonly ListedFeature[];
  /** What was passed over, whole sentences. */
  readonly notes: readonly string[];
}

/** Features of one source of a list, each once. */
export interface ListGroup {
  readonly model?: string;
  readonly source?: string;
  readonly layer?: number;
  readonly features: readonly { readonly feature: number; readonly label: FeatureLabel }[];
}

/** Unpacked. Neuronpedia’s files of explanations have about a megabyte. */
export const LARGEST_LIST_BYTES = 64 * 2 ** 20;
const MOST_LISTED = 1_000_000;
/** Beyond it, a number is none of a feature. */
const LARGEST_FEATURE = 2 ** 31;
const LONGEST_SOURCE = 100;

/** What no list of features looks like. */
export function unreadable(why: string, name: string): Error {
  return problem('invalid-recipe', `The list of features cannot be read: ${why}`, {
    place: name,
    remedy:
      'Choose explanations or features of Neuronpedia (JSON or JSON Lines), a feature or a graph of circuit-tracer (JSON), a Neuronpedia graph’s address with supernodes, CSV with a column “feature”, or numbers.',
  });
}

/** A whole number from 0, also where it is written as text; undefined for everything else. */
export function featureNumber(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^\d{1,10}$/.test(value)) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const number = Number(value);
  return Number.isInteger(number) && number >= 0 && number < LARGEST_FEATURE ? number : undefined;
}

/** What is too long for a name is told whole in the note. */
export function labelOf(name: unknown, note: unknown): FeatureLabel {
  const [first, second] = [textOf(name), textOf(note)];
  const whole = first.length > LONGEST_NAME ? [first] : [];
  return cleanLabel({ name: first, note: [...whole, ...(second === '' ? [] : [second])].join('\n') });
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

/** "6-res-jb" is of layer 6, as Neuronpedia names sources; plain "6" too. */
export function layerOfSource(source: string): number | undefined {
  const [, digits] = /^(\d{1,5})(?:-|$)/.exec(source) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

export function sourceText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? displayText(value, LONGEST_SOURCE) : undefined;
}

/** By source, in the order in which sources come. Of several names of one feature the first is its name, others its note. */
export function groupsOf(features: readonly ListedFeature[], name: string): readonly ListGroup[] {
  if (features.length > MOST_LISTED)
    throw unreadable(`it has more than ${MOST_LISTED.toLocaleString('en-US')} features.`, name);
  const groups = new Map<string, { first: ListedFeature; labels: Map<number, FeatureLabel> }>();
  for (const each of features) {
    const { model, source, layer, feature, label } = each;
    const key = JSON.stringify([model, source, layer]);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { first: each, labels: new Map() }));
    const known = group.labels.get(feature);
    group.labels.set(feature, known === undefined ? label : joined(known, label));
  }
  return [...groups.values()].map(({ first: { model, source, layer }, labels }) => ({
    ...(model === undefined ? {} : { model }),
    ...(source === undefined ? {} : { source }),
    ...(layer === undefined ? {} : { layer }),
    features: [...labels].map(([feature, label]) => ({ feature, label })),
  }));
}

function joined(first: FeatureLabel, other: FeatureLabel): FeatureLabel {
  if (first.name === '') return cleanLabel({ name: other.name, note: lines(first.note, other.note) });
  return cleanLabel({
    name: first.name,
    note: lines(first.note, other.name === first.name ? '' : other.name, other.note),
  });
}

function lines(...parts: readonly string[]): string {
  return [...new Set(parts.flatMap((part) => part.split('\n')))].filter((part) => part !== '').join('\n');
}

/** "gpt2-small, 6-res-jb", "layer 6", or undefined where the list does not say. */
export function groupName({ model, source, layer }: ListGroup): string | undefined {
  const parts = [model, source ?? (layer === undefined ? undefined : `layer ${layer}`)];
  const said = parts.filter((part) => part !== undefined);
  return said.length === 0 ? undefined : said.join(', ');
}
