/** Which format a file is in: by what it holds; its name decides only where that does not. */
import type { ByteSource } from '../bytes/byte-source.js';
import { problem } from '../errors.js';
import { latin1 } from './latin1.js';
import { notAModel, notAModelArchive, otherFile } from './not-a-model.js';
import { looksLikeOnnx } from './onnx/looks-like-onnx.js';
import { isHeaded } from './pytorch/headed.js';
import { MAXIMUM_HEADER_BYTES } from './safetensors/header.js';
import { gunzippedHead, isGzip } from './zip/inflate.js';
import { readDirectory } from './zip/directory.js';

/** The openers that there are; files of models in several files are told from one of their files. */
export type Detected =
  'onnx' | 'onnx-text' | 'safetensors' | 'safetensors-index' | 'gguf' | 'numpy' | 'hdf5' | 'keras' | 'pytorch';

const HEAD_BYTES = 4096;
const HDF5_SIGNATURE = '\u0089HDF\r\n\u001a\n';
/** HDF5 may begin at 0, 512, 1024 and so on, each twice the one before (HDF5 File Format Specification, II.A). */
const HDF5_FIRST_STEP = 512;

/** A field that every ONNX model has and no other text; pages about it are something else. */
const ONNX_TEXT = /^(?!\s*<[!?a-z]*[ >])[^]*?(^|[\s<,])ir_version\s*:/;
const TEXT_NAMES = /\.(onnxtxt|pbtxt|textproto|prototxt)$/i;
const INDEX_NAMES = /\.safetensors\.index\.json$/i;
const PICKLE_NAMES = /\.(pt|pth|th|bin|ckpt|pkl|pickle)$/i;
/** How pickles of protocols 0 and 1 begin: a mark or an empty container, a class, or an item of one. */
const OLD_PICKLE = /^(\(d|\(l|\(i|[\]})][q.(]|c[\w.]+\n\w+\n)/;

/**
 * Reads the beginning of the file, the directory of an archive, and the outermost fields of what may be ONNX.
 * @throws ProblemError `empty-file`; `not-a-model` with what the file is instead and what to do; what reading throws.
 */
export async function detectFormat(source: ByteSource): Promise<Detected> {
  if (source.size === 0) {
    throw problem('empty-file', `“${source.name}” is empty.`, {
      place: `byte 0 of ${source.name}`,
      remedy: 'Download or export the file again.',
    });
  }
  const bytes = await source.read(0, Math.min(HEAD_BYTES, source.size));
  const head = latin1(bytes);
  if (head.startsWith('PK\u0003\u0004')) return detectArchive(source);
  if (isGzip(bytes) && (await isPackedPickle(source))) return 'pytorch';
  const found = bySignature(bytes, head) ?? byText(source.name, head) ?? (await byDeepSignature(source));
  if (found !== undefined) return found;
  const byName = (await otherFile(source)) === undefined ? formatOfName(source.name, head) : undefined;
  if (byName === undefined) throw await notAModel(source, 0);
  return byName;
}

function bySignature(bytes: Uint8Array, head: string): Detected | undefined {
  if (head.startsWith('GGUF')) return 'gguf';
  if (head.startsWith('\u0093NUMPY')) return 'numpy';
  if (head.startsWith(HDF5_SIGNATURE)) return 'hdf5';
  if (isSafetensors(bytes)) return 'safetensors';
  if (isHeaded(head)) return 'pytorch';
  return isPickle(bytes) ? 'pytorch' : undefined;
}

function isPickle([proto, protocol = 0]: Uint8Array): boolean {
  return proto === 0x80 && protocol >= 2 && protocol <= 5;
}

/** transcoder_circuits packs its pickles so; an archive of PyTorch is known by the file's name. */
async function isPackedPickle(source: ByteSource): Promise<boolean> {
  const head = await gunzippedHead(source);
  const isNamed = PICKLE_NAMES.test(source.name.replace(/\.gz$/i, ''));
  return isPickle(head) || (isNamed && latin1(head.subarray(0, 4)) === 'PK\u0003\u0004');
}

/** A header begins with a brace, behind its length in 8 bytes. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 9 || bytes[8] !== 0x7b) return false;
  const { buffer, byteOffset } = bytes;
  return new DataView(buffer, byteOffset, 8).getBigUint64(0, true) <= BigInt(MAXIMUM_HEADER_BYTES);
}

function byText(name: string, head: string): Detected | undefined {
  const isText = !/[\0-\u0008\u000e-\u001f]/.test(head);
  if (!isText) return undefined;
  const isJson = /^\s*\{/.test(head);
  if (isJson) return INDEX_NAMES.test(name) || head.includes('"weight_map"') ? 'safetensors-index' : undefined;
  if (ONNX_TEXT.test(head)) return 'onnx-text';
  return TEXT_NAMES.test(name) ? 'onnx-text' : undefined;
}

/** What stands further behind, or has no signature. */
async function byDeepSignature(source: ByteSource): Promise<Detected | undefined> {
  for (let at = HDF5_FIRST_STEP; at + HDF5_SIGNATURE.length <= source.size; at *= 2) {
    if (latin1(await source.read(at, HDF5_SIGNATURE.length)) === HDF5_SIGNATURE) return 'hdf5';
  }
  return (await looksLikeOnnx(source)) ? 'onnx' : undefined;
}

/** For files that nothing else tells; the openers say what is wrong with those that are damaged. */
function formatOfName(name: string, head: string): Detected | undefined {
  if (/\.safetensors$/i.test(name)) return 'safetensors';
  return PICKLE_NAMES.test(name) && OLD_PICKLE.test(head) ? 'pytorch' : undefined;
}

async function detectArchive(source: ByteSource): Promise<Detected> {
  const names = (await readDirectory(source)).map((member) => member.name);
  if (names.includes('model.weights.h5')) return 'keras';
  if (names.some((name) => /^([^/]+\/)?data\.pkl$/.test(name))) return 'pytorch';
  if (names.some((name) => name.endsWith('.npy'))) return 'numpy';
  throw await notAModelArchive(source, names);
}
