import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem, problem } from '../../../src/core/errors.js';
import { readTensor } from '../../../src/core/formats/onnx/external-data.js';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  NodeProtoSchema,
  SparseTensorProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ModelProto,
  type SparseTensorProto,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { onnxWeights } from '../../../src/core/formats/onnx/weights.js';
import type { TensorFile, WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { storedNumbers } from '../../../src/core/tensor/stored-type.js';
import { elementCount, type NumberArray } from '../../../src/core/tensor/tensor.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { sharedData } from '../shared-data.js';
import { bytesOf, constantNode, graphOf, ifNode, modelOf, packedTensor, rawTensor } from './onnx-builder.js';

const noSiblings = {
  open: (path: string) => Promise.reject(problem('missing-external-data', `The file “${path}” is missing.`)),
};
const weightsOf = async (model: ModelProto): Promise<TensorFile> =>
  onnxWeights(await openOnnx(memorySource('m.onnx', bytesOf(model)), noSiblings));
const tensorOf = (file: TensorFile, name: string): WeightTensor =>
  file.tensors.find((tensor) => tensor.name === name) ?? expect.fail(`no tensor ${name}`);
const tensor = (name: string, dataType: DataType, count: number, rest: object): TensorProto =>
  create(TensorProtoSchema, { name, dataType, dims: [BigInt(count)], ...rest });
const raw = (name: string, dataType: DataType, count: number, bytes: readonly number[] | Uint8Array): TensorProto =>
  tensor(name, dataType, count, { rawData: Uint8Array.from(bytes) });
const bytes = (array: NumberArray): Uint8Array => new Uint8Array(array.buffer);
/** Every start and count that a short tensor has. */
async function everyRange({ values }: WeightTensor, whole: NumberArray): Promise<void> {
  for (let start = 0; start <= whole.length; start++) {
    for (let end = start; end <= whole.length; end++) {
      expect(await values?.read(start, end - start)).toEqual(whole.slice(start, end));
    }
  }
}

describe('weights of an ONNX model', () => {
  it('are its initializers, and what lies in subgraphs, constants, attributes and functions, by unique names', async () => {
    const inner = graphOf([constantNode('c', rawTensor('', 70))], [rawTensor('w', 3)], ['c']);
    const branch = ifNode('b', 'y', inner, inner);
    branch.name = 'choose';
    const nested = graphOf([branch], [rawTensor('w', 4)]);
    const outer = ifNode('b', 'z', nested, graphOf([]));
    const trees = create(NodeProtoSchema, {
      opType: 'TreeEnsemble',
      name: 'trees',
      domain: 'ai.onnx.ml',
      attribute: [
        create(AttributeProtoSchema, { name: 'splits', t: rawTensor('ignored', 2) }),
        create(AttributeProtoSchema, { name: 'many', tensors: [rawTensor('', 1), rawTensor('', 2)] }),
      ],
    });
    const model = modelOf(
      graphOf(
        [constantNode('large', rawTensor('', 64)), constantNode('small', rawTensor('', 63)), outer, trees],
        [rawTensor('w', 5), packedTensor('v', 2000), rawTensor('w', 6)],
      ),
    );
    model.functions = [
      create(FunctionProtoSchema, { domain: 'my.domain', name: 'f', node: [constantNode('k', packedTensor('', 100))] }),
      create(FunctionProtoSchema, { name: 'g', node: [constantNode('k', packedTensor('', 100))] }),
    ];
    const file = await weightsOf(model);
    expect(file.tensors.map(({ name, dims }) => [name, ...dims])).toEqual([
      ['w', 5],
      ['v', 2000],
      ['w (2)', 6],
      ['large', 64],
      ['If_2/then_branch/w', 4],
      ['If_2/then_branch/choose/then_branch/w', 3],
      ['If_2/then_branch/choose/then_branch/c', 70],
      ['If_2/then_branch/choose/else_branch/w', 3],
      ['If_2/then_branch/choose/else_branch/c', 70],
      ['trees/splits', 2],
      ['trees/many/0', 1],
      ['trees/many/1', 2],
      ['my.domain::f/k', 100],
      ['g/k', 100],
    ]);
    for (const { values, dims, bytes: size } of file.tensors) {
      const count = elementCount(dims);
      expect(size).toBe(4 * count);
      expect(values?.type).toBe('float32');
      expect(await values?.read(count - 1, 1)).toEqual(Float32Array.of((count - 1) * 0.5));
    }
    expect(file).toMatchObject({
      format: 'onnx',
      formatName: 'ONNX, IR version 8, opset 17',
      files: ['m.onnx'],
      problems: [],
    });
    expect(file.metadata).toContainEqual({ key: 'producer', value: 'test' });
  });

  it('that are constants given as lists of numbers are weights, too', async () => {
    const node = create(NodeProtoSchema, {
      opType: 'Constant',
      output: ['list'],
      attribute: [
        create(AttributeProtoSchema, { name: 'value_floats', floats: Array.from({ length: 64 }, (_, i) => i / 4) }),
      ],
    });
    const file = await weightsOf(modelOf(graphOf([node])));
    expect(await tensorOf(file, 'list').values?.read(62, 2)).toEqual(Float32Array.of(15.5, 15.75));
  });
});

describe('any type of the standard is read by range', () => {
  // Codes and what they mean, worked by hand from the layouts (sign, exponent, mantissa; the lowest bits first).
  const cases: readonly (readonly [string, DataType, readonly number[] | Uint8Array, string, NumberArray])[] = [
    ['float32', DataType.FLOAT, bytes(Float32Array.of(1, NaN, -2)), 'float32', Float32Array.of(1, NaN, -2)],
    ['float64', DataType.DOUBLE, bytes(Float64Array.of(Math.PI, 2)), 'float64', Float64Array.of(Math.PI, 2)],
    ['float16', DataType.FLOAT16, [0, 0x3c, 1, 0xc0], 'float16', Uint16Array.of(0x3c00, 0xc001)],
    ['bfloat16', DataType.BFLOAT16, [0x80, 0x3f, 0x20, 0xc1], 'bfloat16', Uint16Array.of(0x3f80, 0xc120)],
    ['int8', DataType.INT8, [255, 127], 'int8', Int8Array.of(-1, 127)],
    ['uint8', DataType.UINT8, [255, 127], 'uint8', Uint8Array.of(255, 127)],
    ['int16', DataType.INT16, [254, 255], 'int16', Int16Array.of(-2)],
    ['uint16', DataType.UINT16, [254, 255], 'uint16', Uint16Array.of(65534)],
    ['int32', DataType.INT32, [253, 255, 255, 255], 'int32', Int32Array.of(-3)],
    ['uint32', DataType.UINT32, [253, 255, 255, 255], 'uint32', Uint32Array.of(4294967293)],
    [
      'int64',
      DataType.INT64,
      bytes(BigInt64Array.of(-5n, 2n ** 60n + 1n)),
      'int64',
      BigInt64Array.of(-5n, 2n ** 60n + 1n),
    ],
    ['uint64', DataType.UINT64, bytes(BigUint64Array.of(2n ** 64n - 1n)), 'uint64', BigUint64Array.of(2n ** 64n - 1n)],
    ['bool', DataType.BOOL, [1, 0, 1], 'bool', Uint8Array.of(1, 0, 1)],
    [
      'float8e4m3fn',
      DataType.FLOAT8E4M3FN,
      [0x7e, 0x01, 0x7f, 0xb8],
      'float32',
      Float32Array.of(448, 2 ** -9, NaN, -1),
    ],
    ['float8e4m3fnuz', DataType.FLOAT8E4M3FNUZ, [0x7f, 0x80, 0x40], 'float32', Float32Array.of(240, NaN, 1)],
    ['float8e5m2', DataType.FLOAT8E5M2, [0x7b, 0xfc, 0x01], 'float32', Float32Array.of(57344, -Infinity, 2 ** -16)],
    ['float8e5m2fnuz', DataType.FLOAT8E5M2FNUZ, [0x7f, 0x80, 0x40], 'float32', Float32Array.of(57344, NaN, 1)],
    ['float8e8m0', DataType.FLOAT8E8M0, [127, 255, 0], 'float32', Float32Array.of(1, NaN, 2 ** -127)],
    ['float4e2m1', DataType.FLOAT4E2M1, [0x10, 0x76, 0x0f], 'float32', Float32Array.of(0, 0.5, 4, 6, -6)],
    ['int4', DataType.INT4, [0x8f, 0x27, 0x01], 'int8', Int8Array.of(-1, -8, 7, 2, 1)],
    ['uint4', DataType.UINT4, [0x8f, 0x27], 'uint8', Uint8Array.of(15, 8, 7, 2)],
    ['int2', DataType.INT2, [0b11_10_01_00, 0b01_11], 'int8', Int8Array.of(0, 1, -2, -1, -1, 1)],
    ['uint2', DataType.UINT2, [0b11_10_01_00, 0b01_11, 2], 'uint8', Uint8Array.of(0, 1, 2, 3, 3, 1, 0, 0, 2)],
  ];

  it.each(cases)('%s, inline', async (dtype, dataType, stored, type, whole) => {
    const found = tensorOf(await weightsOf(modelOf(graphOf([], [raw('t', dataType, whole.length, stored)]))), 't');
    expect(found).toMatchObject({ dtype, bytes: stored.length, values: { type } });
    await everyRange(found, whole);
  });

  it('inline in the typed fields', async () => {
    for (const [init, dataType, whole] of [
      [{ floatData: [1.5, -2] }, DataType.FLOAT, Float32Array.of(1.5, -2)],
      [{ doubleData: [0.1, 2] }, DataType.DOUBLE, Float64Array.of(0.1, 2)],
      [{ int64Data: [-5n, 7n] }, DataType.INT64, BigInt64Array.of(-5n, 7n)],
      [{ uint64Data: [5n, 2n ** 63n] }, DataType.UINT64, BigUint64Array.of(5n, 2n ** 63n)],
      [{ uint64Data: [4294967295n] }, DataType.UINT32, Uint32Array.of(4294967295)],
      [{ int32Data: [-1, 5] }, DataType.INT32, Int32Array.of(-1, 5)],
      [{ int32Data: [-1, 5] }, DataType.INT8, Int8Array.of(-1, 5)],
      [{ int32Data: [65535, 1] }, DataType.UINT16, Uint16Array.of(65535, 1)],
      [{ int32Data: [0x3c00, 0xc000] }, DataType.FLOAT16, Uint16Array.of(0x3c00, 0xc000)],
      [{ int32Data: [0x3f80, 0xc120] }, DataType.BFLOAT16, Uint16Array.of(0x3f80, 0xc120)],
      [{ int32Data: [1, 0] }, DataType.BOOL, Uint8Array.of(1, 0)],
      [{ int32Data: [0x8f, 0x27, 0x01] }, DataType.INT4, Int8Array.of(-1, -8, 7, 2, 1)],
      [{ int32Data: [0b11_10_01_00] }, DataType.UINT2, Uint8Array.of(0, 1, 2, 3)],
    ] as const) {
      const file = await weightsOf(modelOf(graphOf([], [tensor('t', dataType, whole.length, init)])));
      await everyRange(tensorOf(file, 't'), whole);
    }
  });

  it('in files beside the model, at any offset, and only what is asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-weights-'));
    const pieces: Uint8Array[] = [new Uint8Array(3)];
    let offset = 3;
    const tensors = cases.map(([name, dataType, stored, , whole]) => {
      const at = offset;
      pieces.push(Uint8Array.from(stored));
      offset += stored.length;
      return tensor(name, dataType, whole.length, {
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: [
          { key: 'location', value: 'weights.bin' },
          { key: 'offset', value: String(at) },
        ],
      });
    });
    writeFileSync(join(folder, 'weights.bin'), Buffer.concat(pieces));
    writeFileSync(join(folder, 'm.onnx'), bytesOf(modelOf(graphOf([], tensors))));
    const source = await openFileSource(join(folder, 'm.onnx'));
    const file = onnxWeights(await openOnnx(source, siblingFiles(folder)));
    expect(file.files).toEqual(['m.onnx', 'weights.bin']);
    for (const [name, , , , whole] of cases) {
      expect(tensorOf(file, name).file).toBe('weights.bin');
      await everyRange(tensorOf(file, name), whole);
    }
    rmSync(folder, { recursive: true });
  });

  it('and in the model file itself, where large payloads stay', async () => {
    const codes = Uint8Array.from({ length: 5000 }, (_, i) => i % 256);
    const file = await weightsOf(modelOf(graphOf([], [raw('t', DataType.INT4, 10_000, codes)])));
    const found = tensorOf(file, 't');
    expect(found.file).toBeUndefined();
    // Element 2i + 1 is the high half of byte i.
    expect(await found.values?.read(9997, 3)).toEqual(
      Int8Array.of((4998 % 256) >> 4, 4999 & 15, (4999 % 256) >> 4).map((code) => (code << 28) >> 28),
    );
  });

  it('but texts, complex numbers and types of no standard are listed without numbers', async () => {
    const file = await weightsOf(
      modelOf(
        graphOf(
          [],
          [
            tensor('texts', DataType.STRING, 2, { stringData: [new Uint8Array(3), new Uint8Array(4)] }),
            raw('complex', DataType.COMPLEX64, 1, new Uint8Array(8)),
            raw('unknown', 99 as DataType, 1, [1]),
            tensor('negative', DataType.FLOAT, 1, { dims: [-1n] }),
            raw('short', DataType.FLOAT, 3, new Uint8Array(8)),
          ],
        ),
      ),
    );
    expect(file.tensors.every(({ values }) => values === undefined)).toBe(true);
    expect(Object.fromEntries(file.tensors.map(({ name, unreadable }) => [name, unreadable]))).toEqual({
      texts: 'It holds texts.',
      complex: 'It holds complex numbers, which are not shown.',
      unknown: expect.stringContaining('type 99'),
      negative: expect.stringContaining('impossible dimension'),
      short: expect.stringContaining('8 bytes, not the 12'),
    });
    expect(tensorOf(file, 'texts')).toMatchObject({ dtype: 'string', bytes: 7, dims: [2] });
  });
});

