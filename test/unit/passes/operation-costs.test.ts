/** Operations, memory and non-linearities against hand-worked figures and published ones. */
import { describe, expect, it } from 'vitest';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers } from '../../../src/core/graph/layer-detection.js';
import { peakMemory } from '../../../src/core/costs/activation-memory.js';
import { nonlinearSites } from '../../../src/core/passes/operation-costs/nonlinear-sites.js';
import { operationsOf } from '../../../src/core/costs/operations.js';
import { operationCosts } from '../../../src/core/passes/operation-costs/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import type { ConcreteShapes } from '../../../src/core/rewrite/infer-shapes.js';
import { modelProto, node, valueInfo, weight, type GraphParts, type NodeOptions } from '../graph-builder.js';
import { fileSubject } from './file-subject.js';

/** Shapes as a test states them; everything is float32. */
function shapesOf(table: Readonly<Record<string, readonly number[]>>): ConcreteShapes {
  return { shapeOf: (value) => table[value], typeOf: (value) => (table[value] === undefined ? undefined : 'float32') };
}

function operations(
  opType: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  inputs: readonly string[],
  options: NodeOptions = {},
): number | undefined {
  const graph = createGraph(modelProto({ nodes: [node(opType, inputs, ['y'], options)], outputs: ['y'] }));
  const [only] = graph.nodes;
  if (only === undefined) throw new Error('The graph is empty.');
  return operationsOf(only, shapesOf(shapes));
}

describe('operations', () => {
  it('of a convolution: 2 · inputs of its group · kernel for each output, one more for a bias', () => {
    const shapes = { x: [1, 4, 8, 8], w: [6, 2, 3, 3], b: [6], y: [1, 6, 6, 6] };
    // 216 outputs, each a sum over 2 · 9 products.
    expect(operations('Conv', shapes, ['x', 'w'])).toBe(216 * 36);
    expect(operations('Conv', shapes, ['x', 'w', 'b'])).toBe(216 * 37);
  });

  it('of a transposed convolution: 2 · outputs of its group · kernel for each input', () => {
    const shapes = { x: [1, 4, 5, 5], w: [4, 3, 2, 2], b: [3], y: [1, 3, 6, 6] };
    expect(operations('ConvTranspose', shapes, ['x', 'w'])).toBe(2 * 100 * 12);
    expect(operations('ConvTranspose', shapes, ['x', 'w', 'b'])).toBe(2 * 100 * 12 + 108);
  });

  it('of products: 2 · the inner size for each output', () => {
    expect(operations('MatMul', { a: [2, 3, 4], b: [4, 5], y: [2, 3, 5] }, ['a', 'b'])).toBe(30 * 8);
    expect(operations('Gemm', { a: [3, 7], b: [7, 5], c: [5], y: [3, 5] }, ['a', 'b', 'c'])).toBe(15 * 15);
    expect(operations('Gemm', { a: [7, 3], b: [7, 5], y: [3, 5] }, ['a', 'b'], { attributes: { transA: 1n } })).toBe(
      15 * 14,
    );
    const equation = { attributes: { equation: 'bij,bjk->bik' } };
    expect(operations('Einsum', { a: [2, 3, 4], b: [2, 4, 5], y: [2, 3, 5] }, ['a', 'b'], equation)).toBe(
      2 * 3 * 4 * 5 * 2,
    );
  });

  it('of an LSTM: four gates of two dot products, two biases and a function each, and five to mix the state', () => {
    const shapes = { x: [7, 2, 3], w: [1, 20, 3], r: [1, 20, 5], y: [7, 1, 2, 5] };
    const perUnit = 4 * (2 * 3 + 2 * 5 + 3) + 5;
    expect(operations('LSTM', shapes, ['x', 'w', 'r'], { attributes: { hidden_size: 5n } })).toBe(7 * 2 * 5 * perUnit);
  });

  it('of element-wise functions, poolings, reductions and moves', () => {
    const square = { x: [2, 3, 4, 4], y: [2, 3, 4, 4] };
    expect(operations('Relu', square, ['x'])).toBe(96);
    expect(operations('Reshape', square, ['x', 's'])).toBe(0);
    expect(operations('Softmax', square, ['x'])).toBe(5 * 96);
    expect(operations('ReduceMean', { x: [2, 3, 4], y: [2, 3] }, ['x'])).toBe(24);
    const kernel = { attributes: { kernel_shape: [2, 2] } };
    expect(operations('MaxPool', { x: [1, 3, 4, 4], y: [1, 3, 2, 2] }, ['x'], kernel)).toBe(12 * 4);
    expect(operations('Resize', { x: [1, 1, 2, 2], y: [1, 1, 4, 4] }, ['x'])).toBe(0);
    const linear = { attributes: { mode: 'linear' } };
    // Three pairs are mixed for each output: two along one axis, one along the other; a mix takes three.
    expect(operations('Resize', { x: [1, 1, 2, 2], y: [1, 1, 4, 4] }, ['x'], linear)).toBe(16 * 9);
  });

  it('are not counted where there is no rule or no shape', () => {
    expect(operations('If', { y: [1] }, ['c'])).toBeUndefined();
    expect(operations('FancyNorm', { x: [1], y: [1] }, ['x'], { domain: 'com.example' })).toBeUndefined();
    expect(operations('Relu', {}, ['x'])).toBeUndefined();
  });
});

