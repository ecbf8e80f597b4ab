/** IDX, the format of MNIST: a magic number with type and axes, big-endian sizes, then the values. Often gzipped. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { memorySource } from '../../bytes/memory-source.js';
import { problem } from '../../errors.js';
import type { NumberType } from '../../tensor/typed-array.js';
import { arrayFile, type ArrayFile } from './array-file.js';
import { gunzip, isGzip } from '../zip/inflate.js';

const TYPES: Readonly<Record<number, NumberType>> = {
  0x08: 'uint8',
  0x09: 'int8',
  0x0b: 'int16',
  0x0c: 'int32',
  0x0d: 'float32',
  0x0e: 'float64',
};
const MAXIMUM_AXES = 32;

/** Opens an IDX file, gzipped or not. @throws ProblemError `invalid-inputs`, `malformed-model` or `truncated-file`. */
export async function openIdx(source: ByteSource): Promise<ArrayFile> {
  const head = await source.read(0, Math.min(4, source.size));
  return isGzip(head) ? openPlain(memorySource(source.name, await gunzip(source))) : openPlain(source);
}

async function openPlain(source: ByteSource): Promise<ArrayFile> {
  const magic = await source.read(0, Math.min(4, source.size));
  const type = TYPES[magic[2] ?? 0];
  const axes = magic[3] ?? 0;
  if (magic.length < 4 || magic[0] !== 0 || magic[1] !== 0 || type === undefined || axes > MAXIMUM_AXES) {
    throw problem('invalid-inputs', `“${source.name}” is not an IDX file.`, {
      place: source.name,
      remedy: 'Choose a .npy, .npz or IDX file.',
    });
  }
  const sizes = await source.read(4, 4 * axes);
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.byteLength);
  const dims = Array.from({ length: axes }, (_, axis) => view.getUint32(4 * axis, false));
  return arrayFile(source, { dims, type, start: 4 + 4 * axes, bigEndian: true, columnMajor: false });
}
