/** The numbers of one tensor of an ONNX model, read by ranges wherever they lie: inline, in the file, in another file. */
import { partSource } from '../../bytes/part-source.js';
import { elementCount } from '../../tensor/tensor.js';
import { bytesPerStored, type StoredType } from '../../tensor/stored-type.js';
import { valuesFromBytes } from '../../tensor/typed-array.js';
import { checkRange, plainValues } from '../plain-values.js';
import type { TensorValues } from '../tensor-file.js';
import { referencedBytes, type OpenLocation } from './external-data.js';
import { decodeNarrow } from './narrow-types.js';
import { TensorProto_DataType as DataType, type TensorProto } from './onnx_pb.js';
import {
  elementBytes,
  ELEMENT_TYPES,
  inlineByteLength,
  inlineBytes,
  malformedTensor,
  tensorBytes,
  tensorDims,
  tensorReference,
  type TensorReference,
} from './tensor-proto.js';

/** The type that values of narrower types arrive in; undefined for texts, complex numbers and unknown types. */
function readableType(dataType: number): StoredType | undefined {
  if (dataType === DataType.BFLOAT16) return 'bfloat16';
  return ELEMENT_TYPES[dataType] ?? decodeNarrow(dataType, 0, new Uint8Array(0))?.type;
}

/**
 * @throws ProblemError `malformed-model` when dims, type, reference or the number of inline values are impossible.
 *   Reading throws as opening and reading the file do.
 */
export function onnxTensorValues(tensor: TensorProto, open: OpenLocation): TensorValues | undefined {
  const type = readableType(tensor.dataType);
  if (type === undefined) return undefined;
  const elements = elementCount(tensorDims(tensor));
  const reference = tensorReference(tensor);
  if (reference === undefined) {
    const [held, expected] = [inlineByteLength(tensor), tensorBytes(tensor)];
    if (held !== expected) throw malformedTensor(tensor, `holds ${held} bytes, not the ${expected} of its shape`);
  } else referencedBytes(tensor, reference.length);

  const isPlain = type === 'bfloat16' || ELEMENT_TYPES[tensor.dataType] !== undefined;
  if (isPlain && reference !== undefined) {
    const { location, offset } = reference;
    const source = partSource(location, elements * bytesPerStored(type), async () => ({
      source: await open(location),
      start: offset,
    }));
    return plainValues(source, { type, start: 0, elements });
  }
  return {
    type,
    async read(start, count) {
      checkRange(start, count, elements);
      // Elements of less than a byte may begin and end inside one.
      const size = elementBytes(tensor.dataType) ?? 1;
      const startByte = Math.floor(start * size);
      const bytes = await bytesOf(tensor, reference, open, startByte, Math.ceil((start + count) * size));
      if (isPlain) return valuesFromBytes(type === 'bfloat16' ? 'uint16' : type, bytes);
      const skipped = start - startByte / size;
      const decoded = decodeNarrow(tensor.dataType, skipped + count, bytes)?.data ?? new Float32Array(0);
      return skipped === 0 ? decoded : decoded.slice(skipped);
    },
  };
}

async function bytesOf(
  tensor: TensorProto,
  reference: TensorReference | undefined,
  open: OpenLocation,
  start: number,
  end: number,
): Promise<Uint8Array> {
  if (reference === undefined) return inlineBytes(tensor, start, end);
  return (await open(reference.location)).read(reference.offset + start, end - start);
}
