/** Tensors of ONNX files: their types and sizes, where their values lie, and the values in and out of a TensorProto. */
import { create } from '@bufbuild/protobuf';
import { displayText } from '../../display-text.js';
import { problem, type ProblemError } from '../../errors.js';
import { elementCount, type NumberArray, type Tensor } from '../../tensor/tensor.js';
import { ARRAYS, bytesOfValues, bytesPerElement, valuesFromBytes, type NumberType } from '../../tensor/typed-array.js';
import { decodeNarrow } from './narrow-types.js';
import {
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type TensorProto,
} from './onnx_pb.js';

/** Bits per element and the name shown to people, by ONNX data type. Strings have no fixed size. */
const DATA_TYPES: Readonly<Record<number, { readonly name: string; readonly bits?: number }>> = {
  [DataType.FLOAT]: { name: 'float32', bits: 32 },
  [DataType.UINT8]: { name: 'uint8', bits: 8 },
  [DataType.INT8]: { name: 'int8', bits: 8 },
  [DataType.UINT16]: { name: 'uint16', bits: 16 },
  [DataType.INT16]: { name: 'int16', bits: 16 },
  [DataType.INT32]: { name: 'int32', bits: 32 },
  [DataType.INT64]: { name: 'int64', bits: 64 },
  [DataType.STRING]: { name: 'string' },
  [DataType.BOOL]: { name: 'bool', bits: 8 },
  [DataType.FLOAT16]: { name: 'float16', bits: 16 },
  [DataType.DOUBLE]: { name: 'float64', bits: 64 },
  [DataType.UINT32]: { name: 'uint32', bits: 32 },
  [DataType.UINT64]: { name: 'uint64', bits: 64 },
  [DataType.COMPLEX64]: { name: 'complex64', bits: 64 },
  [DataType.COMPLEX128]: { name: 'complex128', bits: 128 },
  [DataType.BFLOAT16]: { name: 'bfloat16', bits: 16 },
  [DataType.FLOAT8E4M3FN]: { name: 'float8e4m3fn', bits: 8 },
  [DataType.FLOAT8E4M3FNUZ]: { name: 'float8e4m3fnuz', bits: 8 },
  [DataType.FLOAT8E5M2]: { name: 'float8e5m2', bits: 8 },
  [DataType.FLOAT8E5M2FNUZ]: { name: 'float8e5m2fnuz', bits: 8 },
  [DataType.UINT4]: { name: 'uint4', bits: 4 },
  [DataType.INT4]: { name: 'int4', bits: 4 },
  [DataType.FLOAT4E2M1]: { name: 'float4e2m1', bits: 4 },
  [DataType.FLOAT8E8M0]: { name: 'float8e8m0', bits: 8 },
  [DataType.UINT2]: { name: 'uint2', bits: 2 },
  [DataType.INT2]: { name: 'int2', bits: 2 },
};

/** "float32"; "type 99" for a number that the standard does not know. */
export function dataTypeName(dataType: number): string {
  return DATA_TYPES[dataType]?.name ?? (dataType === 0 ? 'undefined' : `type ${dataType}`);
}

/** Bytes of one element (0.5 for 4-bit types), or undefined where the type has no fixed size. */
export function elementBytes(dataType: number): number | undefined {
  const bits = DATA_TYPES[dataType]?.bits;
  return bits === undefined ? undefined : bits / 8;
}

/**
 * The tensor's dimensions; their product is a safe integer.
 * @throws ProblemError `malformed-model` for a negative dimension or too many elements.
 */
export function tensorDims(proto: TensorProto): number[] {
  let count = 1;
  const dims = proto.dims.map((dim) => {
    if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER))
      throw malformedTensor(proto, `has the impossible dimension ${dim}`);
    return Number(dim);
  });
  // An empty tensor may have any other dimensions; otherwise the product must stay exact.
  if (!dims.includes(0)) {
    for (const dim of dims) {
      count *= dim;
      if (count > Number.MAX_SAFE_INTEGER) throw malformedTensor(proto, `has more elements than can be counted`);
    }
  }
  return dims;
}

