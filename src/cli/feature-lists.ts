/** What the command line asks of lists: which features a file names, and where features go. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asProblem, problem } from '../core/errors.js';
import { csvText } from '../core/csv.js';
import { featureRows, featuresAsText } from '../core/features/feature-rows.js';
import { joinLabels } from '../core/features/lists/join-labels.js';
import type { FeatureFormat, FeatureListGroup } from '../protocol/feature-lists.js';
import type { FeatureLabels, FeatureOverview } from '../protocol/features.js';
import type { WorkerApi } from '../protocol/worker-api.js';
import { counted } from './numbers.js';

export const EXPORT_FORMATS = ['neuronpedia', 'circuit-tracer', 'activation-cache', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ListOptions {
  /** A file, or an address of a graph: only its features are told and exported. */
  readonly list?: string;
  /** Which layer of the list, and of what is exported. */
  readonly layer?: number;
  /** What happens to the list’s names; absent: nothing. */
  readonly names?: 'keep' | 'replace';
  readonly export?: { readonly format: ExportFormat; readonly path: string };
}

export interface Listed {
  /** Absent: all. */
  readonly features?: readonly number[];
  readonly labels: FeatureLabels;
  /** What was read and written, a sentence each. */
  readonly lines: readonly string[];
}

/** @param dictionary absolute path. @throws ProblemError where the list cannot be read, or is of other dictionaries. */
export async function readListed(inspection: WorkerApi, dictionary: string, options: ListOptions): Promise<Listed> {
  const labels = await inspection.labels({ dictionary });
  const { list, layer, names } = options;
  if (list === undefined) return { labels, lines: [] };
  const isAddress = /^https?:\/\//.test(list);
  const read = await inspection.featureList(isAddress ? { text: list } : { path: resolve(list) });
  const group = layer === undefined ? read.groups[read.group ?? -1] : read.groups.find((each) => each.layer === layer);
  if (group === undefined) throw severalGroups(read.name, read.groups, layer);
  if (group.reason !== undefined) throw problem('not-applicable', group.reason, { place: read.name });
  const features = group.features.map(({ feature }) => feature);
  const lines = [
    `${read.name}: ${read.format}, ${counted(features.length, 'feature', 'features')}${group.from === undefined ? '' : ` of ${group.from}`}.`,
    ...read.notes,
  ];
  if (names === undefined) return { features, labels, lines };
  const { added, differing } = joinLabels(labels, group.features, 'own');
  const joined = await inspection.writeLabels({
    dictionary,
    labels: group.features,
    named: names === 'keep' ? 'keep-own' : 'take-listed',
  });
  lines.push(`${added} of them got a name or a note that they did not have.`);
  if (differing.length > 0) {
    lines.push(
      names === 'keep'
        ? `${differing.length} were named otherwise and stay as they were: ${differing.map(({ feature }) => feature).join(', ')}.`
        : `${differing.length} were named otherwise and are called as in the list now.`,
    );
  }
  return { features, labels: joined, lines };
}

/** @returns what was written, a sentence each. @throws ProblemError where it cannot be written. */
export async function exportListed(
  inspection: WorkerApi,
  overview: FeatureOverview,
  { features, labels }: Listed,
  { export: wanted, layer }: ListOptions,
): Promise<readonly string[]> {
  if (wanted === undefined) return [];
  const path = resolve(wanted.path);
  if (wanted.format === 'csv') return writeCsv(path, overview, labels, features);
  const format: FeatureFormat = wanted.format;
  const answer = await inspection.writeFeatures({
    format,
    path,
    ...(features === undefined ? {} : { features }),
    ...(layer === undefined ? {} : { layer }),
  });
  return [...answer.sentences, answer.path];
}

async function writeCsv(
  path: string,
  overview: FeatureOverview,
  labels: FeatureLabels,
  features: readonly number[] | undefined,
): Promise<readonly string[]> {
  const only = features && new Set(features);
  const { header, rows } = featuresAsText(
    featureRows(overview, labels).filter(({ feature }) => only?.has(feature) !== false),
    overview.placeWords,
  );
  try {
    await writeFile(path, csvText([header, ...rows]));
  } catch (error) {
    throw problem('file-unwritable', `The table could not be written: ${asProblem(error).message}`, { place: path });
  }
  return [`${counted(rows.length, 'feature', 'features')} written as CSV.`, path];
}

function severalGroups(name: string, groups: readonly FeatureListGroup[], layer: number | undefined): Error {
  const from = groups.map((group) => group.from ?? 'no source').join('; ');
  return problem(
    'not-applicable',
    layer === undefined
      ? `The list is of several dictionaries, and nothing says which of them this one is: ${from}.`
      : `The list names no feature of layer ${layer}: it is of ${from}.`,
    { place: name, remedy: 'Say which with --layer.' },
  );
}
