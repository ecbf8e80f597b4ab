/** Fusing against worked examples, and the proof against nodes that must not be fused. */
import { describe, expect, it } from 'vitest';
import { createGraph } from '../../../src/core/graph/graph.js';
import { findFusable, type Fusable } from '../../../src/core/passes/fusable-branches/find.js';
import { fuse, type Fused, type ReadConstant } from '../../../src/core/passes/fusable-branches/fuse.js';
import { fusableBranches } from '../../../src/core/passes/fusable-branches/pass.js';
import { prove } from '../../../src/core/passes/fusable-branches/prove.js';
import { modelProto, node, valueInfo, weight, type GraphParts, type NodeOptions } from '../graph-builder.js';
import { fileSubject, weightsOf } from './file-subject.js';

const conv = (
  from: string,
  to: string,
  size: number,
  more: Record<string, bigint | readonly number[]> = {},
): NodeOptions & {
  proto: ReturnType<typeof node>;
} => {
  const pad = (size - 1) / 2;
  const attributes = { kernel_shape: [size, size], pads: [pad, pad, pad, pad], ...more };
  return { attributes, proto: node('Conv', [from, `${to}.w`], [to], { attributes }) };
};

/** Scale, shift, mean and variance of a normalisation, of ten channels at most. */
const norm = (from: string, to: string, epsilon = 0.01): ReturnType<typeof node> =>
  node('BatchNormalization', [from, ...['scale', 'shift', 'mean', 'var'].map((part) => `${to}.${part}`)], [to], {
    attributes: { epsilon },
  });

function statistics(to: string, scale: number[], shift: number[], mean: number[], variance: number[]) {
  return [
    weight(`${to}.scale`, [scale.length], scale),
    weight(`${to}.shift`, [shift.length], shift),
    weight(`${to}.mean`, [mean.length], mean),
    weight(`${to}.var`, [variance.length], variance),
  ];
}

