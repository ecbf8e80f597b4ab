/** A list of features from a file or from what was typed, held against the dictionary that was run. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { displayText } from '../../core/display-text.js';
import { asProblem, problem, ProblemError } from '../../core/errors.js';
import {
  groupName,
  groupsOf,
  LARGEST_LIST_BYTES,
  unreadable,
  type ListGroup,
} from '../../core/features/lists/listed.js';
import { readList } from '../../core/features/lists/read-list.js';
import type { ExportedSource } from '../../core/features/lists/exported.js';
import type { FeatureListAnswer, FeatureListGroup, FeatureListRequest } from '../../protocol/feature-lists.js';

const LONGEST_TYPED = 200_000;
const GZIP = [0x1f, 0x8b];

/** @param source of the dictionary. @throws ProblemError where it is no list of features; CancelledError. */
export async function readFeatureList(
  request: FeatureListRequest,
  source: ExportedSource,
  features: number,
  signal?: AbortSignal,
): Promise<FeatureListAnswer> {
  const name = 'path' in request ? displayText(basename(request.path), 100) : 'what you typed';
  if ('text' in request && request.text.length > LONGEST_TYPED) {
    throw unreadable(`it has more than ${LONGEST_TYPED.toLocaleString('en-US')} characters. Save it as a file.`, name);
  }
  const text = 'path' in request ? await textOf(request.path, name) : request.text;
  const { format, features: listed, notes } = await readList(text, name, signal);
  const groups = groupsOf(listed, name).map((group): FeatureListGroup => {
    const [from, reason] = [groupName(group), whyNot(group, source, features)];
    return { ...group, ...(from === undefined ? {} : { from }), ...(reason === undefined ? {} : { reason }) };
  });
  const own = ownGroup(groups, source);
  if (own === undefined && groups.every(({ reason }) => reason !== undefined)) {
    throw problem('not-applicable', `No feature of the list is of this dictionary. ${groups[0]?.reason ?? ''}`, {
      place: name,
      remedy: 'Attach the dictionary that the list is of, or choose another list.',
    });
  }
  return { name, format, groups, ...(own === undefined ? {} : { group: own }), notes };
}

/** A number that the dictionary does not have, or a layer that is not its own: then none of the names is about it. */
function whyNot(
  { features: listed, layer, source: listedSource }: ListGroup,
  source: ExportedSource,
  features: number,
) {
  const beyond = listed.find(({ feature }) => feature >= features);
  if (beyond !== undefined) {
    return `It names feature ${beyond.feature.toLocaleString('en-US')}, but the dictionary has features 0 to ${(features - 1).toLocaleString('en-US')}.`;
  }
  if (listedSource !== undefined && listedSource === source.sourceId) return undefined;
  if (layer !== undefined && source.layer !== undefined && layer !== source.layer)
    return `It is of layer ${layer}, the dictionary is of layer ${source.layer}.`;
  return undefined;
}

/** The only group that may be of the dictionary; of several the one that names its source, or its layer. */
function ownGroup(groups: readonly FeatureListGroup[], source: ExportedSource): number | undefined {
  const possible = [...groups.keys()].filter((at) => groups[at]?.reason === undefined);
  if (possible.length === 1) return possible[0];
  const [same, ...others] = possible.filter((at) => {
    const group = groups[at] as FeatureListGroup;
    return group.source === source.sourceId || (group.layer !== undefined && group.layer === source.layer);
  });
  return others.length === 0 ? same : undefined;
}

/** Unpacked where it is gzip: Neuronpedia’s exports are. */
async function textOf(path: string, name: string): Promise<string> {
  const bytes = await bytesOf(path, name);
  const packed = bytes[0] === GZIP[0] && bytes[1] === GZIP[1];
  try {
    const plain = packed ? await promisify(gunzip)(bytes, { maxOutputLength: LARGEST_LIST_BYTES }) : bytes;
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name);
    throw unreadable(packed ? 'it is not a whole gzip file of text.' : 'it is no text.', name);
  }
}

async function bytesOf(path: string, name: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > LARGEST_LIST_BYTES) throw tooLarge(name);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw problem('file-unreadable', `The list cannot be read: ${asProblem(error).message}`, { place: name });
  }
}

function tooLarge(name: string): Error {
  return unreadable(`it is larger than ${LARGEST_LIST_BYTES / 2 ** 20} MB.`, name);
}
