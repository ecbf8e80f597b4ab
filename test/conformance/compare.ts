import { toBinary } from '@bufbuild/protobuf';
import { decodeOnnx } from '../../src/core/formats/onnx/decode.js';
import { readTensor } from '../../src/core/formats/onnx/external-data.js';
import { ModelProtoSchema, type ModelProto, type TensorProto } from '../../src/core/formats/onnx/onnx_pb.js';
import type { OnnxFile } from '../../src/core/formats/onnx/open.js';
import { tensorReference, tensorToProto } from '../../src/core/formats/onnx/tensor-proto.js';
import { everyTensor } from '../../src/core/formats/onnx/walk.js';
import type { NamedTensors, NumberArray, Tensor } from '../../src/core/tensor/tensor.js';

/**
 * Whether a skimmed model with its values read back equals the whole file decoded at once. Both sides hold the tensors
 * that were skimmed in raw form; the file itself is decoded by the protobuf library alone.
 * @returns the number of tensors that were references, or undefined when the two differ.
 */
export async function comparedWithWhole(file: OnnxFile, bytes: Uint8Array): Promise<number | undefined> {
  const whole = decodeOnnx(bytes);
  const skimmed: ModelProto = structuredClone(file.proto);
  const originals = [...everyTensor(whole)];
  let references = 0;
  for (const [index, tensor] of [...everyTensor(skimmed)].entries()) {
    const original = originals[index];
    if (original === undefined) return undefined;
    if (tensorReference(tensor) === undefined || tensorReference(original) !== undefined) continue;
    references++;
    inline(tensor, await readTensor(tensor, file.openLocation));
    if (original.rawData.length === 0) original.rawData = new Uint8Array(Float32Array.from(original.floatData).buffer);
    original.floatData = [];
  }
  const same = Buffer.compare(toBinary(ModelProtoSchema, whole), toBinary(ModelProtoSchema, skimmed)) === 0;
  return same ? references : undefined;
}

function inline(tensor: TensorProto, values: Tensor): void {
  tensor.rawData = tensorToProto(tensor.name, values).rawData;
  tensor.externalData = [];
  tensor.dataLocation = 0;
}

/** The first output whose type, shape or bits differ, or undefined. NaNs of equal bits are equal. */
export function differentOutput(a: NamedTensors, b: NamedTensors): string | undefined {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].find((name) => {
    const [left, right] = [a[name], b[name]];
    if (left === undefined || right === undefined || left.type !== right.type) return true;
    if (left.dims.join() !== right.dims.join()) return true;
    return !Buffer.from(bitsOf(left)).equals(Buffer.from(bitsOf(right)));
  });
}

/** The first output that is further from the expected one than `relative` and `absolute` allow, or undefined. */
export function farOutput(
  actual: NamedTensors,
  expected: NamedTensors,
  tolerance: { readonly relative: number; readonly absolute: number },
): string | undefined {
  return Object.keys(expected).find((name) => {
    const [left, right] = [actual[name], expected[name]];
    if (left === undefined || right === undefined || left.dims.join() !== right.dims.join()) return true;
    const [x, y] = [numbersOf(left), numbersOf(right)];
    return x.some((value, i) => {
      const other = y[i] ?? NaN;
      const equal = Object.is(value, other) || value === other;
      return !equal && !(Math.abs(value - other) <= tolerance.absolute + tolerance.relative * Math.abs(other));
    });
  });
}

function bitsOf(tensor: Tensor): Uint8Array {
  if (tensor.type === 'string') return new TextEncoder().encode(JSON.stringify(tensor.data));
  const data = tensor.data as NumberArray;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Values as numbers; texts by their place in the sorted list of both, so that equal texts are equal numbers. */
export function numbersOf(tensor: Tensor): number[] {
  if (tensor.type === 'string') return (tensor.data as readonly string[]).map((text) => hash(text));
  const values = Array.from(tensor.data as Iterable<number | bigint>, Number);
  return tensor.type === 'float16' ? values.map(halfToNumber) : values;
}

function hash(text: string): number {
  return [...text].reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) % 2 ** 40, 7);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}