describe('memory of activations', () => {
  it('peaks where most values are alive at once', () => {
    const graph = createGraph(
      modelProto({
        nodes: [
          node('Relu', ['x'], ['a']),
          node('MatMul', ['a', 'w'], ['b']),
          node('Relu', ['b'], ['c']),
          node('Add', ['c', 'x'], ['y']),
        ],
        outputs: ['y'],
        initializers: [weight('w', [10, 10])],
      }),
    );
    const shapes = shapesOf({ x: [10], a: [10], b: [100], c: [10], y: [10], w: [10, 10] });
    // x lives to the end: x, a and b at the product; x, b and c after it: 4 bytes each.
    expect(peakMemory(graph, shapes)).toMatchObject({ bytes: 4 * 120, node: { opType: 'MatMul' } });
  });
});

/** ResNet-18 for pictures of 32 × 32 (a 3 × 3 stem of 64 channels, no pooling), its weights as inputs: shapes only. */
function cifarResnet18(): GraphParts {
  const nodes: GraphParts['nodes'][number][] = [];
  const inputs = [valueInfo('x', [1, 3, 32, 32])];
  const conv = (
    from: string,
    to: string,
    channels: readonly [number, number],
    size: number,
    stride: number,
  ): string => {
    inputs.push(valueInfo(`${to}.w`, [channels[1], channels[0], size, size]));
    const pad = (size - 1) / 2;
    nodes.push(
      node('Conv', [from, `${to}.w`], [to], {
        attributes: { kernel_shape: [size, size], strides: [stride, stride], pads: [pad, pad, pad, pad] },
      }),
    );
    return to;
  };
  const relu = (from: string): string => {
    nodes.push(node('Relu', [from], [`${from}.relu`]));
    return `${from}.relu`;
  };
  let last = relu(conv('x', 'stem', [3, 64], 3, 1));
  let width = 64;
  [64, 128, 256, 512].forEach((channels, stage) => {
    for (const block of [0, 1]) {
      const name = `layer${stage}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const inner = relu(conv(last, `${name}.conv1`, [width, channels], 3, stride));
      const outer = conv(inner, `${name}.conv2`, [channels, channels], 3, 1);
      const shortcut = stride === 2 ? conv(last, `${name}.shortcut`, [width, channels], 1, 2) : last;
      nodes.push(node('Add', [outer, shortcut], [`${name}.add`]));
      last = relu(`${name}.add`);
      width = channels;
    }
  });
  return { nodes, inputs, outputs: [last] };
}

const examined = async (parts: GraphParts, sizes: Readonly<Record<string, number>> = {}): Promise<PassResult> =>
  operationCosts.examine(await fileSubject(parts, sizes));

describe('the pass', () => {
  it('counts the ReLUs of ResNet-18 on CIFAR as the literature does: 557,056 (methods M1)', async () => {
    const result = await examined(cifarResnet18());
    const sites = result.tables?.find(({ id }) => id === 'nonlinear-sites');
    expect(sites?.rows).toEqual([{ cells: ['Relu', 17, 557_056, 1] }]);
    const convolutions = result.tables?.find(({ id }) => id === 'costs-by-operator')?.rows[0]?.cells;
    // 0.56 G multiply-adds: the stem, then per stage what the formula of a convolution gives.
    expect(convolutions?.slice(0, 3)).toEqual(['Conv', 20, 2 * 555_417_600]);
    expect(result.findings).toEqual([]);
  });

  it('rests on the sizes that were chosen for open dimensions, and says so', async () => {
    const parts: GraphParts = {
      nodes: [node('MatMul', ['x', 'w'], ['h']), node('Relu', ['h'], ['y'])],
      inputs: [valueInfo('x', ['batch', 'sequence', 8])],
      outputs: [valueInfo('y')],
      initializers: [weight('w', [8, 4])],
    };
    const result = await examined(parts, { batch: 1, sequence: 10 });
    expect(result.answer).toContain('(batch = 1, sequence = 10)');
    expect(result.nodeMetrics?.find(({ id }) => id === 'node-operations')?.values).toEqual(Float64Array.of(640, 40));
    expect(result.nodeMetrics?.find(({ id }) => id === 'node-activation-bytes')?.values).toEqual(
      Float64Array.of(160, 160),
    );
  });

  it('names what it does not count', async () => {
    const result = await examined({
      nodes: [node('Relu', ['x'], ['h']), node('FancyNorm', ['h'], ['y'], { domain: 'com.example' })],
      inputs: [valueInfo('x', [1, 4])],
      outputs: ['y'],
    });
    expect(result.findings[0]?.sentence).toBe('1 of 2 nodes are not counted: FancyNorm × 1.');
  });
});

describe('non-linear sites', () => {
  const sitesOf = (graph: Graph, table: Readonly<Record<string, readonly number[]>>): [string, number][] =>
    nonlinearSites(graph, detectActivationLayers(graph), shapesOf(table)).map(({ kind, sites }) => [kind, sites]);

  it('are rows of softmax, square roots of normalisations and comparisons of max-pooling, too', () => {
    const graph = createGraph(
      modelProto({
        nodes: [
          node('LayerNormalization', ['x', 's'], ['n']),
          node('Softmax', ['n'], ['p']),
          node('MaxPool', ['p'], ['q'], { attributes: { kernel_shape: [3, 3] } }),
          node('Gelu', ['q'], ['g']),
          node('MatMul', ['g', 'w'], ['y']),
        ],
        outputs: ['y'],
        initializers: [weight('s', [6]), weight('w', [4, 4])],
      }),
    );
    const table = { n: [2, 5, 4, 6], p: [2, 5, 4, 6], q: [2, 5, 2, 4], g: [2, 5, 2, 4], y: [2, 5, 2, 4] };
    expect(Object.fromEntries(sitesOf(graph, table))).toEqual({
      'LayerNormalization square roots': 40,
      'Softmax rows': 40,
      'MaxPool comparisons': 80 * 8,
      Gelu: 80,
    });
  });

  it('of softmax before operator set 13 span all axes from the given one on', () => {
    const parts: GraphParts = { nodes: [node('Softmax', ['x'], ['p']), node('Relu', ['p'], ['y'])], outputs: ['y'] };
    const shapes = { p: [2, 3, 4], y: [2, 3, 4] };
    expect(sitesOf(createGraph(modelProto(parts, 11)), shapes)).toContainEqual(['Softmax rows', 2]);
    expect(sitesOf(createGraph(modelProto(parts, 13)), shapes)).toContainEqual(['Softmax rows', 6]);
  });
});