/** Like {@link tensorDims}, but undefined where the file states impossible dimensions: for showing, not for reading. */
export function safeTensorDims(proto: TensorProto): number[] | undefined {
  return proto.dims.every((dim) => dim >= 0n && dim <= BigInt(Number.MAX_SAFE_INTEGER))
    ? proto.dims.map(Number)
    : undefined;
}

/** Where a tensor's values lie when they are not in the message itself. */
export interface TensorReference {
  /** File, relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  /** Bytes; undefined: to the end of the file, or as many as the dims and type ask for. */
  readonly length: number | undefined;
}

/** @throws ProblemError `malformed-model` when offset or length is no plain non-negative number. */
export function tensorReference(proto: TensorProto): TensorReference | undefined {
  if (proto.dataLocation !== TensorProto_DataLocation.EXTERNAL) return undefined;
  const entry = (key: string): string | undefined => proto.externalData.find((pair) => pair.key === key)?.value;
  const integer = (key: string): number | undefined => {
    const text = entry(key);
    if (text === undefined) return undefined;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value))
      throw malformedTensor(proto, `has the external ${key} “${displayText(text, 40)}”`);
    return value;
  };
  const location = entry('location');
  if (location === undefined || location === '') throw malformedTensor(proto, 'is external but names no file');
  return { location, offset: integer('offset') ?? 0, length: integer('length') };
}

/** A tensor read from a file. */
export interface StoredTensor extends Tensor {
  /** The file's own type where it is narrower than any that engines give: "bfloat16" arrives as float32. */
  readonly storedAs?: string;
}

/** Types whose values arrays hold as they are. */
export const ELEMENT_TYPES: Readonly<Record<number, NumberType>> = {
  [DataType.FLOAT]: 'float32',
  [DataType.DOUBLE]: 'float64',
  [DataType.FLOAT16]: 'float16',
  [DataType.INT8]: 'int8',
  [DataType.UINT8]: 'uint8',
  [DataType.INT16]: 'int16',
  [DataType.UINT16]: 'uint16',
  [DataType.INT32]: 'int32',
  [DataType.UINT32]: 'uint32',
  [DataType.INT64]: 'int64',
  [DataType.UINT64]: 'uint64',
  [DataType.BOOL]: 'bool',
};

/** Bytes that the values of a tensor take in raw form. @throws ProblemError `malformed-model` for an unknown type. */
export function tensorBytes(proto: TensorProto): number {
  const size = elementBytes(proto.dataType);
  if (size === undefined)
    throw malformedTensor(proto, `has the type ${dataTypeName(proto.dataType)}, which has no fixed size`);
  return Math.ceil(elementCount(tensorDims(proto)) * size);
}

/**
 * The values of a tensor that holds them itself, in raw form or in its typed fields.
 * @throws ProblemError `malformed-model` when values and dimensions disagree or the values lie elsewhere,
 *   `not-applicable` for complex numbers.
 */
export function tensorFromProto(proto: TensorProto): StoredTensor {
  if (tensorReference(proto) !== undefined) throw malformedTensor(proto, 'has its values in another file');
  if (proto.dataType !== DataType.STRING) return tensorFromBytes(proto, inlineBytes(proto));
  const dims = tensorDims(proto);
  if (elementCount(dims) !== proto.stringData.length) {
    throw malformedTensor(proto, `holds ${proto.stringData.length} texts, not the ${elementCount(dims)} of its shape`);
  }
  return { type: 'string', dims, data: proto.stringData.map((text) => new TextDecoder().decode(text)) };
}

/**
 * The values of a tensor from bytes in the layout of raw data, such as those that its reference points to. Copies.
 * @throws as {@link tensorFromProto}.
 */
