/** NumPy's .npy format, versions 1 to 3 (layout: numpy.lib.format). Pickled arrays of objects are never opened. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, type ProblemError } from '../../errors.js';
import type { NumberArray, Tensor } from '../../tensor/tensor.js';
import { bytesOfValues, type NumberType } from '../../tensor/typed-array.js';
import { arrayFile, type ArrayFile } from './array-file.js';

/** NumPy itself refuses longer headers unless it is told to trust the file; plain arrays need some 100 bytes. */
const MAXIMUM_HEADER_BYTES = 64 * 1024;
const MAXIMUM_AXES = 32;

const TYPES: Readonly<Record<string, NumberType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** @throws ProblemError `invalid-inputs` for what is no .npy file or holds no numbers, `truncated-file`. */
export async function openNpy(source: ByteSource): Promise<ArrayFile> {
  const head = await source.read(0, Math.min(source.size, 12));
  const isNpy = head[0] === 0x93 && new TextDecoder().decode(head.subarray(1, 6)) === 'NUMPY';
  const version = head[6] ?? 0;
  if (!isNpy || head.length < 12 || version < 1 || version > 3)
    throw invalid(source, 'is not a NumPy array file (.npy)');
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const headerStart = version === 1 ? 10 : 12;
  const headerBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > MAXIMUM_HEADER_BYTES) throw invalid(source, `has a header of ${headerBytes} bytes`);
  const header = new TextDecoder().decode(await source.read(headerStart, headerBytes));
  return arrayFile(source, { ...parseHeader(source, header), start: headerStart + headerBytes });
}

/** A .npy file (version 1, row-major, little-endian). @throws for strings, which have no .npy form here. */
export function encodeNpy(tensor: Tensor): Uint8Array {
  const code = Object.keys(TYPES).find((key) => TYPES[key] === tensor.type);
  if (code === undefined) throw new Error(`A tensor of type ${tensor.type} has no .npy form.`);
  const descr = `${code.endsWith('1') ? '|' : '<'}${code}`;
  const shape = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  // The header ends with a newline at a multiple of 64, so that the values are aligned.
  const headerBytes = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const values = bytesOfValues(tensor.data as NumberArray);
  const file = new Uint8Array(10 + headerBytes + values.length);
  file.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, headerBytes & 0xff, headerBytes >> 8]);
  file.set(new TextEncoder().encode(text.padEnd(headerBytes - 1) + '\n'), 10);
  file.set(values, 10 + headerBytes);
  return file;
}

/** The header is the text of a Python dictionary with three known keys; it is matched, never evaluated. */
function parseHeader(
  source: ByteSource,
  header: string,
): { dims: number[]; type: NumberType; bigEndian: boolean; columnMajor: boolean } {
  const descr = /['"]descr['"]\s*:\s*['"]([<>|=]?)([a-zA-Z]\d*)[^'"]*['"]/.exec(header);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /['"]shape['"]\s*:\s*\(([\d\sL,]*)\)/.exec(header)?.[1];
  if (descr === null || order === undefined || shape === undefined) {
    throw invalid(source, 'holds records or has a header that cannot be understood');
  }
  const type = TYPES[descr[2] ?? ''];
  if (type === undefined) throw invalid(source, `holds values of NumPy type “${descr[2]}”, not plain numbers`);
  // Python 2 wrote long integers with an L.
  const dims = shape
    .split(',')
    .map((dim) => dim.replace('L', '').trim())
    .filter((dim) => dim !== '')
    .map(Number);
  if (dims.length > MAXIMUM_AXES || !dims.every(Number.isSafeInteger)) throw invalid(source, 'has an impossible shape');
  return { dims, type, bigEndian: descr[1] === '>', columnMajor: order === 'True' };
}

function invalid(source: ByteSource, what: string): ProblemError {
  return problem('invalid-inputs', `“${source.name}” ${what}.`, {
    place: source.name,
    remedy: 'Save a plain array of numbers with np.save or np.savez.',
  });
}
