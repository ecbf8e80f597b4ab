/** Opens the transcoders that a person attached to a model, and finds the layer of each. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { whyNotLinear } from '../core/circuits/transcoder.js';
import { circuitLayers, placeTranscoders, type CircuitLayers, type NamedPlaces } from '../core/circuits/placing.js';
import { statedPlaces } from '../core/dictionary/attach/stated-places.js';
import { whyNotOnePlace } from '../core/dictionary/one-place.js';
import { displayText } from '../core/display-text.js';
import { ProblemError } from '../core/errors.js';
import { readConfiguration } from '../core/formats/dictionary-configuration.js';
import type { Graph } from '../core/graph/graph.js';
import type { TranscoderSet, TranscoderSetDescription } from '../protocol/circuits.js';
import { isCachedFile, realPath } from '../node/model-cache.js';
import { openDictionary, type OpenedDictionary } from './open-dictionary.js';

export interface PlacedTranscoder {
  readonly layer: number;
  readonly reads: string;
  readonly writes: string;
  readonly name: string;
  readonly opened: OpenedDictionary;
}

export interface OpenedTranscoders {
  readonly description: TranscoderSetDescription;
  /** Absent where the model can have no circuits. */
  readonly layers?: CircuitLayers;
  readonly placed: readonly PlacedTranscoder[];
  close(): Promise<void>;
}

/** Files and folders that are looked at. */
const MOST_ENTRIES = 2000;
const MOST_FILES = 300;
const DEEPEST = 3;
const ENDINGS = /\.(safetensors|npz|pt|pth|pkl|pkl\.gz)$/i;

/** Never rejects for what is wrong with a transcoder: that is what is told of it. */
export async function openTranscoders(
  { paths, answers }: TranscoderSet,
  graph: Graph,
  signal?: AbortSignal,
): Promise<OpenedTranscoders> {
  const left: { name: string; reason: string }[] = [];
  let layers: CircuitLayers;
  try {
    layers = circuitLayers(graph);
  } catch (error) {
    return {
      description: { layers: [], left, problem: reasonOf(error) },
      placed: [],
      close: async () => undefined,
    };
  }
  const opened: { readonly stated: NamedPlaces; readonly dictionary: OpenedDictionary }[] = [];
  const close = async (): Promise<void> => {
    for (const { dictionary } of opened) await dictionary.close();
  };
  try {
    for (const path of paths) {
      const files = await dictionaryFiles(path).catch((error: unknown) => {
        left.push({
          name: nameOf(path),
          reason: `It cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.`,
        });
        return [];
      });
      for (const file of files) {
        try {
          const dictionary = await openDictionary(file, answers[file] ?? {}, signal);
          opened.push({
            dictionary,
            stated: { name: nameOf(file), ...statedPlaces(await readConfiguration(dictionary.file.siblings), file) },
          });
        } catch (error) {
          left.push({ name: nameOf(file), reason: reasonOf(error) });
        }
      }
    }
    const placed: PlacedTranscoder[] = [];
    const usable = opened.filter(({ dictionary: { coder }, stated: { name } }) => {
      const several = whyNotOnePlace(coder);
      const reason = several === undefined ? whyNotLinear(coder) : `${several.message} ${several.remedy}`;
      if (reason !== undefined) left.push({ name, reason });
      return reason === undefined;
    });
    const by = new Map<number, string>();
    placeTranscoders(
      graph,
      usable.map(({ stated }) => stated),
    ).forEach((place, at) => {
      const { dictionary, stated } = usable[at] as (typeof usable)[number];
      if ('reason' in place) {
        left.push({ name: stated.name, reason: place.reason });
        return;
      }
      by.set(place.layer, place.by);
      placed.push({
        layer: place.layer,
        reads: place.reads,
        writes: place.writes,
        name: stated.name,
        opened: dictionary,
      });
    });
    return {
      description: { layers: layers.layers.map(({ index }) => described(index, placed, by)), left },
      layers,
      placed,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function described(
  layer: number,
  placed: readonly PlacedTranscoder[],
  by: ReadonlyMap<number, string>,
): TranscoderSetDescription['layers'][number] {
  const found = placed.find((each) => each.layer === layer);
  if (found === undefined) return { layer };
  return {
    layer,
    transcoder: { name: found.name, features: found.opened.coder.features, by: displayText(by.get(layer) ?? '', 100) },
  };
}

/** The file itself, or the dictionaries' files in a folder and those below. Links are not followed, but those of a model cache. */
async function dictionaryFiles(path: string): Promise<readonly string[]> {
  if ((await stat(path)).isFile()) return [path];
  const found: string[] = [];
  let seen = 0;
  const look = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    for (const entry of entries) {
      if (++seen > MOST_ENTRIES || found.length >= MOST_FILES) return;
      if (entry.isDirectory() && depth < DEEPEST) await look(join(folder, entry.name), depth + 1);
      else if ((entry.isFile() || isCachedLink(folder, entry)) && ENDINGS.test(entry.name))
        found.push(join(folder, entry.name));
    }
  };
  await look(path, 0);
  return found;
}

function isCachedLink(folder: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return false;
  const [from, file] = [realPath(folder), realPath(join(folder, entry.name))];
  return from !== undefined && file !== undefined && isCachedFile(from, file);
}

/** Files of a set are often all called alike: their folder tells them apart. */
function nameOf(path: string): string {
  return displayText(join(basename(dirname(path)), basename(path)), 120);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ProblemError)) throw error;
  const { message, remedy } = error.problem;
  return remedy === undefined ? message : `${message} ${remedy}`;
}
