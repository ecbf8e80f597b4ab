/** Which reader opens which file. The contents decide, not the name. */
import type { ByteSource, SiblingFiles } from '../core/bytes/byte-source.js';
import { problem } from '../core/errors.js';
import { detectFormat } from '../core/formats/detect.js';
import { openGguf } from '../core/formats/gguf/open.js';
import { openNumpy } from '../core/formats/numpy/open.js';
import { openOnnx, type OnnxFile } from '../core/formats/onnx/open.js';
import { openOnnxText } from '../core/formats/onnx/open-text.js';
import { onnxWeights } from '../core/formats/onnx/weights.js';
import { openPytorch } from '../core/formats/pytorch/open.js';
import { openSafetensors } from '../core/formats/safetensors/open.js';
import { openSafetensorsIndex } from '../core/formats/safetensors/open-index.js';
import type { TensorFile } from '../core/formats/tensor-file.js';

export interface OpenedFormat {
  readonly weights: TensorFile;
  /** Present where the file holds a graph. */
  readonly onnx?: OnnxFile;
}

/** @throws ProblemError what the file is instead of a model, or what is wrong with it. */
export async function openFormat(
  source: ByteSource,
  siblings: SiblingFiles,
  signal?: AbortSignal,
): Promise<OpenedFormat> {
  const format = await detectFormat(source);
  switch (format) {
    case 'gguf':
      return { weights: await openGguf(source, siblings, signal) };
    case 'numpy':
      return { weights: await openNumpy(source, signal) };
    case 'pytorch':
      return { weights: await openPytorch(source, signal) };
    case 'safetensors':
      return { weights: await openSafetensors(source, signal) };
    case 'safetensors-index':
      return { weights: await openSafetensorsIndex(source, siblings, signal) };
    case 'onnx':
      return network(await openOnnx(source, siblings, signal));
    case 'onnx-text':
      return network(await openOnnxText(source, siblings, signal));
    case 'hdf5':
    case 'keras':
      throw problem('not-a-model', `“${source.name}” is an HDF5 file, which cannot be read yet.`, {
        place: 'the whole file',
        remedy: 'Save its arrays as safetensors or .npz.',
      });
  }
}

function network(onnx: OnnxFile): OpenedFormat {
  return { weights: onnxWeights(onnx), onnx };
}
