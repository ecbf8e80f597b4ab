/**
 * The header of a GGUF file, versions 1 to 3, in either byte order. Source: ggml, docs/gguf.md.
 *
 * The npm package @huggingface/gguf reads it, too, but fetches on its own (from a URL or a path), holds vocabularies in
 * full, and takes lengths that lead out of the file for texts that end early. A file is hostile here, so its header is
 * read through a ByteSource with every length checked; the package is what the tests compare with.
 */
import type { ByteSource } from '../../bytes/byte-source.js';
import { displayText } from '../../display-text.js';
import { problem, type ProblemError } from '../../errors.js';
import type { MetadataEntry } from '../tensor-file.js';
import { cursorOver, type Cursor } from './cursor.js';
import { readMetadataEntry, type MetadataContext } from './metadata.js';
import { ggufType, type GgufType } from './types.js';

export interface GgufTensor {
  readonly name: string;
  /** Row-major: outermost first. */
  readonly dims: readonly number[];
  readonly elements: number;
  readonly typeNumber: number;
  /** undefined for a type that is not known. */
  readonly type: GgufType | undefined;
  /** Byte offset in the file. */
  readonly start: number;
  /** Bytes that it takes; for a type that is not known: to the next tensor or the file's end. */
  readonly bytes: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly bigEndian: boolean;
  readonly metadata: readonly MetadataEntry[];
  readonly tensors: readonly GgufTensor[];
}

/** "GGUF" as the first number of a file in its own byte order. */
const MAGIC = 0x46554747;
const DEFAULT_ALIGNMENT = 32;
/** ggml itself has four. */
const MAXIMUM_AXES = 8;
/** The largest models have some thousands of tensors and some hundreds of keys. */
const MAXIMUM_TENSORS = 131_072;
const MAXIMUM_KEYS = 65_536;
/** ggml allows 64 bytes. */
const MAXIMUM_NAME_BYTES = 4096;
/** Texts and lists in lists of the metadata, all together: 30 times the largest vocabulary. */
const MAXIMUM_WALKED = 8_000_000;
const MAXIMUM_METADATA_CHARACTERS = 16 * 1024 * 1024;
const TENSOR_TAIL_BYTES = 4 + 8;

/**
 * @throws ProblemError `empty-file`, `truncated-file`, `not-a-model` or `malformed-model`, with the byte offset.
 */
export async function readGgufHeader(source: ByteSource, signal?: AbortSignal): Promise<GgufHeader> {
  if (source.size === 0) throw problem('empty-file', `“${source.name}” is empty.`, { place: source.name });
  const cursor = cursorOver(source, signal);
  await cursor.load(Math.min(source.size, 8));
  if (source.size < 4 || cursor.uint32() !== MAGIC) {
    throw problem('not-a-model', `“${source.name}” is not a GGUF file: it does not begin with “GGUF”.`, {
      place: `byte 0 of ${source.name}`,
      remedy: 'Download the file again, or choose another one.',
    });
  }
  const { version, bigEndian } = await readVersion(source, cursor);
  const context = headerContext(source, cursor, version);
  await cursor.load(2 * context.sizeBytes);
  const tensorCount = context.size();
  const keyCount = context.size();
  if (tensorCount > MAXIMUM_TENSORS) context.fail(`states ${tensorCount} tensors`);
  if (keyCount > MAXIMUM_KEYS) context.fail(`states ${keyCount} metadata keys`);

  const metadata: MetadataEntry[] = [];
  let alignment = DEFAULT_ALIGNMENT;
  let characters = 0;
  for (let i = 0; i < keyCount; i++) {
    const { key, value, number } = await readMetadataEntry(cursor, context);
    if (key === 'general.alignment') alignment = checkedAlignment(context, number);
    characters += key.length + value.length;
    if (characters <= MAXIMUM_METADATA_CHARACTERS) metadata.push({ key, value });
  }

  const infos: TensorInfo[] = [];
  const names = new Set<string>();
  for (let i = 0; i < tensorCount; i++) {
    const info = await readTensorInfo(cursor, context);
    if (names.has(info.name)) context.fail(`has two tensors of the name “${displayText(info.name, 100)}”`);
    names.add(info.name);
    infos.push(info);
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return { version, bigEndian, metadata, tensors: placeTensors(source, infos, dataStart) };
}

/** The version tells the byte order: it is small, so its two low bytes are zero when it is read the wrong way around. */
async function readVersion(source: ByteSource, cursor: Cursor): Promise<{ version: number; bigEndian: boolean }> {
  if (!cursor.has(4)) await cursor.load(4);
  const number = cursor.uint32();
  const bigEndian = (number & 0xffff) === 0;
  const version = bigEndian ? number >>> 24 : number;
  if (version < 1 || version > 3) {
    throw problem('malformed-model', `“${source.name}” says that it has version ${version} of GGUF.`, {
      place: `byte 4 of ${source.name}`,
      remedy: 'Versions 1 to 3 can be read. Convert the model again with a current llama.cpp.',
    });
  }
  cursor.setBigEndian(bigEndian);
  return { version, bigEndian };
}

function headerContext(source: ByteSource, cursor: Cursor, version: number): MetadataContext {
  const sizeBytes = version === 1 ? 4 : 8;
  let walked = 0;
  const fail = (what: string): never => {
    throw malformed(source, what, cursor.position);
  };
  return {
    sizeBytes,
    fail,
    size() {
      const at = cursor.position;
      const size = sizeBytes === 4 ? BigInt(cursor.uint32()) : cursor.uint64();
      if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(source, `states a length of ${size}`, at);
      return Number(size);
    },
    mustHave(bytes) {
      if (cursor.position + bytes <= source.size) return;
      throw problem('truncated-file', `“${source.name}” ends early: ${bytes} bytes are needed.`, {
        place: `byte ${cursor.position} of ${source.name}, which has ${source.size}`,
        remedy: 'Download or export the file again.',
      });
    },
    walk(elements) {
      walked += elements;
      if (walked > MAXIMUM_WALKED) fail(`has more than ${MAXIMUM_WALKED} texts and lists in its metadata`);
    },
  };
}

function checkedAlignment(context: MetadataContext, alignment: number | undefined): number {
  // As ggml demands it: a power of two; and no larger than an int, so that the arithmetic stays exact.
  const isPowerOfTwo =
    alignment !== undefined && alignment > 0 && alignment <= 2 ** 30 && Number.isInteger(Math.log2(alignment));
  return isPowerOfTwo ? alignment : context.fail(`states the alignment ${alignment ?? 'as a text'}`);
}

interface TensorInfo {
  readonly name: string;
  readonly dims: readonly number[];
  readonly elements: number;
  readonly typeNumber: number;
  /** Offset from where the data begin. */
  readonly offset: number;
  /** Where in the header it is described. */
  readonly at: number;
}

async function readTensorInfo(cursor: Cursor, context: MetadataContext): Promise<TensorInfo> {
  const at = cursor.position;
  if (!cursor.has(context.sizeBytes)) await cursor.load(context.sizeBytes);
  const nameBytes = context.size();
  if (nameBytes > MAXIMUM_NAME_BYTES) context.fail(`has a tensor name of ${nameBytes} bytes`);
  if (!cursor.has(nameBytes + 4)) await cursor.load(nameBytes + 4);
  const name = cursor.text(nameBytes);
  const axes = cursor.uint32();
  if (axes > MAXIMUM_AXES) context.fail(`gives the tensor “${displayText(name, 100)}” ${axes} axes`);
  const rest = axes * context.sizeBytes + TENSOR_TAIL_BYTES;
  if (!cursor.has(rest)) await cursor.load(rest);
  // The file has the innermost axis first.
  const dims = Array.from({ length: axes }, () => context.size()).reverse();
  const elements = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(elements))
    context.fail(`gives the tensor “${displayText(name, 100)}” more elements than can be counted`);
  const typeNumber = cursor.uint32();
  const offset = cursor.uint64();
  if (offset > BigInt(Number.MAX_SAFE_INTEGER))
    context.fail(`puts the tensor “${displayText(name, 100)}” at offset ${offset}`);
  return { name, dims, elements, typeNumber, offset: Number(offset), at };
}

