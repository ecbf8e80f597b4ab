/**
 * Reads lists of features as other tools write them, whatever their ending:
 *
 * - Neuronpedia explanations (`/api/explanation/export`, and `explanations/batch-N.jsonl` of its exports): records with
 *   `modelId`, `layer` (the source, “6-res-jb”), `index` (a text) and `description`; `notes` where there are any.
 *   Source: github.com/hijohnnylin/neuronpedia, apps/webapp/prisma/schema.prisma, `model Explanation`.
 * - Neuronpedia features: the same with `explanations: [{description}]` (`model Neuron`).
 * - circuit-tracer features (`transcoder_id`, `index`, …) and graphs (`nodes` with `node_id` “layer_feature_position” and
 *   `clerp`, `qParams.supernodes`, `qParams.pinnedIds`). Source: github.com/safety-research/circuit-tracer,
 *   circuit_tracer/frontend/feature_models.py and graph_models.py.
 * - supernodes, `[["name", "6_4012_7", …], …]`, alone or in a graph’s address (`supernodes=`, `pinnedIds=`).
 * - names as this program keeps them, CSV with a column “feature” or “index”, and plain numbers.
 */
import { breather } from '../../breathe.js';
import { isRecord, passedOver } from './json-record.js';
import { readCsv } from './read-csv.js';
import { graphFeatures, pinnedFeatures, supernodeFeatures } from './read-graph.js';
import {
  featureNumber,
  labelOf,
  layerOfSource,
  LARGEST_LIST_BYTES,
  sourceText,
  textOf,
  unreadable,
  type ListedFeature,
  type ReadList,
} from './listed.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * @param name for people, of the file.
 * @throws ProblemError `invalid-recipe` where nothing in it is a feature; CancelledError.
 */
export async function readList(text: string, name: string, signal?: AbortSignal): Promise<ReadList> {
  if (text.length > LARGEST_LIST_BYTES) throw unreadable(`it is longer than ${LARGEST_LIST_BYTES} characters.`, name);
  const trimmed = text.replace(/^\ufeff/, '').trim();
  if (trimmed === '') throw unreadable('it is empty.', name);
  const found = await recognised(trimmed, name, signal);
  if (found.features.length > 0) return found;
  throw unreadable([...found.notes, 'Nothing in it names a feature.'].join(' '), name);
}

async function recognised(text: string, name: string, signal: AbortSignal | undefined): Promise<ReadList> {
  if (/^https?:\/\//.test(text)) return addressFeatures(text, name);
  if (/^\d+(?:[\s,;]+\d+)*[\s,;]*$/.test(text)) return numbers(text.split(/[\s,;]+/).filter(Boolean));
  if (text.startsWith('{') || text.startsWith('[')) {
    const whole = parsed(text);
    if (whole !== undefined) return fromJson(whole, name);
    const lines = await jsonLines(text, name, signal);
    return records(lines);
  }
  return readCsv(text, name, signal);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function jsonLines(text: string, name: string, signal: AbortSignal | undefined): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  const pause = breather(signal);
  let line = 0;
  for (const part of text.split('\n')) {
    line++;
    if (part.trim() === '') continue;
    const value = parsed(part);
    if (value === undefined) throw unreadable(`line ${line.toLocaleString('en-US')} is no JSON.`, name);
    found.push(value);
    await pause();
  }
  return found;
}

function fromJson(value: unknown, name: string): ReadList {
  if (Array.isArray(value)) {
    if (value.every((each) => featureNumber(each) !== undefined)) return numbers(value);
    if (value.every((each) => Array.isArray(each))) return supernodeFeatures(value, []);
    return records(value);
  }
  if (!isRecord(value)) throw unreadable('it is neither a list nor an object.', name);
  if (Array.isArray(value.nodes)) return graphFeatures(value);
  const { version, features } = value;
  if (version === 1 && isRecord(features)) return ownLabels(features);
  return records([value]);
}

/** What a record of any of the formats says; undefined where it names no feature. */
function listed(record: Json): ListedFeature | undefined {
  const feature = featureNumber(record.feature ?? record.index);
  if (feature === undefined) return undefined;
  const source = sourceText(record.layer) ?? sourceText(record.source);
  const numbered = typeof record.layer === 'number' ? featureNumber(record.layer) : undefined;
  const layer = numbered ?? (source === undefined ? undefined : layerOfSource(source));
  const model = sourceText(record.modelId);
  const explanations = Array.isArray(record.explanations) ? record.explanations.filter(isRecord) : [];
  const [own, ...others] = explanations.map((each) => labelOf(each.description, each.notes));
  const label =
    own === undefined
      ? labelOf(record.description ?? record.name ?? record.label ?? record.clerp, record.notes ?? record.note)
      : labelOf(own.name, [own.note, ...others.map((each) => each.name)].filter(Boolean).join('\n'));
  return {
    feature,
    ...(model === undefined ? {} : { model }),
    ...(source === undefined ? {} : { source }),
    ...(layer === undefined ? {} : { layer }),
    label,
  };
}

function records(values: readonly unknown[]): ReadList {
  const features: ListedFeature[] = [];
  let [passed, explained, traced] = [0, 0, 0];
  for (const value of values) {
    const found = isRecord(value) ? listed(value) : undefined;
    if (found === undefined || !isRecord(value)) {
      passed++;
      continue;
    }
    features.push(found);
    if (textOf(value.modelId) !== '') explained++;
    if (Array.isArray(value.examples_quantiles)) traced++;
  }
  const format = explained > 0 ? 'Neuronpedia features' : traced > 0 ? 'circuit-tracer features' : 'a list of features';
  return { format, features, notes: passedOver(passed) };
}

function numbers(values: readonly unknown[]): ReadList {
  const features = values.flatMap((value): ListedFeature[] => {
    const feature = featureNumber(value);
    return feature === undefined ? [] : [{ feature, label: { name: '', note: '' } }];
  });
  return { format: 'numbers of features', features, notes: passedOver(values.length - features.length) };
}

function ownLabels(features: Json): ReadList {
  const entries = Object.entries(features);
  const found = entries.flatMap(([key, value]): ListedFeature[] => {
    const feature = featureNumber(key);
    return feature === undefined || !isRecord(value) ? [] : [{ feature, label: labelOf(value.name, value.note) }];
  });
  return { format: 'names of features', features: found, notes: passedOver(entries.length - found.length) };
}

/** "https://www.neuronpedia.org/gemma-2-2b/graph?slug=…&pinnedIds=…&supernodes=…" */
function addressFeatures(text: string, name: string): ReadList {
  const [, path = '', query = ''] = /^https?:\/\/[^/?#]*([^?#]*)\??([^#]*)/.exec(text) ?? [];
  const parameters = new Map<string, string>();
  for (const part of query.split('&')) {
    const [key = '', value = ''] = part.split('=');
    try {
      parameters.set(key, decodeURIComponent(value.replaceAll('+', ' ')));
    } catch {
      throw unreadable('its address is cut off.', name);
    }
  }
  const supernodes = parsed(parameters.get('supernodes') ?? '[]');
  const pinned = (parameters.get('pinnedIds') ?? '').split(',').filter(Boolean);
  const [, model, page] = path.split('/');
  return supernodeFeatures(Array.isArray(supernodes) ? supernodes : [], pinnedFeatures(pinned), {
    ...(page === 'graph' ? { model: sourceText(model) } : {}),
  });
}
