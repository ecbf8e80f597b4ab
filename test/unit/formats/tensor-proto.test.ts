import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { asProblem } from '../../../src/core/errors.js';
import { TensorProto_DataType as DataType, TensorProtoSchema } from '../../../src/core/formats/onnx/onnx_pb.js';
import {
  dataTypeName,
  elementBytes,
  tensorDims,
  tensorFromProto,
  tensorToProto,
} from '../../../src/core/formats/onnx/tensor-proto.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';

const raw = (dataType: DataType, bytes: readonly number[], count: number) =>
  tensorFromProto(create(TensorProtoSchema, { dataType, dims: [BigInt(count)], rawData: Uint8Array.from(bytes) }));
const kindOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return asProblem(error).kind;
  }
  return 'none';
};

describe('tensors of ONNX files', () => {
  it('come back as they were written, in every type that engines take', () => {
    const tensors: Tensor[] = [
      { type: 'float32', dims: [2], data: Float32Array.of(1.5, -0) },
      { type: 'float64', dims: [1, 1], data: Float64Array.of(Math.PI) },
      { type: 'float16', dims: [1], data: Uint16Array.of(0x3c00) },
      { type: 'int8', dims: [2], data: Int8Array.of(-128, 127) },
      { type: 'uint8', dims: [1], data: Uint8Array.of(255) },
      { type: 'int16', dims: [1], data: Int16Array.of(-2) },
      { type: 'uint16', dims: [1], data: Uint16Array.of(65535) },
      { type: 'int32', dims: [1], data: Int32Array.of(-3) },
      { type: 'uint32', dims: [1], data: Uint32Array.of(4294967295) },
      { type: 'int64', dims: [], data: BigInt64Array.of(-(2n ** 63n)) },
      { type: 'uint64', dims: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
      { type: 'bool', dims: [2], data: Uint8Array.of(1, 0) },
      { type: 'string', dims: [2], data: ['', 'ünï'] },
      { type: 'float32', dims: [0, 3], data: new Float32Array(0) },
    ];
    for (const tensor of tensors) expect(tensorFromProto(tensorToProto('t', tensor))).toEqual(tensor);
  });

  it('are read from the typed fields, also where these are wider than the type', () => {
    const fields = (dataType: DataType, init: object) =>
      tensorFromProto(create(TensorProtoSchema, { dataType, dims: [2n], ...init })).data;
    expect(fields(DataType.INT8, { int32Data: [-1, 5] })).toEqual(Int8Array.of(-1, 5));
    expect(fields(DataType.UINT16, { int32Data: [65535, 1] })).toEqual(Uint16Array.of(65535, 1));
    expect(fields(DataType.BOOL, { int32Data: [1, 0] })).toEqual(Uint8Array.of(1, 0));
    expect(fields(DataType.FLOAT16, { int32Data: [0x3c00, 0xc000] })).toEqual(Uint16Array.of(0x3c00, 0xc000));
    expect(fields(DataType.UINT32, { uint64Data: [4294967295n, 0n] })).toEqual(Uint32Array.of(4294967295, 0));
    expect(fields(DataType.DOUBLE, { doubleData: [0.1, 2] })).toEqual(Float64Array.of(0.1, 2));
    expect(fields(DataType.BFLOAT16, { int32Data: [0x3f80, 0xc120] })).toEqual(Float32Array.of(1, -10));
  });

  it('of narrow types arrive exactly in wider ones, and say so', () => {
    // Worked by hand from the layouts: sign, exponent, mantissa.
    expect(raw(DataType.BFLOAT16, [0x80, 0x3f, 0x80, 0x7f, 0xc0, 0x7f], 3)).toMatchObject({
      type: 'float32',
      storedAs: 'bfloat16',
      data: Float32Array.of(1, Infinity, NaN),
    });
    // 0 1111 110 = 2^8 · 1.75; 0 0000 001 = 2^-9; 0 1111 111 = NaN; 1 0111 000 = -1.
    expect(raw(DataType.FLOAT8E4M3FN, [0x7e, 0x01, 0x7f, 0xb8], 4).data).toEqual(
      Float32Array.of(448, 2 ** -9, NaN, -1),
    );
    expect(raw(DataType.FLOAT8E4M3FNUZ, [0x7f, 0x01, 0x80, 0x40], 4).data).toEqual(
      Float32Array.of(240, 2 ** -10, NaN, 1),
    );
    expect(raw(DataType.FLOAT8E5M2, [0x7b, 0x7c, 0xfc, 0x7d, 0x01], 5).data).toEqual(
      Float32Array.of(57344, Infinity, -Infinity, NaN, 2 ** -16),
    );
    expect(raw(DataType.FLOAT8E5M2FNUZ, [0x7f, 0x80, 0x40], 3).data).toEqual(Float32Array.of(57344, NaN, 1));
    expect(raw(DataType.FLOAT8E8M0, [127, 128, 255, 0], 4).data).toEqual(Float32Array.of(1, 2, NaN, 2 ** -127));
    expect(raw(DataType.FLOAT4E2M1, [0x10, 0x32, 0x54, 0x76, 0x0f], 9).data).toEqual(
      Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -6),
    );
    expect(raw(DataType.INT4, [0x8f, 0x07], 3)).toMatchObject({
      type: 'int8',
      storedAs: 'int4',
      data: Int8Array.of(-1, -8, 7),
    });
    expect(raw(DataType.UINT4, [0x8f], 2)).toMatchObject({ type: 'uint8', data: Uint8Array.of(15, 8) });
    expect(raw(DataType.INT2, [0b11_10_01_00], 4).data).toEqual(Int8Array.of(0, 1, -2, -1));
    expect(raw(DataType.UINT2, [0b11_10_01_00, 1], 5).data).toEqual(Uint8Array.of(0, 1, 2, 3, 1));
  });

  it('whose values and shape disagree are refused', () => {
    expect(kindOf(() => raw(DataType.FLOAT, [0, 0, 0], 1))).toBe('malformed-model');
    expect(kindOf(() => raw(DataType.FLOAT, [0, 0, 0, 0], 2 ** 40))).toBe('malformed-model');
    expect(kindOf(() => raw(DataType.INT4, [0], 3))).toBe('malformed-model');
    expect(kindOf(() => raw(99 as DataType, [0], 1))).toBe('malformed-model');
    expect(kindOf(() => raw(DataType.UNDEFINED, [0], 1))).toBe('malformed-model');
    expect(kindOf(() => raw(DataType.COMPLEX64, [0, 0, 0, 0, 0, 0, 0, 0], 1))).toBe('not-applicable');
    expect(kindOf(() => tensorFromProto(create(TensorProtoSchema, { dataType: DataType.STRING, dims: [2n] })))).toBe(
      'malformed-model',
    );
    for (const dims of [[-1n], [2n ** 62n], [2n ** 30n, 2n ** 30n]]) {
      expect(kindOf(() => tensorDims(create(TensorProtoSchema, { dims })))).toBe('malformed-model');
    }
    expect(tensorDims(create(TensorProtoSchema, { dims: [0n, 2n ** 52n, 2n ** 52n] }))).toEqual([0, 2 ** 52, 2 ** 52]);
  });

  it('have types with names and sizes', () => {
    expect([DataType.FLOAT, DataType.INT4, DataType.STRING, 77].map(dataTypeName)).toEqual([
      'float32',
      'int4',
      'string',
      'type 77',
    ]);
    expect([DataType.FLOAT, DataType.INT4, DataType.STRING, 77].map(elementBytes)).toEqual([
      4,
      0.5,
      undefined,
      undefined,
    ]);
  });
});
