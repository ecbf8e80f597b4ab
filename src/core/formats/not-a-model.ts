import type { ByteSource } from '../bytes/byte-source.js';
import { problem, type ProblemError } from '../errors.js';
import { latin1 } from './latin1.js';

/** A kind of file that people hold for a model, and what to do instead. */
export interface OtherFile {
  /** How it begins, one character per byte; or what its name ends with, where that is all there is to go by. */
  readonly begins?: string;
  readonly nameEnds?: RegExp;
  /** Where `begins` stands, if not at the beginning. */
  readonly at?: number;
  readonly what: string;
  readonly remedy: string;
}

const UNPACK = 'Unpack it, and choose the model in it.';
const AGAIN = 'Download the model again: this is not the file itself.';
const CHOOSE = 'Choose the model itself.';

/** The first that fits. */
const OTHER_FILES: readonly OtherFile[] = [
  {
    begins: 'version https://git-lfs',
    what: 'is a Git LFS pointer, not the model itself',
    remedy: 'Run “git lfs pull” in its repository to fetch the model.',
  },
  {
    begins: 'PK\u0003\u0004',
    what: 'is a ZIP archive without a model of a known kind',
    remedy: 'Unpack it, or export the PyTorch model with torch.onnx.export.',
  },
  { begins: 'PK\u0005\u0006', what: 'is an empty ZIP archive', remedy: 'Download or save the file again.' },
  {
    begins: '<?xml version="1.0"?>\n<net ',
    what: 'is a network of OpenVINO',
    remedy: 'Choose the model that it was converted from.',
  },
  { begins: '<', what: 'is a web page or an XML file', remedy: AGAIN },
  {
    begins: '{',
    what: 'is a JSON file',
    remedy: 'Choose the .onnx or .safetensors file, or the index of a set of them.',
  },
  { begins: '\u0089HDF', what: 'is an HDF5 file (Keras saves its models so)', remedy: 'Convert it with tf2onnx.' },
  { begins: '\u001f\u008b', what: 'is packed with gzip', remedy: UNPACK },
  { begins: 'BZh', what: 'is packed with bzip2', remedy: UNPACK },
  { begins: '\u00fd7zXZ\0', what: 'is packed with xz', remedy: UNPACK },
  { begins: '\u0028\u00b5\u002f\u00fd', what: 'is packed with Zstandard', remedy: UNPACK },
  { begins: '7z\u00bc\u00af', what: 'is a 7-Zip archive', remedy: UNPACK },
  { begins: 'Rar!', what: 'is a RAR archive', remedy: UNPACK },
  {
    begins: 'ustar',
    at: 257,
    what: 'is a tar archive (PyTorch saved its checkpoints so before version 0.1.10)',
    remedy: `${UNPACK} Load a checkpoint with torch.load, and save it again with torch.save.`,
  },
  { begins: 'TFL3', at: 4, what: 'is a TensorFlow Lite model', remedy: 'Convert it to ONNX with tf2onnx.' },
  {
    begins: 'ORTM',
    at: 4,
    what: 'is a model in ONNX Runtime’s own format (.ort)',
    remedy: 'Choose the .onnx file that it was made from.',
  },
  ...['tjgg', 'algg', 'fmgg', 'lmgg'].map((begins) => ({
    begins,
    what: 'is in the GGML format from before GGUF',
    remedy: 'Convert it to GGUF with the scripts of llama.cpp.',
  })),
  { begins: 'MATLAB 5.0 MAT-file', what: 'is a file of MATLAB', remedy: CHOOSE },
  { begins: '\u0089PNG', what: 'is a picture', remedy: CHOOSE },
  { begins: '\u00ff\u00d8\u00ff', what: 'is a picture', remedy: CHOOSE },
  { begins: '%PDF', what: 'is a PDF document', remedy: CHOOSE },
  { begins: '\u007fELF', what: 'is a program', remedy: CHOOSE },
  { begins: 'MZ', what: 'is a program', remedy: CHOOSE },
  {
    nameEnds: /\.(pb|savedmodel)$/i,
    what: 'is no ONNX model; TensorFlow saves its graphs under such names',
    remedy: 'Convert a model of TensorFlow to ONNX with tf2onnx.',
  },
  {
    nameEnds: /\.mlmodel$/i,
    what: 'is no ONNX model; Core ML saves its models under such names',
    remedy: 'Choose the model that it was converted from.',
  },
  {
    nameEnds: /\.msgpack$/i,
    what: 'is no model that can be read; Flax saves its weights under such names',
    remedy: 'Save the weights as safetensors: safetensors.flax.save_file.',
  },
];

/** As far as {@link OTHER_FILES} look. */
const HEAD_BYTES = 512;

/** The kind of a file that is held for a model, by its first bytes and its name. */
export async function otherFile(source: ByteSource): Promise<OtherFile | undefined> {
  const head = latin1(await source.read(0, Math.min(source.size, HEAD_BYTES)));
  return OTHER_FILES.find(({ begins, at: start = 0, nameEnds }) =>
    begins === undefined ? nameEnds?.test(source.name) : head.startsWith(begins, start),
  );
}

/** The error for a file that is no model, with the best advice that there is. */
export async function notAModel(source: ByteSource, at: number): Promise<ProblemError> {
  const other = await otherFile(source);
  return problem('not-a-model', `“${source.name}” ${other?.what ?? 'is not a model of a known kind'}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy:
      other?.remedy ?? 'Choose an ONNX, safetensors, GGUF, NumPy, Keras or PyTorch file, or export the model again.',
  });
}

/** Archives that people hold for a model, by a file in them. */
const OTHER_ARCHIVES: readonly { readonly member: RegExp; readonly what: string; readonly remedy: string }[] = [
  {
    member: /(^|\/)(archive_format|serialized_exported_program\.json|models\/[^/]+\.json)$/,
    what: 'is a program of torch.export (.pt2)',
    remedy: 'Export it as ONNX with torch.onnx.export, or save its state_dict as safetensors.',
  },
  {
    member: /(^|\/)\.data\/extern_modules$/,
    what: 'is a package of torch.package, which holds code',
    remedy: 'Save the state_dict of its model as safetensors.',
  },
  { member: /(^|\/)MAR-INF\//, what: 'is an archive of TorchServe', remedy: UNPACK },
  { member: /\.mlmodel$/, what: 'is a model of Core ML', remedy: 'Choose the model that it was converted from.' },
  {
    member: /\.(onnx|safetensors|gguf|pth?|bin|h5|hdf5)$/i,
    what: 'is a ZIP archive with models in it',
    remedy: UNPACK,
  },
];

/** The same for a ZIP archive. @param members names of what it holds. */
export async function notAModelArchive(source: ByteSource, members: Iterable<string>): Promise<ProblemError> {
  const names = [...members];
  const other = OTHER_ARCHIVES.find(({ member }) => names.some((name) => member.test(name)));
  if (other === undefined) return notAModel(source, 0);
  return problem('not-a-model', `“${source.name}” ${other.what}.`, {
    place: `byte 0 of ${source.name}`,
    remedy: other.remedy,
  });
}
