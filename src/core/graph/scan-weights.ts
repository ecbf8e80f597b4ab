import { throwIfCancelled } from '../errors.js';
import type { OnnxFile } from '../formats/onnx/open.js';
import { TensorProto_DataType as DataType, type TensorProto } from '../formats/onnx/onnx_pb.js';
import { tensorBytes, tensorReference } from '../formats/onnx/tensor-proto.js';
import { everyNode, everyTensor } from '../formats/onnx/walk.js';
import { displayText } from '../display-text.js';

/** A tensor of weights that holds values which are no numbers. */
export interface BrokenWeights {
  readonly tensor: string;
  /** Elements that are NaN or ±infinity. */
  readonly broken: number;
  readonly elements: number;
}

const CHUNK_BYTES = 8 * 2 ** 20;

/** Bytes per element, and the exponent bits that are all set in NaN and ±infinity (of the upper half of a double). */
const FLOATS: ReadonlyMap<number, { readonly bytes: 2 | 4 | 8; readonly exponent: number }> = new Map([
  [DataType.FLOAT, { bytes: 4, exponent: 0x7f800000 }],
  [DataType.DOUBLE, { bytes: 8, exponent: 0x7ff00000 }],
  [DataType.FLOAT16, { bytes: 2, exponent: 0x7c00 }],
  [DataType.BFLOAT16, { bytes: 2, exponent: 0x7f80 }],
]);

/** Operators whose weights are numbers to calculate with; elsewhere (masks, bounds) infinity has its meaning. */
export const CALCULATES: ReadonlySet<string> = new Set(
  'Conv ConvTranspose Gemm MatMul Gather LSTM GRU RNN BatchNormalization LayerNormalization InstanceNormalization'.split(
    ' ',
  ),
);

/** Reads every floating-point weight of these operators once, chunk by chunk, and names those with NaN or infinity. */
export async function scanWeights({ proto, openLocation }: OnnxFile, signal?: AbortSignal): Promise<BrokenWeights[]> {
  const found: BrokenWeights[] = [];
  const read = new Set<string>();
  for (const { opType, input } of everyNode(proto))
    if (CALCULATES.has(opType)) for (const name of input) read.add(name);
  for (const tensor of everyTensor(proto)) {
    const float = FLOATS.get(tensor.dataType);
    if (float === undefined || !read.has(tensor.name)) continue;
    let broken = 0;
    for await (const chunk of chunksOf(tensor, openLocation)) {
      throwIfCancelled(signal);
      broken += countNonFinite(chunk, float);
    }
    if (broken > 0)
      found.push({ tensor: displayText(tensor.name), broken, elements: tensorBytes(tensor) / float.bytes });
  }
  return found;
}

async function* chunksOf(tensor: TensorProto, openLocation: OnnxFile['openLocation']): AsyncGenerator<Uint8Array> {
  const reference = tensorReference(tensor);
  if (reference === undefined) {
    if (tensor.rawData.length > 0) yield tensor.rawData;
    else if (tensor.floatData.length > 0) yield new Uint8Array(Float32Array.from(tensor.floatData).buffer);
    else if (tensor.doubleData.length > 0) yield new Uint8Array(Float64Array.from(tensor.doubleData).buffer);
    return;
  }
  const source = await openLocation(reference.location);
  const length = tensorBytes(tensor);
  for (let start = 0; start < length; start += CHUNK_BYTES) {
    yield await source.read(reference.offset + start, Math.min(CHUNK_BYTES, length - start));
  }
}

function countNonFinite(bytes: Uint8Array, { bytes: width, exponent }: { bytes: 2 | 4 | 8; exponent: number }): number {
  // Bytes inside a larger buffer may begin at any offset; typed arrays want their own alignment.
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const elements = Math.floor(bytes.length / width);
  let broken = 0;
  if (width === 2) {
    for (const bits of new Uint16Array(aligned.buffer, aligned.byteOffset, elements)) {
      if ((bits & exponent) === exponent) broken++;
    }
    return broken;
  }
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, (elements * width) / 4);
  // Little endian: the exponent of a double is in its second word.
  for (let index = width / 4 - 1; index < words.length; index += width / 4) {
    if (((words[index] as number) & exponent) === exponent) broken++;
  }
  return broken;
}
