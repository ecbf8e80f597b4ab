import { describe, expect, test } from 'vitest';
import type { Batch } from '../../../src/core/dataset/dataset.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { ActivationFamily, ActivationLayer } from '../../../src/core/graph/layers.js';
import { findExampleAxis } from '../../../src/core/rewrite/example-axis.js';
import { floatTensor, int64Tensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { probeLayers } from '../../../src/core/rewrite/probe.js';
import { ENGINES, modelOf, runnable } from '../engine/engines.js';

const layer = (value: string, family: ActivationFamily = 'rectifier'): ActivationLayer => ({
  value,
  label: value,
  module: [],
  operator: 'Relu',
  family,
  range: {},
});

/** Examples of given shapes, stacked along an axis; a batch needs equal shapes, as real datasets do. */
function dataset(shapes: readonly (readonly number[])[], options: { axis?: number; maximumBatch?: number } = {}) {
  const { axis = 0, maximumBatch = Infinity } = options;
  return {
    size: shapes.length,
    description: 'test inputs',
    maximumBatch,
    async batch(start: number, end: number): Promise<Batch> {
      const indices = shapes.slice(start, end).map((_, place) => start + place);
      const longest = (shapes[start] ?? []).map((_, at) =>
        Math.max(...indices.map((index) => shapes[index]?.[at] ?? 0)),
      );
      const rows = Number.isFinite(maximumBatch) ? maximumBatch : indices.length;
      const dims = [...longest.slice(0, axis), rows, ...longest.slice(axis)];
      const count = dims.reduce((product, dim) => product * dim, 1);
      return { feeds: { x: { type: 'float32', data: new Float32Array(count).fill(0.5), dims } }, indices };
    },
  };
}

const ones = (name: string, dims: readonly number[]) =>
  floatTensor(name, dims, new Array<number>(dims.reduce((product, dim) => product * dim, 1)).fill(0.1));

const convolution = (batch: number | string) =>
  modelOf({
    node: [
      makeNode('Conv', ['x', 'w'], ['c']),
      makeNode('Relu', ['c'], ['h']),
      makeNode('Flatten', ['h'], ['f']),
      makeNode('Relu', ['w'], ['shared']),
      makeNode('MatMul', ['f', 'v'], ['y']),
    ],
    input: [makeValueInfo('x', DataType.FLOAT, [batch, 3, 6, 6])],
    output: [makeValueInfo('y', DataType.FLOAT)],
    initializer: [ones('w', [4, 3, 3, 3]), ones('v', [64, 2])],
  });

/** [batch, tokens, 3] → [batch · tokens, 3] → back. */
const folding = () =>
  modelOf({
    node: [
      makeNode('Reshape', ['x', 'flat'], ['f']),
      makeNode('MatMul', ['f', 'w'], ['g']),
      makeNode('Relu', ['g'], ['h']),
      makeNode('Relu', ['x'], ['r']),
    ],
    input: [makeValueInfo('x', DataType.FLOAT, ['N', 'T', 3])],
    output: [makeValueInfo('h', DataType.FLOAT), makeValueInfo('r', DataType.FLOAT)],
    initializer: [int64Tensor('flat', [2], [-1, 3]), ones('w', [3, 5])],
  });

describe.each(ENGINES)('probing with the $name engine', (engine) => {
  const probe = async (model: ModelProto, layers: readonly ActivationLayer[], data: ReturnType<typeof dataset>) =>
    probeLayers({
      engine: await engine.load(),
      threads: 1,
      graph: createGraph(model),
      toRunnable: runnable,
      layers,
      dataset: data,
    });

  test('finds channels, positions and the axis of examples in a picture network', async () => {
    const found = await probe(
      convolution('N'),
      [layer('h'), layer('y', 'value'), layer('shared', 'value')],
      dataset([
        [3, 6, 6],
        [3, 6, 6],
      ]),
    );
    expect(found.maximumBatch).toBe(Infinity);
    expect(found.layers).toMatchObject([
      {
        value: 'h',
        exampleAxis: 0,
        shape: [4, 4, 4],
        unitAxes: [1],
        positionAxes: [2, 3],
        units: 4,
        unitWord: 'channels',
        positionWord: 'positions',
      },
      { value: 'y', exampleAxis: 0, shape: [2], unitAxes: [1], positionAxes: [], units: 2, unitWord: 'neurons' },
    ]);
    expect(found.unobservable.map(({ layer: { value }, reason }) => [value, reason])).toEqual([
      ['shared', 'It is the same for all inputs of a batch.'],
    ]);
    expect(found.shapes.get('h')).toEqual([1, 4, 4, 4]);
  });

  test('knows the rows of a graph that fixes its batch', async () => {
    const four = await probe(
      convolution(4),
      [layer('h')],
      dataset(
        [
          [3, 6, 6],
          [3, 6, 6],
        ],
        { maximumBatch: 4 },
      ),
    );
    expect(four).toMatchObject({ maximumBatch: 4, layers: [{ exampleAxis: 0, shape: [4, 4, 4] }] });
    const one = await probe(
      convolution(1),
      [layer('h')],
      dataset(
        [
          [3, 6, 6],
          [3, 6, 6],
        ],
        { maximumBatch: 1 },
      ),
    );
    expect(one).toMatchObject({ maximumBatch: 1, layers: [{ exampleAxis: 0, shape: [4, 4, 4] }] });
  });

  test('sees that tokens share an axis with the examples', async () => {
    const found = await probe(
      folding(),
      [layer('h'), layer('r')],
      dataset([
        [7, 3],
        [7, 3],
      ]),
    );
    expect(found.layers).toMatchObject([
      {
        value: 'h',
        exampleAxis: 0,
        foldedPositions: 7,
        shape: [5],
        unitAxes: [1],
        positionAxes: [],
        units: 5,
        positionWord: 'tokens',
      },
      { value: 'r', exampleAxis: 0, shape: [7, 3], unitAxes: [2], positionAxes: [1], positionWord: 'tokens' },
    ]);
  });

  test('runs one example at a time where folded tokens differ in number, and marks open sizes', async () => {
    const found = await probe(
      folding(),
      [layer('h'), layer('r')],
      dataset([
        [7, 3],
        [5, 3],
      ]),
    );
    expect(found).toMatchObject({ maximumBatch: 1, whyOneAtATime: 'Inner values do not keep two inputs apart.' });
    expect(found.layers).toMatchObject([
      { value: 'h', exampleAxis: undefined, shape: [-1, 5], unitAxes: [1], positionAxes: [0] },
      { value: 'r', exampleAxis: 0, shape: [-1, 3], unitAxes: [2], positionAxes: [1] },
    ]);
  });

  test('runs one example at a time where two do not go through', async () => {
    const model = modelOf({
      node: [
        makeNode('Add', ['x', 'three'], ['f']),
        makeNode('Concat', ['x', 'f'], ['g'], { axis: 0 }),
        makeNode('Relu', ['g'], ['h']),
      ],
      input: [makeValueInfo('x', DataType.FLOAT, ['N', 6])],
      output: [makeValueInfo('h', DataType.FLOAT)],
      initializer: [ones('three', [3, 6])],
    });
    const found = await probe(model, [layer('h')], dataset([[6], [6]]));
    expect(found).toMatchObject({
      maximumBatch: 1,
      whyOneAtATime: 'Two inputs did not go through the model together.',
      layers: [{ exampleAxis: undefined, shape: [4, 6], unitAxes: [1], positionAxes: [0] }],
    });
  });

  test('runs one example at a time where the graph has a batch of one written into it', async () => {
    const model = modelOf({
      node: [makeNode('Reshape', ['x', 'one'], ['f']), makeNode('Relu', ['f'], ['h'])],
      input: [makeValueInfo('x', DataType.FLOAT, ['N', 6])],
      output: [makeValueInfo('h', DataType.FLOAT)],
      initializer: [int64Tensor('one', [2], [1, 6])],
    });
    const found = await probe(model, [layer('h')], dataset([[6], [6]]));
    expect(found).toMatchObject({
      maximumBatch: 1,
      whyOneAtATime: 'Inner values do not keep two inputs apart.',
    });
    expect(found.layers).toMatchObject([{ exampleAxis: 0, shape: [6], units: 6 }]);
  });

  test('knows that an LSTM counts examples on its third axis', async () => {
    const model = modelOf({
      node: [makeNode('LSTM', ['x', 'w', 'r'], ['h'], { hidden_size: 2 })],
      input: [makeValueInfo('x', DataType.FLOAT, ['T', 'N', 3])],
      output: [makeValueInfo('h', DataType.FLOAT)],
      initializer: [ones('w', [1, 8, 3]), ones('r', [1, 8, 2])],
    });
    for (const maximumBatch of [Infinity, 1]) {
      const found = await probe(
        model,
        [layer('h', 'recurrent')],
        dataset(
          [
            [5, 3],
            [5, 3],
          ],
          { axis: 1, maximumBatch },
        ),
      );
      expect(found.layers).toMatchObject([
        {
          exampleAxis: 2,
          shape: [5, 1, 2],
          unitAxes: [1, 3],
          positionAxes: [0],
          units: 2,
          unitWord: 'hidden units',
          positionWord: 'time steps',
        },
      ]);
    }
  });
});

test('a size that doubles because two inputs were padded is not taken for the examples', () => {
  expect(findExampleAxis({ one: [1, 5, 8], other: [1, 10, 8], two: [2, 10, 8] })).toEqual({
    exampleAxis: 0,
    foldedPositions: undefined,
    shape: [-1, 8],
  });
});
