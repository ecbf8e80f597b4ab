/** Whole tensors in and out of safetensors files: how results are kept. Models are opened by open.ts. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { displayText } from '../../display-text.js';
import { problem, type ProblemError } from '../../errors.js';
import type { StoredType } from '../../tensor/stored-type.js';
import { elementCount, type NumberArray } from '../../tensor/tensor.js';
import { bytesOfValues } from '../../tensor/typed-array.js';
import { MAXIMUM_HEADER_BYTES, PREFIX_BYTES, readHeader } from './header.js';
import { entryValues } from './values.js';

/** Tensors begin at multiples of this, so that they can be mapped into memory as they are. */
const ALIGNMENT_BYTES = 8;

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
   * All values of one tensor; 8-bit floats arrive as float32.
   * @throws ProblemError `malformed-model` when the file has no such tensor or it holds no numbers.
   */
  read(name: string): Promise<{
    readonly type: StoredType;
    readonly dims: readonly number[];
    readonly data: NumberArray;
  }>;
}

/**
 * Reads the header; values are read when asked for.
 * @throws ProblemError as {@link readHeader} does.
 */
export async function readSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const header = await readHeader(source);
  const entries = new Map(header.entries.map((entry) => [entry.name, entry]));
  return {
    tensors: header.entries.map(({ name, dtype, dims }) => ({ name, dtype, dims })),
    metadata: Object.fromEntries(header.metadata),
    async read(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw malformed(source, `has no tensor “${displayText(name, 100)}”`);
      const found = entryValues(source, entry);
      if ('unreadable' in found)
        throw malformed(source, `stores “${displayText(name, 100)}” as ${entry.dtype}: ${found.unreadable}`);
      const { dims } = entry;
      return { type: found.values.type, dims, data: await found.values.read(0, elementCount(dims)) };
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
  const header = safetensorsHeader(
    sorted.map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, bytes: data.BYTES_PER_ELEMENT })),
    metadata,
  );
  const file = new Uint8Array(sorted.reduce((sum, [, { data }]) => sum + data.byteLength, header.length));
  file.set(header);
  let offset = header.length;
  for (const [, { data }] of sorted) {
    file.set(bytesOfValues(data), offset);
    offset += data.byteLength;
  }
  return file;
}

/**
 * What stands before the values of tensors that follow one another in this order, padded with spaces so that they are
 * aligned.
 * @param tensors those with the largest elements first. `bytes` is of one element.
 */
export function safetensorsHeader(
  tensors: readonly {
    readonly name: string;
    readonly dtype: SafetensorsType;
    readonly shape: readonly number[];
    readonly bytes: number;
  }[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const described = tensors.map(({ name, dtype, shape, bytes }) => {
    const begin = end;
    end += elementCount(shape) * bytes;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const text = new TextEncoder().encode(
    JSON.stringify(
      Object.fromEntries([...(metadata === undefined ? [] : [['__metadata__', metadata] as const]), ...described]),
    ),
  );
  if (text.length > MAXIMUM_HEADER_BYTES) throw new Error(`A safetensors header of ${text.length} bytes is too long.`);
  const header = new Uint8Array(Math.ceil((PREFIX_BYTES + text.length) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - PREFIX_BYTES), true);
  header.set(text, PREFIX_BYTES);
  return header;
}

function malformed(source: ByteSource, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what}.`, {
    place: source.name,
    remedy: 'Check that it is a safetensors file, and save it again.',
  });
}
