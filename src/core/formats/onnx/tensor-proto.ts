import { problem } from '../../errors.js';
import { TensorProto_DataLocation, TensorProto_DataType as DataType, type TensorProto } from './onnx_pb.js';

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
      throw malformed(proto, `has the impossible dimension ${dim}`);
    return Number(dim);
  });
  // An empty tensor may have any other dimensions; otherwise the product must stay exact.
  if (!dims.includes(0)) {
    for (const dim of dims) {
      count *= dim;
      if (count > Number.MAX_SAFE_INTEGER) throw malformed(proto, `has more elements than can be counted`);
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
    if (!Number.isSafeInteger(value)) throw malformed(proto, `has the external ${key} “${text.slice(0, 40)}”`);
    return value;
  };
  const location = entry('location');
  if (location === undefined || location === '') throw malformed(proto, 'is external but names no file');
  return { location, offset: integer('offset') ?? 0, length: integer('length') };
}

function malformed(proto: TensorProto, what: string): Error {
  return problem('malformed-model', `The tensor “${proto.name}” ${what}.`, {
    place: `tensor “${proto.name}”`,
    remedy: 'Export the model again.',
  });
}
