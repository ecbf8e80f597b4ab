/** Which reader opens which file. The contents decide, not the name. */
import type { ByteSource, SiblingFiles } from '../core/bytes/byte-source.js';
import { shownProblem } from '../core/errors.js';
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
import { openKeras } from './hdf5/keras.js';
import { openHdf5 } from './hdf5/open.js';
import { hdf5Thread } from './hdf5/question-thread.js';

export interface OpenedFormat {
  readonly weights: TensorFile;
  /** Present where the file holds a graph. */
  readonly onnx?: OnnxFile;
}

/**
 * @param hdf5Script the bundle of the thread that reads HDF5: beside the bundle that this is in.
 * @throws ProblemError what the file is instead of a model, or what is wrong with it.
 */
export async function openFormat(
  source: ByteSource,
  siblings: SiblingFiles,
  signal?: AbortSignal,
  hdf5Script = new URL('./hdf5.mjs', import.meta.url),
): Promise<OpenedFormat> {
  const { weights, onnx } = await open(source, siblings, signal, hdf5Script);
  // Names of files and of what is in them stand in problems, and may be anything.
  const shown = { ...weights, problems: weights.problems.map(shownProblem) };
  return {
    weights: shown,
    ...(onnx === undefined ? {} : { onnx: { ...onnx, problems: onnx.problems.map(shownProblem) } }),
  };
}

async function open(
  source: ByteSource,
  siblings: SiblingFiles,
  signal: AbortSignal | undefined,
  hdf5Script: URL,
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
      return { weights: await openHdf5(source, hdf5Thread(hdf5Script), signal) };
    case 'keras':
      return { weights: await openKeras(source, hdf5Thread(hdf5Script), signal) };
  }
}

function network(onnx: OnnxFile): OpenedFormat {
  return { weights: onnxWeights(onnx), onnx };
}