/** Where each tensor's values lie. Values that leave the file or overlap are refused. */
function placeTensors(source: ByteSource, infos: readonly TensorInfo[], dataStart: number): GgufTensor[] {
  const placed = infos.map(({ name, dims, elements, typeNumber, offset, at }) => {
    const type = ggufType(typeNumber);
    const start = dataStart + offset;
    // Of a type that is not known, one byte at least is there.
    const bytes = type === undefined ? Math.min(elements, 1) : storedBytes(source, { name, dims, elements, at }, type);
    if (start + bytes > source.size) {
      throw problem(
        'truncated-file',
        `“${source.name}” ends before the values of the tensor “${displayText(name, 100)}”.`,
        {
          place: `bytes ${start} to ${start + bytes} of ${source.name}, which has ${source.size}`,
          remedy: 'Download or export the file again.',
        },
      );
    }
    return { name, dims, elements, typeNumber, type, start, bytes };
  });
  const inOrder = placed.filter(({ elements }) => elements > 0).sort((a, b) => a.start - b.start);
  for (const [index, tensor] of inOrder.entries()) {
    const end = inOrder[index + 1]?.start ?? source.size;
    if (tensor.start + tensor.bytes > end) {
      const names = `“${displayText(tensor.name, 100)}” and “${displayText(inOrder[index + 1]?.name ?? '', 100)}”`;
      throw malformed(source, `has the tensors ${names} in the same bytes`, end);
    }
    if (tensor.type === undefined) tensor.bytes = end - tensor.start;
  }
  return placed;
}

function storedBytes(
  source: ByteSource,
  { dims, elements, name, at }: Pick<TensorInfo, 'name' | 'dims' | 'elements' | 'at'>,
  type: GgufType,
): number {
  // A block lies within a row.
  const row = dims.at(-1) ?? 1;
  if (row % type.blockElements !== 0) {
    const what = `gives the tensor “${displayText(name, 100)}” rows of ${row} weights, which are no whole blocks of ${type.name}`;
    throw malformed(source, what, at);
  }
  const bytes = (elements / type.blockElements) * type.blockBytes;
  if (!Number.isSafeInteger(bytes))
    throw malformed(source, `gives the tensor “${displayText(name, 100)}” ${bytes} bytes`, at);
  return bytes;
}

function malformed(source: ByteSource, what: string, at: number): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what} at byte ${at}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Download or export the file again.',
  });
}