describe('a sparse initializer', () => {
  const sparse = (dims: readonly bigint[], values: TensorProto, indices: TensorProto | undefined): SparseTensorProto =>
    create(SparseTensorProtoSchema, { dims: [...dims], values, indices });
  const fileOf = (init: SparseTensorProto): Promise<TensorFile> => {
    const graph = graphOf([]);
    graph.sparseInitializer = [init];
    return weightsOf(modelOf(graph));
  };
  const indices = (list: readonly bigint[], dims: readonly bigint[] = [BigInt(list.length)]): TensorProto =>
    create(TensorProtoSchema, { dataType: DataType.INT64, dims: [...dims], int64Data: [...list] });

  it.each([
    ['positions', indices([1n, 5n, 11n])],
    ['an index per axis', indices([0n, 1n, 1n, 1n, 2n, 3n], [3n, 2n])],
  ])('is shown dense, by range, from %s', async (_, list) => {
    const stored = raw('s', DataType.FLOAT, 3, bytes(Float32Array.of(10, 20, 30)));
    const file = await fileOf(sparse([3n, 4n], stored, list));
    const found = tensorOf(file, 's');
    expect(found).toMatchObject({ dims: [3, 4], dtype: 'sparse float32' });
    const whole = new Float32Array(12);
    [whole[1], whole[5], whole[11]] = [10, 20, 30];
    await everyRange(found, whole);
  });

  it('of any size and type is read without its zeros', async () => {
    const stored = raw('s', DataType.INT4, 3, [0x8f, 0x07]);
    const file = await fileOf(sparse([2n ** 20n, 2n ** 30n], stored, indices([0n, 2n ** 40n, 2n ** 50n - 1n])));
    const { values, bytes: size } = tensorOf(file, 's');
    expect(size).toBe(2 + 24);
    expect(await values?.read(2 ** 40 - 1, 3)).toEqual(Int8Array.of(0, -8, 0));
    expect(await values?.read(2 ** 50 - 1, 1)).toEqual(Int8Array.of(7));
  });

  it('whose places are impossible is refused when it is read, or listed with the reason', async () => {
    const stored = (): TensorProto => raw('s', DataType.FLOAT, 2, new Uint8Array(8));
    const read = async (init: SparseTensorProto): Promise<string> => {
      const { values, unreadable } = tensorOf(await fileOf(init), 's');
      if (values === undefined) return unreadable ?? '';
      return values.read(0, 1).then(
        () => 'read',
        (error: unknown) => `${asProblem(error).kind}: ${asProblem(error).message}`,
      );
    };
    expect(await read(sparse([4n], stored(), indices([1n, 4n])))).toContain(
      'malformed-model: The tensor “s” has a number at 4',
    );
    expect(await read(sparse([4n], stored(), indices([-1n, 2n])))).toContain('number at -1');
    expect(await read(sparse([4n], stored(), indices([2n, 2n])))).toContain('no ascending order');
    expect(await read(sparse([2n, 2n], stored(), indices([1n, 1n, 0n, 1n], [2n, 2n])))).toContain('no ascending order');
    expect(await read(sparse([4n], stored(), indices([1n])))).toContain('is no list');
    expect(await read(sparse([4n], stored(), undefined))).toContain('is no list');
    expect(await read(sparse([2n ** 40n, 2n ** 40n], stored(), indices([1n, 2n])))).toContain('more elements');
    const external = {
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [{ key: 'location', value: 'm.onnx' }],
    };
    const huge = tensor('s', DataType.FLOAT, 2 ** 45, external);
    const list = tensor('', DataType.INT64, 2 ** 45, external);
    expect(await read(sparse([2n ** 50n], huge, list))).toContain('truncated-file');
  });
});

