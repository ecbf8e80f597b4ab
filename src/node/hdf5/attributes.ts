/** Attributes of HDF5 objects as texts to show. For the thread only. */
import type { Hdf5Library, Hdf5Metadata } from './library.js';
import { FLOAT_CLASS, INTEGER_CLASS, TEXT_CLASS } from './types.js';

/** Keras describes a model as JSON in an attribute: what is longer is cut. */
const MAXIMUM_TEXT_BYTES = 64 * 1024;
/** Of lists with more elements only the count is told. */
const MAXIMUM_LISTED = 16;
const MAXIMUM_ATTRIBUTES = 200;
/** Larger attributes are not read. */
const MAXIMUM_BYTES = 16 * 1024 * 1024;
const POINTER_BYTES = 4;

/** The attributes of the file itself, and those of the group in which Keras puts the weights of a whole model. */
export function metadataOf(library: Hdf5Library, file: bigint): { readonly key: string; readonly value: string }[] {
  const found: { readonly key: string; readonly value: string }[] = [];
  for (const group of ['/', 'model_weights']) {
    if (group !== '/' && library.functions.get_type(file, group) !== 0) continue;
    for (const name of library.functions.get_attribute_names(file, group).slice(0, MAXIMUM_ATTRIBUTES)) {
      const value = attributeText(library, file, group, name);
      if (value !== undefined) found.push({ key: group === '/' ? name : `${group}.${name}`, value });
    }
  }
  library.takeComplaint();
  return found;
}

/** undefined where there is nothing to show. */
export function attributeText(library: Hdf5Library, file: bigint, path: string, name: string): string | undefined {
  const { functions, takeComplaint } = library;
  const metadata = functions.get_attribute_metadata(file, path, name);
  if (takeComplaint() !== undefined || metadata.shape === null) return undefined;
  const count = metadata.shape.reduce((product, dim) => product * dim, 1);
  const bytes = count * metadata.size;
  const what = metadata.type === TEXT_CLASS ? 'texts' : 'numbers';
  if (count > MAXIMUM_LISTED || !(bytes <= MAXIMUM_BYTES)) return `${count.toLocaleString('en')} ${what}`;
  if (![TEXT_CLASS, INTEGER_CLASS, FLOAT_CLASS].includes(metadata.type)) return undefined;
  const pointer = functions._malloc(Math.max(1, bytes));
  if (pointer === 0) return undefined;
  try {
    if (functions.get_attribute_data(file, path, name, BigInt(pointer)) < 0) return undefined;
    const values = valuesAt(library, metadata, pointer, count);
    if (metadata.vlen) functions.reclaim_vlen_memory(file, path, name, BigInt(pointer));
    return values.join(', ');
  } finally {
    functions._free(pointer);
    takeComplaint();
  }
}

function valuesAt({ functions }: Hdf5Library, metadata: Hdf5Metadata, pointer: number, count: number): string[] {
  const { HEAPU8 } = functions;
  const view = new DataView(HEAPU8.buffer);
  return Array.from({ length: count }, (_, index) => {
    const at = pointer + index * metadata.size;
    if (metadata.type !== TEXT_CLASS) return String(numberAt(view, at, metadata));
    if (!metadata.vlen) return textAt(HEAPU8, at, metadata.size);
    const start = view.getUint32(pointer + index * POINTER_BYTES, true);
    return start === 0 ? '' : textAt(HEAPU8, start, HEAPU8.length - start);
  });
}

/** Up to the first zero byte; what is longer is cut, and that is said. */
function textAt(memory: Uint8Array, start: number, bytes: number): string {
  const stored = memory.subarray(start, start + Math.min(bytes, MAXIMUM_BYTES));
  const zero = stored.indexOf(0);
  const whole = zero < 0 ? stored.length : zero;
  const text = new TextDecoder().decode(stored.subarray(0, MAXIMUM_TEXT_BYTES).subarray(0, whole).slice());
  return whole <= MAXIMUM_TEXT_BYTES ? text : `${text}… (${whole.toLocaleString('en')} bytes)`;
}

/** The library has turned it into little-endian bytes. */
function numberAt(view: DataView, at: number, { type, size, signed }: Hdf5Metadata): number | bigint | string {
  if (type === FLOAT_CLASS) {
    if (size === 4) return view.getFloat32(at, true);
    return size === 8 ? view.getFloat64(at, true) : 'a number';
  }
  switch (size) {
    case 1:
      return signed ? view.getInt8(at) : view.getUint8(at);
    case 2:
      return signed ? view.getInt16(at, true) : view.getUint16(at, true);
    case 4:
      return signed ? view.getInt32(at, true) : view.getUint32(at, true);
    case 8:
      return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
    default:
      return 'a number';
  }
}
