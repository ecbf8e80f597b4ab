/** Random numbers in the place of a tensor's own. */
import { normalStream } from '../dataset/random.js';
import type { TensorProto } from '../formats/onnx/onnx_pb.js';
import { tensorDims, tensorReference } from '../formats/onnx/tensor-proto.js';
import { encodeHalf } from '../tensor/half.js';
import { storedArray, type StoredType } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';
import { bytesOfValues } from '../tensor/typed-array.js';
import { createPause, type Task } from '../weights/stream.js';
import { atOffset, type PagedWriter } from './paged-writer.js';

/** Elements drawn at a time. */
const PIECE_ELEMENTS = 2 ** 16;

/** What a tensor is drawn from: a normal distribution, or where it must be positive a log-normal one. */
export interface Distribution {
  readonly type: StoredType;
  readonly mean: number;
  readonly deviation: number;
  readonly positive: boolean;
}

export function drawer({ mean, deviation, positive }: Distribution, uniform: () => number): () => number {
  const normal = normalStream(uniform);
  if (!positive) return () => mean + deviation * normal();
  // The log-normal distribution with this mean and deviation.
  const spread = Math.log1p((deviation / mean) ** 2);
  const middle = Math.log(mean) - spread / 2;
  return () => Math.exp(middle + Math.sqrt(spread) * normal());
}

/** The tensor with drawn numbers: in the graph where its own are, in the file where they lie in one. */
export async function drawnTensor(
  tensor: TensorProto,
  type: StoredType,
  draw: () => number,
  writer: PagedWriter,
  task: Task,
): Promise<TensorProto> {
  const count = elementCount(tensorDims(tensor));
  const inline = tensorReference(tensor) === undefined;
  const room = storedArray(type, inline ? count : Math.min(count, PIECE_ELEMENTS));
  const offset = inline ? 0 : await writer.begin();
  const pause = createPause(task.signal);
  for (let start = 0; start < count; start += PIECE_ELEMENTS) {
    const length = Math.min(PIECE_ELEMENTS, count - start);
    const piece = inline ? room.subarray(start, start + length) : room.subarray(0, length);
    for (let index = 0; index < length; index++) piece[index] = stored(type, draw());
    if (!inline) await writer.append(bytesOfValues(piece));
    task.onProgress?.((start + length) / count);
    await pause();
  }
  if (!inline) return atOffset(tensor, writer.location, offset);
  const rawData = bytesOfValues(room) as Uint8Array<ArrayBuffer>;
  return { ...tensor, rawData, floatData: [], doubleData: [], int32Data: [] };
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** A number as an array of the type holds it: 16-bit floats are bits, rounded to nearest. */
function stored(type: StoredType, value: number): number {
  if (type === 'float16') return encodeHalf(value);
  if (type !== 'bfloat16') return value;
  single[0] = value;
  const word = bits[0] as number;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}