export function tensorFromBytes(proto: TensorProto, bytes: Uint8Array): StoredTensor {
  const dims = tensorDims(proto);
  const expected = tensorBytes(proto);
  if (bytes.byteLength !== expected)
    throw malformedTensor(proto, `holds ${bytes.byteLength} bytes, not the ${expected} of its shape`);
  const type = ELEMENT_TYPES[proto.dataType];
  if (type !== undefined) return { type, dims, data: valuesFromBytes(type, bytes) };
  const narrow = decodeNarrow(proto.dataType, elementCount(dims), bytes);
  if (narrow !== undefined) return { ...narrow, dims, storedAs: dataTypeName(proto.dataType) };
  const name = displayText(proto.name, 100);
  throw problem('not-applicable', `The tensor “${name}” holds ${dataTypeName(proto.dataType)} numbers.`, {
    place: `tensor “${name}”`,
    remedy: 'Complex numbers can be carried along but not shown.',
  });
}

/** A TensorProto with the values in raw form; numbers are not copied. */
export function tensorToProto(name: string, tensor: Tensor): TensorProto {
  const dims = tensor.dims.map(BigInt);
  if (tensor.type === 'string') {
    const texts = tensor.data as readonly string[];
    const stringData = texts.map((text) => new TextEncoder().encode(text));
    return create(TensorProtoSchema, { name, dims, dataType: DataType.STRING, stringData });
  }
  const dataType = Number(Object.keys(ELEMENT_TYPES).find((key) => ELEMENT_TYPES[Number(key)] === tensor.type));
  const rawData = bytesOfValues(tensor.data as NumberArray) as Uint8Array<ArrayBuffer>;
  return create(TensorProtoSchema, { name, dims, dataType, rawData });
}

/** Which field holds the values of which type, and bytes of one entry in raw form (onnx.proto, TensorProto). */
function typedField(proto: TensorProto): { readonly entries: readonly (number | bigint)[]; readonly type: NumberType } {
  switch (proto.dataType) {
    case DataType.FLOAT:
    case DataType.COMPLEX64:
      return { entries: proto.floatData, type: 'float32' };
    case DataType.DOUBLE:
    case DataType.COMPLEX128:
      return { entries: proto.doubleData, type: 'float64' };
    case DataType.INT64:
      return { entries: proto.int64Data, type: 'int64' };
    case DataType.UINT64:
      return { entries: proto.uint64Data, type: 'uint64' };
    case DataType.UINT32:
      return { entries: proto.uint64Data, type: 'uint32' };
    case DataType.INT32:
      return { entries: proto.int32Data, type: 'int32' };
    case DataType.INT16:
    case DataType.UINT16:
    case DataType.FLOAT16:
    case DataType.BFLOAT16:
      return { entries: proto.int32Data, type: 'uint16' };
    default:
      // One entry is one byte, also where a byte holds several narrow elements.
      return { entries: proto.int32Data, type: 'uint8' };
  }
}

/** Bytes of the values that a tensor holds itself, in the layout of raw data. */
export function inlineByteLength(proto: TensorProto): number {
  if (proto.rawData.byteLength > 0) return proto.rawData.byteLength;
  const { entries, type } = typedField(proto);
  return entries.length * bytesPerElement(type);
}

/**
 * Bytes `[start, end)` of the values that a tensor holds itself, in the layout of raw data; both are multiples of the
 * bytes of an element. No more than these are converted.
 */
export function inlineBytes(proto: TensorProto, start = 0, end = inlineByteLength(proto)): Uint8Array {
  if (proto.rawData.byteLength > 0) return proto.rawData.subarray(start, end);
  const { entries, type } = typedField(proto);
  const width = bytesPerElement(type);
  const part = entries.slice(start / width, end / width);
  if (type === 'int64' || type === 'uint64') return bytesOfValues(ARRAYS[type].from(part as bigint[]));
  return bytesOfValues(ARRAYS[type].from(part.map(Number)));
}

/** The error of a tensor that cannot be what it says it is. */
export function malformedTensor(proto: TensorProto, what: string): ProblemError {
  const name = displayText(proto.name, 100);
  return problem('malformed-model', `The tensor “${name}” ${what}.`, {
    place: `tensor “${name}”`,
    remedy: 'Export the model again.',
  });
}
