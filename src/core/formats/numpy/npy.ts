/** NumPy's .npy format, versions 1 to 3 (layout: numpy.lib.format). Pickled arrays of objects are never opened. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, type ProblemError } from '../../errors.js';
import { elementCount, type NumberArray, type Tensor } from '../../tensor/tensor.js';
import { bytesOfValues, type NumberType } from '../../tensor/typed-array.js';
import { arrayFile, type ArrayFile, type ArrayLayout } from './array-file.js';
import { elementOf, elementCode, type NumpyElement } from './dtype.js';

/** NumPy itself refuses longer headers unless it is told to trust the file; plain arrays need some 100 bytes. */
export const MAXIMUM_HEADER_BYTES = 64 * 1024;
/** Magic number, version, and the longer form of the header's length. */
export const PREFIX_BYTES = 12;
const MAXIMUM_AXES = 64;

/** What a .npy file says of its array. */
export interface NpyHeader {
  readonly dims: readonly number[];
  /** The type as the file spells it: "<f4", or the text of a list of fields. */
  readonly descr: string;
  readonly element: NumpyElement;
  /** Offset of the values. */
  readonly start: number;
  readonly columnMajor: boolean;
}

/** @throws ProblemError `not-a-model` for what is no .npy file, `truncated-file`, `malformed-model`. */
export async function readNpyHeader(source: ByteSource): Promise<NpyHeader> {
  const head = await source.read(0, Math.min(source.size, PREFIX_BYTES));
  const isNpy = head[0] === 0x93 && new TextDecoder().decode(head.subarray(1, 6)) === 'NUMPY';
  const version = head[6] ?? 0;
  if (!isNpy || head.length < PREFIX_BYTES || version < 1 || version > 3) {
    throw problem('not-a-model', `“${source.name}” is not a NumPy array file (.npy).`, {
      place: `byte 0 of ${source.name}`,
      remedy: REMEDY,
    });
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const headerStart = version === 1 ? 10 : 12;
  const headerBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > MAXIMUM_HEADER_BYTES) throw malformed(source, 8, `has a header of ${headerBytes} bytes`);
  const header = new TextDecoder().decode(await source.read(headerStart, headerBytes));
  return { ...parseHeader(source, headerStart, header), start: headerStart + headerBytes };
}

/**
 * An array of plain numbers, read by rows.
 * @throws ProblemError as {@link readNpyHeader} does; `malformed-model` where it holds no plain numbers.
 */
export async function openNpy(source: ByteSource): Promise<ArrayFile> {
  const header = await readNpyHeader(source);
  const layout = plainLayout(header);
  if (layout === undefined) {
    const reason = header.element.unreadable ?? 'no plain numbers';
    throw problem('malformed-model', `“${source.name}” holds values of NumPy type ${header.descr}: ${reason}`, {
      place: `byte ${PREFIX_BYTES} of ${source.name}`,
      remedy: REMEDY,
    });
  }
  return arrayFile(source, layout);
}

/** Where the values lie, or undefined where they are no plain numbers. */
export function plainLayout({ dims, element, start, columnMajor }: NpyHeader): ArrayLayout | undefined {
  const { type, bigEndian } = element;
  return type === undefined ? undefined : { dims, type, bigEndian, start, columnMajor };
}

/** A .npy file (version 1, row-major, little-endian). @throws for strings, which have no .npy form here. */
export function encodeNpy(tensor: Tensor): Uint8Array {
  if (tensor.type === 'string') throw new Error('A tensor of type string has no .npy form.');
  const header = npyHeader(tensor.type, tensor.dims);
  const values = bytesOfValues(tensor.data as NumberArray);
  const file = new Uint8Array(header.length + values.length);
  file.set(header);
  file.set(values, header.length);
  return file;
}

/** What stands before the values of a .npy file (version 1, row-major, little-endian). */
export function npyHeader(type: NumberType, dims: readonly number[]): Uint8Array {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const text = `{'descr': '${elementCode(type)}', 'fortran_order': False, 'shape': (${shape}), }`;
  // The header ends with a newline at a multiple of 64, so that the values are aligned.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const encode = (part: string): Uint8Array => new TextEncoder().encode(part);
  return Uint8Array.of(
    0x93,
    ...encode('NUMPY'),
    1,
    0,
    length & 0xff,
    length >> 8,
    ...encode(text.padEnd(length - 1) + '\n'),
  );
}

/** The header is the text of a Python dictionary with three known keys; it is matched, never evaluated. */
function parseHeader(source: ByteSource, at: number, header: string): Omit<NpyHeader, 'start'> {
  const descr = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[.*\]))/s.exec(header);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /['"]shape['"]\s*:\s*\(([\d\sL,]*)\)/.exec(header)?.[1];
  if (descr === null || order === undefined || shape === undefined)
    throw malformed(source, at, 'has a header that cannot be understood');
  // Python 2 wrote long integers with an L.
  const dims = shape
    .split(',')
    .map((dim) => dim.replace('L', '').trim())
    .filter((dim) => dim !== '')
    .map(Number);
  const isPossible = dims.length <= MAXIMUM_AXES && dims.every(Number.isSafeInteger);
  if (!isPossible || !Number.isSafeInteger(elementCount(dims))) throw malformed(source, at, 'has an impossible shape');
  const text = descr[1] ?? descr[2];
  const element: NumpyElement =
    text === undefined ? { bigEndian: false, unreadable: 'It holds records of several values each.' } : elementOf(text);
  return { dims, descr: text ?? descr[3] ?? '', element, columnMajor: order === 'True' };
}

const REMEDY = 'Save a plain array of numbers with np.save or np.savez.';

function malformed(source: ByteSource, at: number, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: REMEDY,
  });
}
