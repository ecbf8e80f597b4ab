import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../../src/core/errors.js';
import {
  FunctionProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  type FunctionProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { inferShapes, type InferredShapes } from '../../../src/core/rewrite/infer-shapes.js';
import { int64Tensor, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import {
  graphProto,
  integers,
  modelProto,
  node,
  scalar,
  valueInfo,
  weight,
  type GraphParts,
} from '../graph-builder.js';
import { ENGINES } from '../engine/engines.js';

const int64 = (name: string, dims: readonly (number | string)[]) => makeValueInfo(name, DataType.INT64, dims);
const bool = (name: string) => makeValueInfo(name, DataType.BOOL, []);

describe.each(ENGINES)('shapes inferred by $name', ({ load }) => {
  const infer = async (model: GraphParts | Graph, signal?: AbortSignal): Promise<InferredShapes> =>
    inferShapes({
      graph: 'producerOf' in model ? model : createGraph(modelProto(model)),
      engine: await load(),
      toRunnable: (part) => toRunnable(part, '/'),
      ...(signal === undefined ? {} : { signal }),
    });
  const shapesOf = (shapes: InferredShapes, ...values: string[]): unknown =>
    values.map((value) => shapes.typeOf(value)?.shape);

  test('follow from the inputs, where the file states nothing', async () => {
    const shapes = await infer({
      nodes: [
        node('Conv', ['x', 'w'], ['c'], { attributes: { strides: [2, 2], pads: [1, 1, 1, 1] } }),
        node('GlobalAveragePool', ['c'], ['p']),
        node('Flatten', ['p'], ['f']),
        node('ArgMax', ['f'], ['y'], { attributes: { keepdims: 0n } }),
        node('ReduceSum', ['f'], ['s'], { attributes: { keepdims: 0n } }),
      ],
      inputs: [valueInfo('x', [1, 3, 32, 32])],
      outputs: ['y'],
      initializers: [weight('w', [16, 3, 3, 3])],
    });
    expect(shapes.dimensions).toEqual([]);
    expect(shapesOf(shapes, 'c', 'p', 'f', 'y', 's')).toEqual([[1, 16, 16, 16], [1, 16, 1, 1], [1, 16], [16], []]);
    expect(shapes.typeOf('y')?.type).toBe('int64');
  });

  test('are told in the names of open dimensions, computed ones as expressions', async () => {
    const shapes = await infer({
      nodes: [
        node('Concat', ['x', 'x'], ['twice'], { attributes: { axis: 1n } }),
        node('Concat', ['x', 'token'], ['longer'], { attributes: { axis: 1n } }),
        node('Reshape', ['x', 'rows'], ['flat']),
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'one'], ['length']),
        node('Range', ['zero', 'length', 'one'], ['positions']),
        node('Unsqueeze', ['x', 'axes'], ['image']),
        node('MaxPool', ['image'], ['pooled'], {
          attributes: { kernel_shape: [1, 3], strides: [1, 2], pads: [0, 1, 0, 1] },
        }),
        node('Transpose', ['x'], ['turned'], { attributes: { perm: [0, 2, 1] } }),
        node('MatMul', ['x', 'turned'], ['scores']),
      ],
      inputs: [valueInfo('x', ['batch', 'sequence', 8]), valueInfo('token', ['batch', 1, 8])],
      outputs: ['scores'],
      initializers: [
        integers('rows', [-1, 8]),
        integers('axes', [1]),
        int64Tensor('one', [], [1]),
        int64Tensor('zero', [], [0]),
      ],
    });
    expect(shapes.dimensions).toEqual(['batch', 'sequence']);
    expect(shapesOf(shapes, 'twice', 'longer', 'flat', 'positions', 'scores')).toEqual([
      ['batch', '2 × sequence', 8],
      ['batch', 'sequence + 1', 8],
      ['batch × sequence', 8],
      ['sequence'],
      ['batch', 'sequence', 'sequence'],
    ]);
    expect(shapesOf(shapes, 'pooled')).toEqual([['batch', 1, 'sequence', 4]]);
    expect(shapes.sizeOf('batch × sequence', { batch: 3, sequence: 5 })).toBe(15);
    expect(shapes.sizeOf('batch × sequence', { batch: 3 })).toBeUndefined();
    expect(shapes.sizeOf('?', { batch: 3 })).toBeUndefined();
  });

  test('have strides told apart, whatever their size', async () => {
    const strided = (stride: number, kernel: number) => ({
      attributes: { kernel_shape: [kernel], strides: [stride] },
    });
    const shapes = await infer({
      nodes: [
        node('MaxPool', ['x'], ['half'], strided(2, 3)),
        node('MaxPool', ['x'], ['frames'], strided(160, 400)),
        node('MaxPool', ['frames'], ['coarse'], strided(4, 4)),
      ],
      inputs: [valueInfo('x', [1, 1, 'samples'])],
      outputs: ['half', 'coarse'],
    });
    // ⌊(n − k) / s⌋ + 1 frames of size k, each s further; by hand for 16,000 samples: 7999, 98, 24.
    expect(shapesOf(shapes, 'half', 'frames', 'coarse')).toEqual([
      [1, 1, '⌊(samples − 1) / 2⌋'],
      [1, 1, '⌊(samples − 240) / 160⌋'],
      [1, 1, '⌊(samples − 240) / 640⌋'],
    ]);
    expect((await shapes.at({ samples: 16_000 })).shapeOf('coarse')).toEqual([1, 1, 24]);
    expect(shapes.sizeOf('⌊(samples − 240) / 640⌋', { samples: 16_000 })).toBe(24);
  });

  test('are unknown where a size depends on data, or is cut off', async () => {
    const shapes = await infer({
      nodes: [
        node('NonZero', ['x'], ['places']),
        node('Slice', ['table', 'start', 'length'], ['rows']),
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'axis'], ['length']),
      ],
      inputs: [valueInfo('x', ['batch', 'sequence'])],
      outputs: ['places', 'rows'],
      initializers: [weight('table', [512, 4]), integers('start', [0]), integers('axis', [1])],
    });
    // A run on 600 positions would give 512 rows, and one on 10 would give 10.
    expect(shapesOf(shapes, 'places', 'rows')).toEqual([
      [2, '?'],
      ['?', 4],
    ]);
    const concrete = await shapes.at({ batch: 2, sequence: 600 });
    expect([concrete.shapeOf('rows'), concrete.shapeOf('places'), concrete.typeOf('places')]).toEqual([
      [512, 4],
      undefined,
      'int64',
    ]);
  });

  test('open dimensions without a name are called after their input', async () => {
    const shapes = await infer({
      nodes: [node('Concat', ['x', 'x'], ['y'], { attributes: { axis: 0n } })],
      inputs: [valueInfo('x', ['', 4])],
      outputs: ['y'],
    });
    expect(shapes.dimensions).toEqual(['x[0]']);
    expect(shapesOf(shapes, 'y')).toEqual([['2 × x[0]', 4]]);
  });

  test('need no weights: those of a file that is not there are not missed', async () => {
    const absent = {
      ...weight('w', []),
      dims: [100_000n, 100_000n],
      floatData: [],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [{ $typeName: 'onnx.StringStringEntryProto' as const, key: 'location', value: 'absent.bin' }],
    };
    const branch = graphProto({ nodes: [node('MatMul', ['x', 'inner'], ['b'])], inputs: [], outputs: ['b'] });
    const shapes = await infer({
      nodes: [
        node('MatMul', ['x', 'w'], ['y']),
        node('If', ['condition'], ['z'], {
          attributes: {
            then_branch: { ...branch, initializer: [{ ...absent, name: 'inner' }] },
            else_branch: graphProto({ nodes: [node('Neg', ['y'], ['n'])], inputs: [], outputs: ['n'] }),
          },
        }),
      ],
      inputs: [valueInfo('x', ['batch', 100_000]), bool('condition')],
      outputs: ['y', 'z'],
      initializers: [absent],
    });
    expect(shapesOf(shapes, 'y', 'z')).toEqual([
      ['batch', 100_000],
      ['batch', 100_000],
    ]);
  });

  test('behind an operator that the engine does not know are as the file states them', async () => {
    const shapes = await infer({
      nodes: [
        node('Neg', ['x'], ['before']),
        node('Mystery', ['before'], ['unstated'], { domain: 'some.where' }),
        node('Mystery', ['before'], ['stated'], { domain: 'some.where' }),
        node('Relu', ['unstated'], ['after']),
        node('Relu', ['stated'], ['y']),
      ],
      inputs: [valueInfo('x', ['batch', 4])],
      outputs: ['y'],
      values: [valueInfo('stated', ['batch', 7])],
    });
    expect(shapesOf(shapes, 'before', 'unstated', 'after', 'y')).toEqual([
      ['batch', 4],
      undefined,
      undefined,
      ['batch', 7],
    ]);
  });

  test('a part that cannot be right takes only its own values along', async () => {
    const shapes = await infer({
      nodes: [
        node('Neg', ['x'], ['a']),
        node('MatMul', ['a', 'w'], ['impossible']),
        node('Relu', ['impossible'], ['behind']),
        node('Relu', ['a'], ['y']),
        node('Relu', ['nowhere'], ['odd']),
      ],
      inputs: [valueInfo('x', [2, 4])],
      outputs: ['y'],
      initializers: [weight('w', [5, 6])],
    });
    expect(shapesOf(shapes, 'a', 'impossible', 'behind', 'y', 'odd')).toEqual([
      [2, 4],
      undefined,
      undefined,
      [2, 4],
      undefined,
    ]);
  });

  test('cycles and repeated names are survived', async () => {
    const shapes = await infer({
      nodes: [
        node('Add', ['x', 'b'], ['a']),
        node('Relu', ['a'], ['b']),
        node('Neg', ['x'], ['c']),
        node('Neg', ['x'], ['c']),
      ],
      inputs: [valueInfo('x', [2])],
      outputs: ['b'],
    });
    expect(shapes.typeOf('b')?.shape).toBeUndefined();
  });

  test('are told inside the bodies of If and Loop, from what enters them', async () => {
    const branch = (operator: string) =>
      graphProto({
        nodes: [
          node('Concat', ['h', 'h'], ['double'], { attributes: { axis: 1n } }),
          node(operator, ['double'], ['out']),
        ],
        inputs: [],
        outputs: ['out'],
      });
    const body = graphProto({
      nodes: [
        node('Add', ['state', 'h'], ['next']),
        node('Concat', ['grown', 'h'], ['growing'], { attributes: { axis: 1n } }),
        node('Identity', ['go_on'], ['still']),
        node('Neg', ['next'], ['row']),
      ],
      inputs: [int64('round', []), bool('go_on'), 'state', 'grown'],
      outputs: [bool('still'), 'next', 'growing', 'row'],
    });
    const shapes = await infer({
      nodes: [
        node('Neg', ['x'], ['h']),
        node('If', ['condition'], ['y'], { attributes: { then_branch: branch('Relu'), else_branch: branch('Neg') } }),
        node('Loop', ['count', '', 'h', 'h'], ['last', 'all', 'rows'], { attributes: { body } }),
      ],
      inputs: [valueInfo('x', ['batch', 4]), bool('condition'), int64('count', [])],
      outputs: ['y', 'last', 'all', 'rows'],
    });
    // Whether the rounds change a carried value's shape, the engine leaves open.
    expect(shapesOf(shapes, 'y', 'last')).toEqual([['batch', 8], undefined]);
    const other = await shapes.inside([{ node: 1, body: 1 }]);
    expect(shapesOf(other, 'double', 'out')).toEqual([
      ['batch', 8],
      ['batch', 8],
    ]);
    const round = await shapes.inside([{ node: 2, body: 0 }]);
    // What a round adds to is longer in every round.
    expect(shapesOf(round, 'state', 'next', 'row', 'growing')).toEqual([
      ['batch', 4],
      ['batch', 4],
      ['batch', 4],
      ['batch', '?'],
    ]);
    await expect(shapes.inside([{ node: 0, body: 0 }])).rejects.toThrow('no such body');
  });

  test('are told inside the functions of a model, per call', async () => {
    const definition: FunctionProto = create(FunctionProtoSchema, {
      domain: 'local',
      name: 'Block',
      input: ['a', 'w'],
      output: ['out'],
      node: [node('MatMul', ['a', 'w'], ['product']), node('Relu', ['product'], ['out'])],
      opsetImport: [{ domain: '', version: 17n }],
    });
    const model = modelProto({
      nodes: [
        node('Block', ['x', 'w1'], ['h'], { domain: 'local' }),
        node('Block', ['h', 'w2'], ['y'], { domain: 'local' }),
        node('Mul', ['y', 'two'], ['z']),
      ],
      inputs: [valueInfo('x', ['batch', 4])],
      outputs: ['z'],
      initializers: [weight('w1', [4, 6]), weight('w2', [6, 3]), scalar('two', 2)],
    });
    const opsetImport = [
      ...model.opsetImport,
      { $typeName: 'onnx.OperatorSetIdProto' as const, domain: 'local', version: 1n },
    ];
    const graph = createGraph(create(ModelProtoSchema, { ...model, opsetImport, functions: [definition] }));
    const shapes = await infer(graph);
    expect(shapesOf(shapes, 'h', 'y', 'z')).toEqual([
      ['batch', 6],
      ['batch', 3],
      ['batch', 3],
    ]);
    const second = await shapes.inside([{ node: 1, body: 0 }]);
    expect(shapesOf(second, 'a', 'product', 'out')).toEqual([
      ['batch', 6],
      ['batch', 3],
      ['batch', 3],
    ]);
  });

  test('come for thousands of nodes while messages get through, and stop when cancelled', async () => {
    const count = 4000;
    const graph = createGraph(
      modelProto({
        nodes: Array.from({ length: count }, (_, index) => node('Relu', [`v${index}`], [`v${index + 1}`])),
        inputs: [valueInfo('v0', ['batch', 16])],
        outputs: [`v${count}`],
      }),
    );
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const shapes = await infer(graph);
    clearInterval(timer);
    expect(shapesOf(shapes, `v${count}`)).toEqual([['batch', 16]]);
    // At least one turn of the event loop for each part of 200 nodes in each of four choices of sizes.
    expect(turns).toBeGreaterThanOrEqual(80);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await expect(infer(graph, controller.signal)).rejects.toBeInstanceOf(CancelledError);
  });
});
