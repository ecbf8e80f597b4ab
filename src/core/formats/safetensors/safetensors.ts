/**
 * Safetensors: an 8-byte header length, a JSON header that names tensors with their byte ranges, and the bytes.
 * Layout: huggingface/safetensors, README, "Format".
 */
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, type ProblemError } from '../../errors.js';
import { elementCount, type NumberArray, type Tensor } from '../../tensor/tensor.js';
import { bytesOfValues, valuesFromBytes, type NumberType } from '../../tensor/typed-array.js';
import { decodeNarrow } from '../onnx/narrow-types.js';
import { TensorProto_DataType as DataType } from '../onnx/onnx_pb.js';

/**
 * The format allows headers of 100 MB, but parsing JSON takes several times its size; at some 150 bytes a tensor this
 * holds more than 150,000 tensors, far beyond any model.
 */
const MAXIMUM_HEADER_BYTES = 25 * 1024 * 1024;
/** Tensors begin at multiples of this, so that they can be mapped into memory as they are. */
const ALIGNMENT_BYTES = 8;

interface Layout {
  readonly bytes: number;
  /** Type of the values that are read. */
  readonly type: NumberType;
  /** The ONNX type that narrow values are decoded as. */
  readonly narrow?: DataType;
}

const DTYPES: Readonly<Record<string, Layout>> = {
  F64: { bytes: 8, type: 'float64' },
  F32: { bytes: 4, type: 'float32' },
  F16: { bytes: 2, type: 'float16' },
  BF16: { bytes: 2, type: 'float32', narrow: DataType.BFLOAT16 },
  F8_E4M3: { bytes: 1, type: 'float32', narrow: DataType.FLOAT8E4M3FN },
  F8_E5M2: { bytes: 1, type: 'float32', narrow: DataType.FLOAT8E5M2 },
  I64: { bytes: 8, type: 'int64' },
  I32: { bytes: 4, type: 'int32' },
  I16: { bytes: 2, type: 'int16' },
  I8: { bytes: 1, type: 'int8' },
  U64: { bytes: 8, type: 'uint64' },
  U32: { bytes: 4, type: 'uint32' },
  U16: { bytes: 2, type: 'uint16' },
  U8: { bytes: 1, type: 'uint8' },
  BOOL: { bytes: 1, type: 'bool' },
};

export type SafetensorsType =
  'F64' | 'F32' | 'F16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U64' | 'U32' | 'U16' | 'U8' | 'BOOL';

export interface SafetensorsEntry {
  readonly name: string;
  /** As the file spells it: "BF16". */
  readonly dtype: string;
  readonly dims: readonly number[];
}

export interface SafetensorsFile {
  readonly tensors: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Values of one tensor; BF16 and 8-bit floats arrive as float32.
   * @throws ProblemError `malformed-model` when the file has no such tensor or its type is unknown.
   */
  read(name: string): Promise<Tensor>;
}

/**
 * Reads the header; values are read when asked for.
 * @throws ProblemError `empty-file`, `truncated-file` or `malformed-model`.
 */
export async function readSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  if (source.size === 0) throw problem('empty-file', `“${source.name}” is empty.`, { place: source.name });
  const lengthBytes = await source.read(0, 8);
  const headerBytes = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 8).getBigUint64(0, true);
  if (headerBytes > BigInt(MAXIMUM_HEADER_BYTES)) throw malformed(source, `states a header of ${headerBytes} bytes`);
  const dataStart = 8 + Number(headerBytes);
  const header = parseHeader(source, await source.read(8, Number(headerBytes)));
  const entries = new Map<string, SafetensorsEntry & { readonly start: number; readonly end: number }>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = textsOf(source, value);
    else entries.set(name, entryOf(source, name, value, dataStart));
  }
  return {
    tensors: [...entries.values()].map(({ name, dtype, dims }) => ({ name, dtype, dims })),
    metadata,
    async read(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw malformed(source, `has no tensor “${name}”`);
      const layout = DTYPES[entry.dtype];
      if (layout === undefined) throw malformed(source, `stores “${name}” as ${entry.dtype}, which is not known`);
      const bytes = await source.read(entry.start, entry.end - entry.start);
      const narrow =
        layout.narrow === undefined ? undefined : decodeNarrow(layout.narrow, elementCount(entry.dims), bytes);
      return { dims: entry.dims, ...(narrow ?? { type: layout.type, data: valuesFromBytes(layout.type, bytes) }) };
    },
  };
}

/**
 * A safetensors file. Tensors with the largest elements come first, as the format's own writers do, so that all are
 * aligned; the header is padded with spaces.
 */
export function encodeSafetensors(
  tensors: Readonly<
    Record<string, { readonly dtype: SafetensorsType; readonly shape: readonly number[]; readonly data: NumberArray }>
  >,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const sorted = Object.entries(tensors).sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  let end = 0;
  const described = sorted.map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const header = new TextEncoder().encode(
    JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...described])),
  );
  if (header.length > MAXIMUM_HEADER_BYTES)
    throw new Error(`A safetensors header of ${header.length} bytes is too long.`);
  const dataStart = Math.ceil((8 + header.length) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const file = new Uint8Array(dataStart + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, dataStart);
  let offset = dataStart;
  for (const [, { data }] of sorted) {
    file.set(bytesOfValues(data), offset);
    offset += data.byteLength;
  }
  return file;
}

function parseHeader(source: ByteSource, bytes: Uint8Array): object {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header;
  } catch {
    // Reported below, with everything else that is no header.
  }
  throw malformed(source, 'has no readable header');
}

function textsOf(source: ByteSource, value: unknown): Record<string, string> {
  const pairs = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (!pairs.every(([, text]) => typeof text === 'string')) throw malformed(source, 'has metadata that is not text');
  return Object.fromEntries(pairs) as Record<string, string>;
}

function entryOf(
  source: ByteSource,
  name: string,
  value: unknown,
  dataStart: number,
): SafetensorsEntry & { readonly start: number; readonly end: number } {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const sizes = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== 'string' || !sizes(shape) || !sizes(offsets) || offsets.length !== 2) {
    throw malformed(source, `describes the tensor “${name}” in a way that cannot be understood`);
  }
  const [begin = 0, end = 0] = offsets;
  const layout = DTYPES[dtype];
  if (begin > end || dataStart + end > source.size) {
    throw problem('truncated-file', `“${source.name}” ends before the values of the tensor “${name}”.`, {
      place: `tensor “${name}”`,
      remedy: 'Download or save the file again.',
    });
  }
  if (layout !== undefined && elementCount(shape) * layout.bytes !== end - begin) {
    throw malformed(source, `gives the tensor “${name}” ${end - begin} bytes, which is not its shape`);
  }
  return { name, dtype, dims: shape, start: dataStart + begin, end: dataStart + end };
}

function malformed(source: ByteSource, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what}.`, {
    place: source.name,
    remedy: 'Check that it is a safetensors file, and save it again.',
  });
}
