import type { FuzzFormat } from '../format.js';
import { gguf } from './gguf.js';
import { hdf5 } from './hdf5.js';
import { npy, npz } from './numpy.js';
import { onnx } from './onnx.js';
import { onnxText } from './onnx-text.js';
import { pytorchArchive, pytorchLegacy } from './pytorch.js';
import { safetensors, safetensorsIndex } from './safetensors.js';

/** Every format that is fuzzed; another one is another entry. */
export const FORMATS: readonly FuzzFormat[] = [
  onnx,
  onnxText,
  safetensors,
  safetensorsIndex,
  gguf,
  hdf5,
  npy,
  npz,
  pytorchArchive,
  pytorchLegacy,
];
