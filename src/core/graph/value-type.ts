import { create } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as DataType,
  TypeProtoSchema,
  type TensorShapeProto,
  type TypeProto,
  type ValueInfoProto,
} from '../formats/onnx/onnx_pb.js';
import { dataTypeName } from '../formats/onnx/tensor-proto.js';

/** What a model says of a value. */
export interface ValueType {
  /** "float32", "int64", "sequence of float32"; "unknown" where the model does not say. */
  readonly type: string;
  /** Sizes; a name where the model names an open dimension, "?" where it does not. Undefined: unknown rank. */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface NamedValueType extends ValueType {
  readonly name: string;
}

/** Deeper types than any real model has are cut off in the text, not followed. */
const MAXIMUM_TYPE_DEPTH = 8;

export function namedValueType(info: ValueInfoProto): NamedValueType {
  return { name: info.name, ...valueType(info.type) };
}

/** A TypeProto in words; shapes are those of plain and sparse tensors. */
export function valueType(type: TypeProto | undefined): ValueType {
  const value = type?.value;
  if (value?.case === 'tensorType' || value?.case === 'sparseTensorType') {
    return { type: typeText(type, 0), shape: shapeOf(value.value.shape) };
  }
  return { type: typeText(type, 0), shape: undefined };
}

function typeText(type: TypeProto | undefined, depth: number): string {
  const value = type?.value;
  if (depth > MAXIMUM_TYPE_DEPTH) return '…';
  switch (value?.case) {
    case 'tensorType':
      return dataTypeName(value.value.elemType);
    case 'sparseTensorType':
      return `sparse ${dataTypeName(value.value.elemType)}`;
    case 'sequenceType':
      return `sequence of ${typeText(value.value.elemType, depth + 1)}`;
    case 'optionalType':
      return `optional ${typeText(value.value.elemType, depth + 1)}`;
    case 'mapType':
      return `map from ${dataTypeName(value.value.keyType)} to ${typeText(value.value.valueType, depth + 1)}`;
    case 'opaqueType':
      return `opaque ${value.value.domain}.${value.value.name}`;
    case undefined:
      return 'unknown';
  }
}

function shapeOf(shape: TensorShapeProto | undefined): (number | string)[] | undefined {
  return shape?.dim.map(({ value }) => {
    if (value.case === 'dimValue')
      return value.value >= 0n && value.value <= 0x1fffffffffffffn ? Number(value.value) : '?';
    // Exporters write an open dimension as an empty name, too.
    return value.case === 'dimParam' && value.value !== '' ? value.value : '?';
  });
}

/** Element types that a name stands for, as {@link dataTypeName} writes them. */
const DATA_TYPES = new Map(
  Object.values(DataType)
    .filter((value): value is DataType => typeof value === 'number' && value !== DataType.UNDEFINED)
    .map((value) => [dataTypeName(value), value]),
);

/** A tensor's type as ONNX writes it; undefined for anything that is no tensor of a known element type. */
export function typeProtoOf(type: ValueType | undefined): TypeProto | undefined {
  const elemType = type === undefined ? undefined : DATA_TYPES.get(type.type);
  if (type === undefined || elemType === undefined) return undefined;
  const dim = type.shape?.map((size) => {
    if (typeof size === 'number') return { value: { case: 'dimValue' as const, value: BigInt(size) } };
    return size === '?' ? {} : { value: { case: 'dimParam' as const, value: size } };
  });
  return create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType, ...(dim === undefined ? {} : { shape: { dim } }) } },
  });
}
