/** Which reader opens which file. The contents decide, not the name. */
import type { ByteSource, SiblingFiles } from '../core/bytes/byte-source.js';
import { openGguf } from '../core/formats/gguf/open.js';
import { openNumpy } from '../core/formats/numpy/open.js';
import { openOnnx, type OnnxFile } from '../core/formats/onnx/open.js';
import { onnxWeights } from '../core/formats/onnx/weights.js';
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
  switch (await detect(source)) {
    case 'gguf':
      return { weights: await openGguf(source, siblings, signal) };
    case 'numpy':
      return { weights: await openNumpy(source, signal) };
    case 'safetensors':
      return { weights: await openSafetensors(source, signal) };
    case 'safetensors-index':
      return { weights: await openSafetensorsIndex(source, siblings, signal) };
    case 'onnx':
      return network(await openOnnx(source, siblings, signal));
  }
}

async function detect(source: ByteSource): Promise<'gguf' | 'numpy' | 'safetensors' | 'safetensors-index' | 'onnx'> {
  const head = await source.read(0, Math.min(16, source.size));
  const text = Array.from(head, (byte) => String.fromCharCode(byte)).join('');
  if (text.startsWith('GGUF')) return 'gguf';
  if (text.startsWith('\x93NUMPY') || text.startsWith('PK\x03\x04')) return 'numpy';
  if (text[8] === '{') return 'safetensors';
  if (text.startsWith('{')) return 'safetensors-index';
  return 'onnx';
}

function network(onnx: OnnxFile): OpenedFormat {
  return { weights: onnxWeights(onnx), onnx };
}
