/**
 * Safetensors: an 8-byte header length, a JSON header that names tensors with their byte ranges, and the bytes.
 * Layout: huggingface/safetensors, README, "Format".
 */
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { displayText } from '../../display-text.js';
import { problem, type ProblemError } from '../../errors.js';
import { elementCount } from '../../tensor/tensor.js';
import { jsonMembers, jsonValue, type JsonFailure } from '../json-members.js';
import { safetensorsDtype } from './dtypes.js';

/** The format's own limit. */
export const MAXIMUM_HEADER_BYTES = 100_000_000;
/** The length of the header stands before it. */
export const PREFIX_BYTES = 8;
/** Far beyond any model; keeps what is made of a header in proportion to it. */
const MAXIMUM_TENSORS = 300_000;
/** A description takes some 100 bytes. */
const MAXIMUM_DESCRIPTION_BYTES = 64 * 1024;
/** Longer than any name, and short enough to be compared, sorted and shortened at once. */
const MAXIMUM_NAME_BYTES = 16 * 1024 * 1024;
const METADATA_KEY = '__metadata__';

export interface HeaderEntry {
  readonly name: string;
  /** As the file spells it: "BF16". */
  readonly dtype: string;
  readonly dims: readonly number[];
  /** Bytes `[start, end)` of the file. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the header's order. */
  readonly entries: readonly HeaderEntry[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Ranges of bytes that belong to no tensor, which the format forbids. */
  readonly holes: readonly { readonly start: number; readonly end: number }[];
}

/**
 * Reads and checks the header; gives way to messages while it does.
 * @throws ProblemError `empty-file`, `truncated-file` when tensors lie beyond the end, `malformed-model`.
 */
export async function readHeader(source: ByteSource, signal?: AbortSignal): Promise<SafetensorsHeader> {
  if (source.size === 0)
    throw problem('empty-file', `“${source.name}” is empty.`, { place: `byte 0 of ${source.name}` });
  const lengthBytes = await source.read(0, PREFIX_BYTES);
  const stated = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (stated > BigInt(MAXIMUM_HEADER_BYTES)) throw malformed(source, 0, `states a header of ${stated} bytes`);
  const dataStart = PREFIX_BYTES + Number(stated);
  const bytes = await source.read(PREFIX_BYTES, Number(stated));
  const fail: JsonFailure = (at) => {
    throw malformed(source, PREFIX_BYTES + at, 'has a header that cannot be understood');
  };
  const pause = breather(signal);
  const entries: HeaderEntry[] = [];
  const names = new Set<string>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const { nameStart, nameEnd, valueStart, valueEnd } of jsonMembers(bytes, 0, bytes.length, fail)) {
    await pause();
    const at = PREFIX_BYTES + nameStart;
    if (nameEnd - nameStart > MAXIMUM_NAME_BYTES)
      throw malformed(source, at, `has a tensor name of ${nameEnd - nameStart} bytes`);
    const name = jsonValue(bytes, nameStart, nameEnd, fail) as string;
    if (names.has(name)) throw malformed(source, at, `describes “${displayText(name, 100)}” twice`);
    names.add(name);
    if (names.size > MAXIMUM_TENSORS) throw malformed(source, at, `names more than ${MAXIMUM_TENSORS} tensors`);
    if (name === METADATA_KEY) {
      metadata = await textsOf(source, bytes, valueStart, valueEnd, pause);
    } else {
      if (valueEnd - valueStart > MAXIMUM_DESCRIPTION_BYTES)
        throw malformed(source, at, `describes “${displayText(name, 100)}” in ${valueEnd - valueStart} bytes`);
      entries.push(entryOf(source, at, name, jsonValue(bytes, valueStart, valueEnd, fail), dataStart));
    }
  }
  return { entries, metadata, holes: findHoles(source, entries, dataStart) };
}

async function textsOf(
  source: ByteSource,
  bytes: Uint8Array,
  start: number,
  end: number,
  pause: () => Promise<void> | undefined,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const fail: JsonFailure = (at) => {
    throw malformed(source, PREFIX_BYTES + at, 'has metadata that is not text');
  };
  for (const { nameStart, nameEnd, valueStart, valueEnd } of jsonMembers(bytes, start, end, fail)) {
    await pause();
    if (bytes[valueStart] !== 0x22) fail(valueStart);
    const text = jsonValue(bytes, valueStart, valueEnd, fail) as string;
    texts.set(jsonValue(bytes, nameStart, nameEnd, fail) as string, text);
  }
  return texts;
}

function entryOf(source: ByteSource, at: number, name: string, value: unknown, dataStart: number): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
    throw malformed(source, at, `describes the tensor “${displayText(name, 100)}” in a way that cannot be understood`);
  const [begin = 0, end = 0] = offsets;
  if (begin > end || dataStart + end > source.size) {
    throw problem(
      'truncated-file',
      `“${source.name}” ends before the values of the tensor “${displayText(name, 100)}”, bytes ${begin} to ${end} of its data.`,
      { place: `byte ${at} of ${source.name}`, remedy: 'Download or save the file again.' },
    );
  }
  const bits = safetensorsDtype(dtype)?.bits;
  // Dimensions beyond counting are no tensor, whatever its bytes; their product is the caller's to rely on.
  const countable = shape.reduce((product, dim) => product * Math.max(1, dim), 1);
  const isShape =
    Number.isSafeInteger(countable * 8) && (bits === undefined || elementCount(shape) * bits === (end - begin) * 8);
  if (!isShape)
    throw malformed(
      source,
      at,
      `gives the tensor “${displayText(name, 100)}” ${end - begin} bytes, which is not its shape`,
    );
  return { name, dtype, dims: shape, start: dataStart + begin, end: dataStart + end };
}

function isSizes(list: unknown): list is number[] {
  return Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** What lies between the tensors' bytes. @throws ProblemError `malformed-model` where two share bytes. */
function findHoles(
  source: ByteSource,
  entries: readonly HeaderEntry[],
  dataStart: number,
): { readonly start: number; readonly end: number }[] {
  const filled = entries.filter(({ start, end }) => start < end);
  // Sorted apart, because numbers sort fast: ranges are disjoint just where each begins behind the end of the one before.
  const starts = Float64Array.from(filled, ({ start }) => start).sort();
  const ends = Float64Array.from(filled, ({ end }) => end).sort();
  const holes: { start: number; end: number }[] = [];
  let last = dataStart;
  for (let i = 0; i <= starts.length; i++) {
    const next = starts[i] ?? source.size;
    if (next < last) {
      const name = filled.find(({ start }) => start === next)?.name ?? '';
      throw malformed(
        source,
        next,
        `has tensors that overlap: the values of “${displayText(name, 100)}” begin inside others,`,
      );
    }
    if (next > last) holes.push({ start: last, end: next });
    last = ends[i] ?? last;
  }
  return holes;
}

function malformed(source: ByteSource, at: number, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Check that it is a safetensors file, and save it again.',
  });
}
