import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, type ProblemError } from '../../errors.js';

/** Files that people often hold for the model itself, by how they begin. */
const MISTAKEN_FILES: readonly { readonly begins: string; readonly what: string; readonly remedy: string }[] = [
  {
    begins: 'version https://git-lfs',
    what: 'is a Git LFS pointer, not the model itself',
    remedy: 'Run “git lfs pull” in its repository to fetch the model.',
  },
  {
    begins: 'PK\u0003\u0004',
    what: 'is a ZIP archive (PyTorch saves its checkpoints so)',
    remedy: 'Unpack it, or export the PyTorch model with torch.onnx.export.',
  },
  {
    begins: '<',
    what: 'is a web page or an XML file',
    remedy: 'Download the model again: this is not the file itself.',
  },
  { begins: '{', what: 'is a JSON file', remedy: 'Choose the .onnx file.' },
  { begins: '\u0089HDF', what: 'is an HDF5 file (Keras saves its models so)', remedy: 'Convert it with tf2onnx.' },
];

/** The error for a file that is no ONNX model, with the best advice that its first bytes allow. */
export async function notAModel(source: ByteSource, at: number): Promise<ProblemError> {
  const head = await source.read(0, Math.min(source.size, 32));
  const text = Array.from(head, (byte) => String.fromCharCode(byte)).join('');
  const mistaken = MISTAKEN_FILES.find(({ begins }) => text.startsWith(begins));
  return problem(
    'not-a-model',
    mistaken === undefined ? `“${source.name}” is not an ONNX model.` : `“${source.name}” ${mistaken.what}.`,
    {
      place: `byte ${at} of ${source.name}`,
      remedy: mistaken?.remedy ?? 'Choose a file that was exported as ONNX, or export the model again.',
    },
  );
}
