/** Sharded models: `*.safetensors.index.json` says which file beside it holds which tensor. */
import type { ByteSource, SiblingFiles } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { displayText } from '../../display-text.js';
import { asProblem, problem, ProblemError, type Problem } from '../../errors.js';
import { jsonMembers, jsonValue, type JsonFailure } from '../json-members.js';
import { listedProblems } from '../listed-problems.js';
import type { MetadataEntry, TensorFile, WeightTensor } from '../tensor-file.js';
import { MAXIMUM_HEADER_BYTES, readHeader, type HeaderEntry, type SafetensorsHeader } from './header.js';
import { holeProblems, weightTensor } from './open.js';

/** Far beyond any model. */
const MAXIMUM_TENSORS = 300_000;
const MAXIMUM_SHARDS = 10_000;
/** A file name that a file system takes. */
const MAXIMUM_NAME_BYTES = 4096;
const MAXIMUM_METADATA_BYTES = 64 * 1024;
const OPEN_BRACE = 0x7b;
const QUOTE = 0x22;
/** Headers read at a time: enough to keep a disk busy, few enough to stay small in memory. */
const SHARDS_AT_ONCE = 8;

interface ShardIndex {
  /** Files by tensor, in the index's order. */
  readonly weightMap: ReadonlyMap<string, string>;
  readonly metadata: readonly MetadataEntry[];
}

/** A shard whose header was read, or what kept it from being read. */
interface Shard {
  readonly source: ByteSource;
  readonly header: SafetensorsHeader;
  readonly entries: ReadonlyMap<string, HeaderEntry>;
}

/**
 * Opens the whole set: reads the index and every shard's header. A shard that is missing or damaged, and tensors on
 * which index and shards disagree, are problems; everything else is shown.
 * @throws ProblemError `empty-file`, `truncated-file`, `not-a-model` or `malformed-model` when the index itself is none.
 */
export async function openSafetensorsIndex(
  source: ByteSource,
  siblings: SiblingFiles,
  signal?: AbortSignal,
): Promise<TensorFile> {
  const { weightMap, metadata } = await readIndex(source, signal);
  const files = [...new Set(weightMap.values())];
  if (files.length > MAXIMUM_SHARDS) throw malformed(source, 0, `names ${files.length} files`);
  const problems: Problem[] = [];
  const shards = await readShards(files, siblings, problems, signal);
  const pause = breather(signal);
  const tensors: WeightTensor[] = [];
  for (const [name, file] of weightMap) {
    await pause();
    const shard = shards.get(file);
    if (shard === undefined) continue;
    const entry = shard.entries.get(name);
    if (entry === undefined)
      problems.push(
        disagreement(
          source,
          file,
          `does not hold the tensor “${displayText(name, 100)}”, which the index places there`,
        ),
      );
    else tensors.push(weightTensor(shard.source, entry, file));
  }
  for (const [file, shard] of shards) {
    const { header } = shard;
    problems.push(...holeProblems(shard.source, header));
    for (const { name } of header.entries) {
      await pause();
      if (weightMap.get(name) === file) continue;
      problems.push(
        disagreement(
          source,
          file,
          `holds the tensor “${displayText(name, 100)}”, which the index does not place there`,
        ),
      );
    }
  }
  let externalBytes = 0;
  for (const shard of shards.values()) externalBytes += shard.source.size;
  return {
    format: 'safetensors',
    formatName: `safetensors, ${files.length} ${files.length === 1 ? 'file' : 'files'}`,
    tensors,
    metadata: [...metadata, ...sharedMetadata(shards.values())],
    files: [source.name, ...files],
    fileBytes: source.size,
    externalBytes,
    problems: listedProblems(problems, (hidden) => ({
      kind: 'malformed-model',
      message: `${hidden} more disagreements between the index and its files are not listed.`,
      place: source.name,
    })),
    async close() {
      await source.close?.();
      for (const shard of shards.values()) await shard.source.close?.();
    },
  };
}

