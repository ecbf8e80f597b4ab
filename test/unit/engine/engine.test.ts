import { create } from '@bufbuild/protobuf';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NamedTensors, Tensor } from '../../../src/core/tensor/tensor.js';
import { asProblem, type Problem } from '../../../src/core/errors.js';
import {
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ModelProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { chooseEngine } from '../../../src/node/choose-engine.js';
import { ENGINES, modelOf, runnable, WASM_FOLDER } from './engines.js';

const relu = (type: DataType = DataType.FLOAT, opset = 17, operator = 'Relu') =>
  modelOf({
    node: [makeNode(operator, ['x'], ['y'])],
    input: [makeValueInfo('x', type, ['N', 3])],
    output: [makeValueInfo('y', type)],
    opset,
  });

const float = (dims: readonly number[]): Tensor => ({
  type: 'float32',
  data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)),
  dims,
});

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  return work.then(
    () => {
      throw new Error('nothing went wrong');
    },
    (error: unknown) => asProblem(error),
  );
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(ENGINES)('the $name engine', ({ load, name }) => {
  const run = async (model: ModelProto, feeds: NamedTensors): Promise<NamedTensors> => {
    const session = await (await load()).open(runnable(model, folder), { threads: 1 });
    return session.run(feeds);
  };
  const openProblem = async (model: ModelProto) =>
    problemOf((await load()).open(runnable(model, folder), { threads: 1 }));

  test('says its name and version', async () => {
    const engine = await load();
    expect(engine.name).toBe(name);
    expect(engine.version).toMatch(/^onnxruntime-(node|web) \d+\.\d+/);
  });

  test.each<[string, DataType, Tensor]>([
    [
      'float16 as bits',
      DataType.FLOAT16,
      { type: 'float16', data: Uint16Array.of(0x3c00, 0xbc00, 0x4000), dims: [1, 3] },
    ],
    ['int64', DataType.INT64, { type: 'int64', data: BigInt64Array.of(-1n, 2n, 2n ** 62n), dims: [1, 3] }],
    ['bool', DataType.BOOL, { type: 'bool', data: Uint8Array.of(0, 1, 1), dims: [1, 3] }],
    ['strings', DataType.STRING, { type: 'string', data: ['a', 'é', ''], dims: [1, 3] }],
    ['nothing at all', DataType.FLOAT, { type: 'float32', data: new Float32Array(0), dims: [0, 3] }],
  ])('takes and gives %s', async (_, type, tensor) => {
    const given = await run(relu(type, 17, 'Identity'), { x: tensor });
    expect(given['y']).toEqual(tensor);
  });

  test('names an operator that nobody knows', async () => {
    const found = await openProblem(relu(DataType.FLOAT, 17, 'Bogus'));
    expect(found).toMatchObject({ kind: 'unsupported-operator', message: expect.stringContaining('“Bogus”') });
  });

  test('names an operator of a foreign domain', async () => {
    const model = relu(DataType.FLOAT, 17, 'Fancy');
    for (const node of model.graph?.node ?? []) node.domain = 'my.operators';
    expect((await openProblem(model)).kind).toBe('unsupported-operator');
    model.opsetImport.push({ ...model.opsetImport[0], domain: 'my.operators', version: 1n } as never);
    expect(await openProblem(model)).toMatchObject({
      kind: 'unsupported-operator',
      message: expect.stringContaining('my.operators:Fancy'),
    });
  });

  test('names an operator that it lacks for these types', async () => {
    const model = modelOf({
      node: [makeNode('Conv', ['x', 'w'], ['y'])],
      input: [makeValueInfo('x', DataType.DOUBLE, [1, 1, 4, 4]), makeValueInfo('w', DataType.DOUBLE, [1, 1, 3, 3])],
      output: [makeValueInfo('y', DataType.DOUBLE)],
    });
    expect(await openProblem(model)).toMatchObject({
      kind: 'unsupported-operator',
      message: expect.stringContaining('“Conv”'),
      place: 'node y',
    });
  });

  test('says that a model is too new', async () => {
    expect(await openProblem(relu(DataType.FLOAT, 99))).toMatchObject({
      kind: 'unsupported-operator',
      message: expect.stringContaining('Opset 99'),
    });
    expect(await openProblem({ ...relu(), irVersion: 99n })).toMatchObject({
      kind: 'unsupported-operator',
      message: expect.stringContaining('IR version 99'),
    });
  });

  test('reports a graph that is not sound', async () => {
    const model = modelOf({
      node: [makeNode('Relu', ['nowhere'], ['y'])],
      input: [makeValueInfo('x', DataType.FLOAT, [1])],
      output: [makeValueInfo('y', DataType.FLOAT)],
    });
    expect(await openProblem(model)).toMatchObject({
      kind: 'engine-failed',
      message: expect.stringContaining("'nowhere'"),
    });
  });

  test.each<[string, NamedTensors, string]>([
    ['rank', { x: float([3]) }, 'Input “x” has shape [3]; the model expects [N, 3].'],
    ['size', { x: float([2, 4]) }, 'Input “x” has shape [2, 4]; the model expects [N, 3].'],
    [
      'type',
      { x: { type: 'int32', data: new Int32Array(6), dims: [2, 3] } },
      'Input “x” holds int32; the model expects float32.',
    ],
    ['number of values', { x: { ...float([2, 3]), dims: [3, 3] } }, 'Input “x” has 6 values for shape [3, 3].'],
    ['absence', {}, 'Input “x” is missing.'],
    ['name', { x: float([1, 3]), z: float([1]) }, 'Input “z” is not an input of the model.'],
  ])('says what is wrong with an input: its %s', async (_, feeds, message) => {
    expect(await problemOf(run(relu(), feeds))).toMatchObject({ kind: 'invalid-inputs', message });
  });

  test('names the node at which sizes stop to fit', async () => {
    const model = modelOf({
      node: [makeNode('MatMul', ['x', 'w'], ['y'])],
      input: [makeValueInfo('x', DataType.FLOAT, ['N', 'K'])],
      output: [makeValueInfo('y', DataType.FLOAT)],
      initializer: [floatTensor('w', [4, 1], [1, 2, 3, 4])],
    });
    expect(await problemOf(run(model, { x: float([1, 3]) }))).toMatchObject({
      kind: 'engine-failed',
      place: 'MatMul “y”',
    });
  });

  test('says when memory does not suffice', async () => {
    const model = modelOf({
      node: [makeNode('MatMul', ['a', 'b'], ['y'])],
      input: [makeValueInfo('a', DataType.FLOAT, ['N', 1]), makeValueInfo('b', DataType.FLOAT, [1, 'M'])],
      output: [makeValueInfo('y', DataType.FLOAT)],
    });
    expect((await problemOf(run(model, { a: float([500_000, 1]), b: float([1, 500_000]) }))).kind).toBe(
      'out-of-memory',
    );
  });

  test('refuses outputs that are no tensors', async () => {
    const model = modelOf({
      node: [makeNode('SequenceConstruct', ['x'], ['y'])],
      input: [makeValueInfo('x', DataType.FLOAT, [3])],
      output: [],
    });
    model.graph?.output.push({ ...makeValueInfo('y', DataType.FLOAT), type: undefined });
    expect((await problemOf(run(model, { x: float([3]) }))).kind).toBe('engine-failed');
  });

  describe('with weights in a file', () => {
    const external = (location: string, offset = 4) =>
      modelOf({
        node: [makeNode('Add', ['x', 'w'], ['y'])],
        input: [makeValueInfo('x', DataType.FLOAT, [3])],
        output: [makeValueInfo('y', DataType.FLOAT)],
        initializer: [
          create(TensorProtoSchema, {
            name: 'w',
            dataType: DataType.FLOAT,
            dims: [3n],
            dataLocation: TensorProto_DataLocation.EXTERNAL,
            externalData: [
              { key: 'location', value: location },
              { key: 'offset', value: String(offset) },
              { key: 'length', value: '12' },
            ],
          }),
        ],
      });
    const open = async (model: ModelProto, file: string) =>
      (await load()).open({ ...runnable(model, folder), externalFiles: [file] }, { threads: 1 });

    test('reads them where they lie', async () => {
      await writeFile(join(folder, 'weights.bin'), new Uint8Array(Float32Array.of(9, 1, 2, 3).buffer));
      const session = await open(external('weights.bin'), 'weights.bin');
      expect((await session.run({ x: { ...float([3]) } }))['y']?.data).toEqual(Float32Array.of(1, 2, 3));
      await session.release();
    });

    test('says that the file is missing, or shorter than the model says', async () => {
      expect((await problemOf(open(external('absent.bin'), 'absent.bin'))).kind).toBe('missing-external-data');
      await writeFile(join(folder, 'short.bin'), new Uint8Array(8));
      expect((await problemOf(open(external('short.bin'), 'short.bin'))).kind).toBe('missing-external-data');
    });

    test('does not follow a link that leaves the folder', async () => {
      const outside = await mkdtemp(join(tmpdir(), 'outside-'));
      await writeFile(join(outside, 'secret.bin'), new Uint8Array(16));
      await symlink(join(outside, 'secret.bin'), join(folder, `link-${name}.bin`));
      expect((await problemOf(open(external(`link-${name}.bin`), `link-${name}.bin`))).kind).toBe(
        'external-data-outside-folder',
      );
      await rm(outside, { recursive: true });
    });
  });
});

test('the native engine is chosen where it loads, and wasm when asked for', async () => {
  expect((await chooseEngine('automatic', { wasmFolder: WASM_FOLDER })).engine.name).toBe('native');
  expect(await chooseEngine('wasm', { wasmFolder: WASM_FOLDER })).toMatchObject({ engine: { name: 'wasm' } });
});
