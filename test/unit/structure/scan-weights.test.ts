import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import type { OnnxFile } from '../../../src/core/formats/onnx/open.js';
import { scanWeights } from '../../../src/core/graph/scan-weights.js';

type Initializer = Partial<Omit<TensorProto, '$typeName' | '$unknown'>> & { name: string };

const file = (initializer: Initializer[], readBy: Record<string, string>, stored = new Uint8Array()): OnnxFile => ({
  proto: create(ModelProtoSchema, {
    graph: {
      initializer: initializer.map(({ dims = [4n], ...rest }) => ({ dims, ...rest })),
      node: Object.entries(readBy).map(([name, opType]) => ({ opType, input: ['x', name], output: [`${name} out`] })),
    },
  }),
  fileName: 'm.onnx',
  ownLocation: 'm.onnx',
  fileBytes: stored.length,
  externalBytes: 0,
  problems: [],
  openLocation: async () => memorySource('m.onnx', stored),
});
const bytesOf = (values: ArrayLike<number>, Type: typeof Float32Array | typeof Float64Array): Uint8Array =>
  new Uint8Array(Type.from(values).buffer);

it('counts NaN and infinity in every floating-point type', async () => {
  const model = file(
    [
      { name: 'single', dataType: DataType.FLOAT, rawData: bytesOf([1, NaN, -Infinity, 0], Float32Array) },
      { name: 'listed', dataType: DataType.FLOAT, floatData: [NaN, 1, 2, 3] },
      { name: 'double', dataType: DataType.DOUBLE, rawData: bytesOf([1, 2, Infinity, 1e300], Float64Array) },
      // 0x7c00 is infinity, 0x7bff the largest number.
      { name: 'half', dataType: DataType.FLOAT16, rawData: new Uint8Array([0, 0x7c, 0xff, 0x7b, 0, 0, 0, 0]) },
      { name: 'whole', dataType: DataType.FLOAT, rawData: bytesOf([1, 2, 3, 3.4e38], Float32Array) },
    ],
    { single: 'MatMul', listed: 'Conv', double: 'Gemm', half: 'MatMul', whole: 'Conv' },
  );
  expect(await scanWeights(model)).toEqual([
    { tensor: 'single', broken: 2, elements: 4 },
    { tensor: 'listed', broken: 1, elements: 4 },
    { tensor: 'double', broken: 1, elements: 4 },
    { tensor: 'half', broken: 1, elements: 4 },
  ]);
});

it('reads weights where they lie in the file, at any offset', async () => {
  const stored = new Uint8Array([9, ...bytesOf([0, NaN], Float32Array)]);
  const reference = [
    { key: 'location', value: 'm.onnx' },
    { key: 'offset', value: '1' },
    { key: 'length', value: '8' },
  ].map((entry) => ({ $typeName: 'onnx.StringStringEntryProto' as const, ...entry }));
  const model = file(
    [{ name: 'w', dims: [2n], dataType: DataType.FLOAT, dataLocation: Location.EXTERNAL, externalData: reference }],
    { w: 'MatMul' },
    stored,
  );
  expect(await scanWeights(model)).toEqual([{ tensor: 'w', broken: 1, elements: 2 }]);
});

it('leaves masks alone: infinity that is added or compared has its meaning', async () => {
  const mask = { name: 'mask', dataType: DataType.FLOAT, rawData: bytesOf([0, -Infinity, 0, 0], Float32Array) };
  expect(await scanWeights(file([mask], { mask: 'Add' }))).toEqual([]);
});