async function readIndex(source: ByteSource, signal: AbortSignal | undefined): Promise<ShardIndex> {
  if (source.size === 0)
    throw problem('empty-file', `“${source.name}” is empty.`, { place: `byte 0 of ${source.name}` });
  if (source.size > MAXIMUM_HEADER_BYTES) throw malformed(source, 0, `is an index of ${source.size} bytes`);
  const bytes = await source.read(0, source.size);
  const fail: JsonFailure = (at) => {
    throw malformed(source, at, 'is an index that cannot be understood');
  };
  const pause = breather(signal);
  let weightMap: Map<string, string> | undefined;
  const metadata: MetadataEntry[] = [];
  for (const { nameStart, nameEnd, valueStart, valueEnd } of jsonMembers(bytes, 0, bytes.length, fail)) {
    const key = jsonValue(bytes, nameStart, nameEnd, fail);
    if (key === 'metadata' && valueEnd - valueStart <= MAXIMUM_METADATA_BYTES) {
      metadata.push(...entriesOf(bytes, valueStart, valueEnd, fail));
    } else if (key === 'weight_map') {
      if (weightMap !== undefined) throw malformed(source, nameStart, 'has two weight maps');
      weightMap = new Map();
      for (const member of jsonMembers(bytes, valueStart, valueEnd, fail)) {
        await pause();
        const isName = bytes[member.valueStart] === 0x22 && member.valueEnd - member.valueStart <= MAXIMUM_NAME_BYTES;
        if (!isName) throw malformed(source, member.valueStart, 'names no file for a tensor');
        const name = jsonValue(bytes, member.nameStart, member.nameEnd, fail) as string;
        if (weightMap.has(name)) throw malformed(source, member.nameStart, `places “${displayText(name, 100)}” twice`);
        weightMap.set(name, jsonValue(bytes, member.valueStart, member.valueEnd, fail) as string);
        if (weightMap.size > MAXIMUM_TENSORS)
          throw malformed(source, member.nameStart, `names more than ${MAXIMUM_TENSORS} tensors`);
      }
    }
  }
  if (weightMap !== undefined) return { weightMap, metadata };
  throw problem('not-a-model', `“${source.name}” is no index of safetensors files: it has no weight map.`, {
    place: `byte 0 of ${source.name}`,
    remedy: 'Choose the *.safetensors.index.json file, or a .safetensors file itself.',
  });
}

/** Texts as they are; whatever else as the file spells it, however deep it nests. */
function entriesOf(bytes: Uint8Array, start: number, end: number, fail: JsonFailure): MetadataEntry[] {
  if (bytes[start] !== OPEN_BRACE) return [];
  return [...jsonMembers(bytes, start, end, fail)].map(({ nameStart, nameEnd, valueStart, valueEnd }) => ({
    key: jsonValue(bytes, nameStart, nameEnd, fail) as string,
    value:
      bytes[valueStart] === QUOTE
        ? (jsonValue(bytes, valueStart, valueEnd, fail) as string)
        : new TextDecoder().decode(bytes.subarray(valueStart, valueEnd)),
  }));
}

/** Reads the headers of all shards, some at a time. What cannot be read is added to the problems. */
async function readShards(
  files: readonly string[],
  siblings: SiblingFiles,
  problems: Problem[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Shard>> {
  const shards = new Map<string, Shard | undefined>(files.map((file) => [file, undefined]));
  let next = 0;
  const work = async (): Promise<void> => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      try {
        const source = await siblings.open(file);
        const header = await readHeader(source, signal);
        shards.set(file, { source, header, entries: new Map(header.entries.map((entry) => [entry.name, entry])) });
        // A set may have more files than a process may hold open.
        await source.close?.();
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        problems.push(asProblem(error));
      }
    }
  };
  await Promise.all(Array.from({ length: SHARDS_AT_ONCE }, work));
  // In the order of the files, whichever was read first.
  return new Map([...shards].filter((entry): entry is [string, Shard] => entry[1] !== undefined));
}

/** What the shards say of themselves, each key once. */
function sharedMetadata(shards: Iterable<Shard>): MetadataEntry[] {
  const metadata = new Map<string, string>();
  for (const { header } of shards)
    for (const [key, value] of header.metadata) if (!metadata.has(key)) metadata.set(key, value);
  return [...metadata].map(([key, value]) => ({ key, value }));
}

function disagreement(source: ByteSource, file: string, what: string): Problem {
  return {
    kind: 'malformed-model',
    message: `“${displayText(file, 100)}” ${what}.`,
    place: `“${displayText(file, 100)}” in ${source.name}`,
    remedy: 'Download the model again, with all of its files from the same version.',
  };
}

function malformed(source: ByteSource, at: number, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Download the index again.',
  });
}