it('names of 10 MB, 10,000 equal names: each is unique, and scopes stay short', async () => {
  const branch = graphOf(
    [],
    Array.from({ length: 50 }, (_, i) => rawTensor(`w${i}`, 1)),
  );
  const node = ifNode('b', 'y', branch, graphOf([]));
  node.name = 'x'.repeat(10_000_000);
  const many = Array.from({ length: 10_000 }, () => rawTensor('same', 1));
  const file = await weightsOf(modelOf(graphOf([node], many)));
  expect(new Set(file.tensors.map(({ name }) => name)).size).toBe(10_050);
  expect(Math.max(...file.tensors.map(({ name }) => name.length))).toBeLessThan(300);
});

it('every tensor of every real model is read as the whole is, from its start, its middle and its end', async ({
  skip,
}) => {
  const folder = sharedData('') ?? skip('no shared data');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.onnx') && !path.startsWith('onnx-conformance'),
  );
  let compared = 0;
  for (const path of files) {
    const source = await openFileSource(join(folder, path));
    const onnx = await openOnnx(source, siblingFiles(dirname(join(folder, path))));
    const weights = onnxWeights(onnx);
    expect(weights.files).toEqual([basename(path)]);
    for (const initializer of onnx.proto.graph?.initializer ?? []) {
      const found = tensorOf(weights, initializer.name);
      const whole = await readTensor(initializer, onnx.openLocation);
      expect(found.dims).toEqual(whole.dims);
      const count = elementCount(whole.dims);
      const type = found.values?.type ?? expect.fail(found.unreadable);
      const numbers = storedNumbers(whole.type === 'string' ? 'bool' : whole.type, whole.data as NumberArray);
      for (const [start, end] of [
        [0, Math.min(count, 100)],
        [Math.floor(count / 2), Math.min(count, Math.floor(count / 2) + 33)],
        [Math.max(0, count - 7), count],
      ] as const) {
        const part = await found.values?.read(start, end - start);
        expect(Array.from(storedNumbers(type, part ?? expect.fail()))).toEqual(Array.from(numbers.slice(start, end)));
      }
      compared++;
    }
    await source.close();
  }
  expect(files.length).toBeGreaterThan(60);
  expect(compared).toBeGreaterThan(1500);
}, 120_000);