/** methods M2: a block of RepVGG with one channel. */
const repVgg: GraphParts = {
  nodes: [
    conv('x', 'c3', 3).proto,
    norm('c3', 'n3'),
    conv('x', 'c1', 1).proto,
    norm('c1', 'n1'),
    norm('x', 'n0'),
    node('Sum', ['n3', 'n1', 'n0'], ['y']),
  ],
  inputs: [valueInfo('x', [1, 1, 2, 2])],
  outputs: [valueInfo('y')],
  initializers: [
    weight('c3.w', [1, 1, 3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    weight('c1.w', [1, 1, 1, 1], [2]),
    ...statistics('n3', [1], [0.5], [1], [3.99]),
    ...statistics('n1', [2], [0], [0], [0.99]),
    ...statistics('n0', [1], [-1], [0.5], [0.99]),
  ],
};

async function fused(parts: GraphParts): Promise<{ fusable: Fusable; fused: Fused | { readonly reason: string } }[]> {
  const proto = modelProto(parts);
  const { tensors } = weightsOf(proto);
  const read: ReadConstant = async (value) => {
    const tensor = tensors.find(({ name }) => name === value);
    if (tensor?.values === undefined) throw new Error(value);
    const count = tensor.dims.reduce((product, dim) => product * dim, 1);
    return { dims: tensor.dims, data: (await tensor.values.read(0, count)) as Float32Array };
  };
  return Promise.all(
    findFusable(createGraph(proto)).map(async (fusable) => ({ fusable, fused: await fuse(fusable, read) })),
  );
}

const rounded = (values: Float64Array): number[] => Array.from(values, (value) => Math.round(value * 1e6) / 1e6);

describe('parallel branches', () => {
  it('of RepVGG become one convolution (the worked example of methods M2)', async () => {
    const [only, ...others] = await fused(repVgg);
    expect(others).toEqual([]);
    expect(only?.fusable).toMatchObject({ kind: 'parallel branches', input: 'x', output: 'y' });
    const kernel = only?.fused as Fused;
    expect(rounded(kernel.weights)).toEqual([0, 0.5, 1, 1.5, 7, 2.5, 3, 3.5, 4]);
    expect(rounded(kernel.bias)).toEqual([-1.5]);
    // [[1, 2], [3, 4]] with a border of zeros gives [[37, 37], [32, 32]] both ways.
    const padded = [0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0];
    const at = (row: number, column: number): number =>
      kernel.weights.reduce(
        (sum, w, k) => sum + w * (padded[(row + Math.floor(k / 3)) * 4 + column + (k % 3)] ?? 0),
        0,
      ) + (kernel.bias[0] ?? 0);
    expect([at(0, 0), at(0, 1), at(1, 0), at(1, 1)].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([
      37, 37, 32, 32,
    ]);
  });

  it('with groups put the identity on the diagonal of each group', async () => {
    const parts: GraphParts = {
      nodes: [conv('x', 'c', 1, { group: 2n }).proto, node('Add', ['c', 'x'], ['y'])],
      inputs: [valueInfo('x', [1, 4, 2, 2])],
      outputs: [valueInfo('y')],
      initializers: [weight('c.w', [4, 2, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8])],
    };
    const [only] = await fused(parts);
    expect(rounded((only?.fused as Fused).weights)).toEqual([2, 2, 3, 5, 6, 6, 7, 9]);
  });

  it('are none across a non-linearity, where somebody else reads between, or where the value is an output', () => {
    const find = (parts: GraphParts): number => findFusable(createGraph(modelProto(parts))).length;
    const residual: GraphParts = {
      nodes: [
        conv('x', 'a', 3).proto,
        node('Relu', ['a'], ['r']),
        conv('r', 'b', 3).proto,
        node('Add', ['b', 'x'], ['y']),
      ],
      outputs: ['y'],
      initializers: [weight('a.w', [2, 2, 3, 3]), weight('b.w', [2, 2, 3, 3])],
    };
    expect(find(residual)).toBe(0);
    expect(find(repVgg)).toBe(1);
    expect(find({ ...repVgg, nodes: [...repVgg.nodes, node('Relu', ['n1'], ['z'])], outputs: ['y', 'z'] })).not.toBe(1);
    expect(find({ ...repVgg, outputs: ['y', 'n0', 'n1', 'n3'] })).toBe(2);
    expect(find({ nodes: [node('Add', ['x', 'x'], ['y'])], outputs: ['y'] })).toBe(0);
  });

  it('that do not look at the same places are said to', async () => {
    const across = { kernel_shape: [1, 3], pads: [0, 1, 0, 1] };
    const down = { kernel_shape: [3, 1], pads: [1, 0, 1, 0] };
    const [only] = await fused({
      nodes: [
        node('Conv', ['x', 'a'], ['p'], { attributes: across }),
        node('Conv', ['x', 'b'], ['q'], { attributes: down }),
        node('Add', ['p', 'q'], ['y']),
      ],
      outputs: ['y'],
      initializers: [weight('a', [1, 1, 1, 3]), weight('b', [1, 1, 3, 1])],
    });
    expect(only?.fused).toEqual({ reason: 'The branches do not look at the same places.' });
  });

  it('with a border on one side only are put into the corner that they look at', async () => {
    const [only] = await fused({
      nodes: [
        conv('x', 'c3', 3, { pads: [0, 0, 2, 2] }).proto,
        conv('x', 'c1', 1).proto,
        node('Add', ['c3', 'c1'], ['y']),
      ],
      outputs: ['y'],
      initializers: [weight('c3.w', [1, 1, 3, 3]), weight('c1.w', [1, 1, 1, 1], [2])],
    });
    expect(rounded((only?.fused as Fused).weights)).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('a chain', () => {
  it('of products is one product', async () => {
    const parts: GraphParts = {
      nodes: [node('Gemm', ['x', 'a', 'b'], ['h'], { attributes: { transB: 1n } }), node('MatMul', ['h', 'c'], ['y'])],
      inputs: [valueInfo('x', [1, 2])],
      outputs: [valueInfo('y')],
      // h = (x₀ + 2 x₁ + 1, 3 x₀ + 4 x₁ − 1, 5 x₀ + 6 x₁), y = h₀ − h₂.
      initializers: [
        weight('a', [3, 2], [1, 2, 3, 4, 5, 6]),
        weight('b', [3], [1, -1, 0]),
        weight('c', [3, 1], [1, 0, -1]),
      ],
    };
    const [only] = await fused(parts);
    expect(only?.fusable.kind).toBe('chain of products');
    expect(rounded((only?.fused as Fused).weights)).toEqual([-4, -4]);
    expect(rounded((only?.fused as Fused).bias)).toEqual([1]);
    const result = await fusableBranches.examine(await fileSubject(parts));
    expect(result.tables?.[0]?.rows[0]?.cells).toEqual([
      'MatMul',
      'chain of products',
      2,
      9,
      expect.any(Number),
      expect.any(Number),
      'equal',
    ]);
  });

  it('through a narrow middle is left as it is: one node would cost more', async () => {
    const parts: GraphParts = {
      nodes: [node('MatMul', ['x', 'a'], ['h']), node('MatMul', ['h', 'b'], ['y'])],
      inputs: [valueInfo('x', [1, 20])],
      outputs: [valueInfo('y')],
      initializers: [weight('a', [20, 2]), weight('b', [2, 20])],
    };
    const result = await fusableBranches.examine(await fileSubject(parts));
    expect(result.tables).toEqual([]);
    expect(result.answer).toContain('at 1 places one node would cost more');
  });
});

describe('the proof', () => {
  const subject = (): ReturnType<typeof fileSubject> => fileSubject(repVgg);

  it('holds for the worked example, in the engine', async () => {
    const result = await fusableBranches.examine(await subject());
    const [row] = result.tables?.[0]?.rows ?? [];
    // Six nodes become one; 9 + 1 + 12 numbers become 9 + 1.
    expect(row?.cells.slice(0, 4)).toEqual(['Sum', '3 parallel branches', 6, 12]);
    expect(row?.cells.at(-1)).toBe('equal');
    expect(result.answer).toContain('1 group of linear nodes could be one node each: 5 nodes, 12 parameters');
  });

  it('fails for a kernel that is not the sum of its branches', async () => {
    const { network } = await subject();
    const [only] = await fused(repVgg);
    const right = only?.fused as Fused;
    const wrong: Fused = { ...right, weights: right.weights.map((value, at) => (at === 4 ? value + 0.01 : value)) };
    expect(await prove(network, only?.fusable as Fusable, right, [1, 1, 2, 2])).toMatchObject({ proven: true });
    expect(await prove(network, only?.fusable as Fusable, wrong, [1, 1, 2, 2])).toMatchObject({ proven: false });
  });

  it('fails for NaN in the weights', async () => {
    const broken = { ...repVgg, initializers: [...(repVgg.initializers ?? [])] };
    broken.initializers[1] = weight('c1.w', [1, 1, 1, 1], [NaN]);
    const result = await fusableBranches.examine(await fileSubject(broken));
    expect(result.findings[0]).toMatchObject({ severity: 'warning' });
  });
});

describe('a convolution with a normalisation', () => {
  it('is proven for strides, a bias and many channels', async () => {
    const random = (count: number, seed: number): number[] =>
      Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed) * 2);
    const parts: GraphParts = {
      nodes: [
        node('Conv', ['x', 'c.w', 'c.b'], ['c'], {
          attributes: { kernel_shape: [3, 5], pads: [1, 2, 0, 1], strides: [2, 1] },
        }),
        norm('c', 'y', 1e-5),
      ],
      inputs: [valueInfo('x', ['batch', 3, 9, 11])],
      outputs: [valueInfo('y')],
      initializers: [
        weight('c.w', [6, 3, 3, 5], random(270, 1)),
        weight('c.b', [6], random(6, 2)),
        ...statistics(
          'y',
          random(6, 3),
          random(6, 4),
          random(6, 5),
          random(6, 6).map((value) => value ** 2 + 0.1),
        ),
      ],
    };
    const result = await fusableBranches.examine(await fileSubject(parts, { batch: 1 }));
    expect(result.tables?.[0]?.rows[0]?.cells.at(-1)).toBe('equal');
    // The normalisation's 24 numbers go, the convolution keeps its bias.
    expect(result.tables?.[0]?.rows[0]?.cells[3]).toBe(24);
  });
});
