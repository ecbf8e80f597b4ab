import type { FuzzFormat } from '../format.js';
import { npy, npz } from './numpy.js';
import { onnx } from './onnx.js';
import { pytorchArchive, pytorchLegacy } from './pytorch.js';
import { safetensors, safetensorsIndex } from './safetensors.js';

/** Every format that is fuzzed; another one is another entry. */
export const FORMATS: readonly FuzzFormat[] = [
  onnx,
  safetensors,
  safetensorsIndex,
  npy,
  npz,
  pytorchArchive,
  pytorchLegacy,
];
