/** Pickles and checkpoints for tests, instruction by instruction: also those that no Python would write. */
import { zipSync, type ZipOptions } from 'fflate';

export type Piece = Uint8Array | readonly number[] | string;

/** The bytes of pieces one after the other; texts as UTF-8. */
export function bytes(...pieces: readonly Piece[]): Uint8Array {
  return Uint8Array.from(
    Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : Uint8Array.from(piece)))),
  );
}

/** A little-endian number of `size` bytes. */
export function little(value: number | bigint, size: number): readonly number[] {
  return Array.from({ length: size }, (_, at) => Number((BigInt(value) >> BigInt(8 * at)) & 255n));
}

/** A pickle of protocol 2, from its instructions. */
export function pickle(...instructions: readonly Piece[]): Uint8Array {
  return bytes([0x80, 2], ...instructions, '.');
}

export const MARK = '(';
export const NONE = 'N';
export const REDUCE = 'R';
export const BUILD = 'b';
export const NEWOBJ = [0x81];

export function text(value: string): Uint8Array {
  return bytes('X', little(Buffer.byteLength(value), 4), value);
}

export function int(value: number): Uint8Array {
  return bytes('J', little(value, 4));
}

export function global(module: string, name: string): Uint8Array {
  return bytes('c', module, '\n', name, '\n');
}

export function tuple(...items: readonly Piece[]): Uint8Array {
  return bytes(MARK, ...items, 't');
}

export function list(...items: readonly Piece[]): Uint8Array {
  return bytes(']', MARK, ...items, 'e');
}

export function dict(...entries: readonly (readonly [Piece, Piece])[]): Uint8Array {
  return bytes('}', MARK, ...entries.flat(), 'u');
}

/** What a function makes of its arguments. */
export function call(module: string, name: string, ...args: readonly Piece[]): Uint8Array {
  return bytes(global(module, name), tuple(...args), REDUCE);
}

export function storage(key: string, elements: number, type = 'FloatStorage', ...more: readonly Piece[]): Uint8Array {
  return bytes(tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(elements), ...more), 'Q');
}

/** A view of a storage, as torch._utils._rebuild_tensor_v2 makes it. */
export function tensor(
  from: Piece,
  dims: readonly number[],
  strides: readonly number[],
  { offset = 0, name = '_rebuild_tensor_v2' } = {},
): Uint8Array {
  const sizes = [dims, strides].map((values) => tuple(...values.map(int)));
  const rest = name === '_rebuild_tensor_v2' ? [[0x89], call('collections', 'OrderedDict')] : [];
  return call('torch._utils', name, from, int(offset), ...sizes, ...rest);
}

/** A checkpoint in the ZIP form. */
export function archive(
  data: Uint8Array,
  members: Readonly<Record<string, Uint8Array>> = {},
  options: ZipOptions = { level: 0 },
): Uint8Array {
  const rooted = Object.fromEntries(Object.entries(members).map(([name, value]) => [`archive/${name}`, value]));
  return zipSync({ 'archive/data.pkl': data, ...rooted }, options);
}

const LEGACY_MAGIC = bytes([0x80, 2, 0x8a, 10], little(0x1950a86a20f9469cfc6cn, 10), '.');

/** A checkpoint in the form before PyTorch 1.6. */
export function legacy(
  data: Uint8Array,
  storages: readonly { readonly key: string; readonly elements: number; readonly values: Uint8Array }[],
): Uint8Array {
  const version = pickle('M', little(1001, 2));
  const keys = pickle(list(...storages.map(({ key }) => text(key))));
  const stored = storages.map(({ elements, values }) => bytes(little(elements, 8), values));
  return bytes(LEGACY_MAGIC, version, pickle('}'), data, keys, ...stored);
}

export function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
