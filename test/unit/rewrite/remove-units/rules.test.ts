/** Every rule by a hand-made network: what is left computes what the whole did, in both engines, and is smaller. */
import { describe, expect, it } from 'vitest';
import { randomStream, normalStream } from '../../../../src/core/dataset/random.js';
import type { TensorProto } from '../../../../src/core/formats/onnx/onnx_pb.js';
import { integers, modelProto, node, valueInfo, weight, type GraphParts } from '../../graph-builder.js';
import { difference, randomFeeds, removing, type Removal, type Wanted } from './removing.js';

/** Random weights; `without` names slices (axis, index) that are all zero. */
function random(
  name: string,
  dims: readonly number[],
  ...without: readonly (readonly [axis: number, index: number])[]
): TensorProto {
  const next = normalStream(randomStream(7, name, 0));
  const count = dims.reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, (_, at) => {
    const value = next();
    const gone = without.some(([axis, index]) => {
      const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
      return Math.floor(at / inner) % (dims[axis] ?? 1) === index;
    });
    return gone ? 0 : value;
  });
  return weight(name, dims, values);
}

/** A bias that is `low` for some units. */
function bias(name: string, units: number, dead: readonly number[], low = -1): TensorProto {
  const next = normalStream(randomStream(9, name, 0));
  return weight(
    name,
    [units],
    Array.from({ length: units }, (_, unit) => (dead.includes(unit) ? low : 0.3 * next())),
  );
}

const zero = (value: string, ...units: readonly number[]): Wanted[] =>
  units.map((unit) => ({ value, unit, constant: 0 }));

interface Case {
  readonly parts: GraphParts;
  readonly opset?: number;
  readonly feeds: Readonly<Record<string, readonly number[]>>;
  readonly wanted: readonly Wanted[];
  readonly unread?: Readonly<Record<string, readonly number[]>>;
}

async function removed({ parts, opset, feeds, wanted, unread }: Case): Promise<Removal> {
  const model = modelProto(parts, opset);
  const removal = await removing(model, wanted, unread);
  expect(await difference(model, removal.pruned, randomFeeds(feeds))).toBeLessThan(1e-5);
  return removal;
}

const image = (channels: number, side = 6): readonly number[] => [2, channels, side, side];

describe('units of a perceptron', () => {
  const mlp = (outputs: readonly string[] = ['y']): GraphParts => ({
    nodes: [
      node('MatMul', ['x', 'w1'], ['h']),
      node('Add', ['b1', 'h'], ['hb']),
      node('Relu', ['hb'], ['a']),
      node('Gemm', ['a', 'w2', 'b2'], ['y'], { attributes: { transB: 1n, alpha: 0.5 } }),
    ],
    inputs: [valueInfo('x', ['batch', 3])],
    outputs: outputs.map((name) => valueInfo(name)),
    initializers: [
      random('w1', [3, 5], [1, 1], [1, 3]),
      bias('b1', 5, [1, 3]),
      random('w2', [2, 5]),
      random('b2', [2]),
    ],
  });

  it('leave with their columns, their bias and the weights that read them', async () => {
    const { dims, choice } = await removed({ parts: mlp(), feeds: { x: [4, 3] }, wanted: zero('a', 1, 3) });
    expect(dims).toEqual({ w1: [3, 3], b1: [3], w2: [2, 3], b2: [2] });
    expect(choice.removed.get('a')).toEqual([1, 3]);
    expect(choice.removed.get('h')).toEqual([1, 3]);
  });

  it('stay where their value leaves the graph, with the reason', async () => {
    const { dims, choice } = await removed({ parts: mlp(['y', 'a']), feeds: { x: [4, 3] }, wanted: zero('a', 1) });
    expect(dims['w1']).toEqual([3, 5]);
    expect(choice.reasons).toEqual(['it is an output of the model']);
  });

  it('stay where nothing is known of them', async () => {
    const { choice } = await removed({ parts: mlp(), feeds: { x: [4, 3] }, wanted: [{ value: 'a', unit: 0 }] });
    expect(choice.reasons[0]).toContain('it meets units that are alive');
  });

  it('leave whatever they do when every weight that reads them is 0', async () => {
    const parts = mlp();
    const initializers = (parts.initializers ?? []).map((tensor) =>
      tensor.name === 'w2' ? random('w2', [2, 5], [1, 0]) : tensor,
    );
    const { dims } = await removed({
      parts: { ...parts, initializers },
      feeds: { x: [4, 3] },
      wanted: [{ value: 'a', unit: 0 }],
      unread: { y: [0] },
    });
    expect(dims['w1']).toEqual([3, 4]);
  });

  it('put a constant share into the bias behind them: of Gemm with its factors, and into the addition behind MatMul', async () => {
    // Rows of zeros with a bias of 0.7: the unit is 0.7 for every input.
    const initializers = [
      random('w1', [3, 5], [1, 2]),
      bias('b1', 5, [2], 0.7),
      random('w2', [2, 5]),
      random('b2', [2]),
    ];
    const wanted = [{ value: 'hb', unit: 2, constant: Math.fround(0.7) }];
    const gemm = await removed({ parts: { ...mlp(), initializers }, feeds: { x: [4, 3] }, wanted });
    expect(gemm.dims).toMatchObject({ w1: [3, 4], w2: [2, 4] });
    const nodes = [...mlp().nodes.slice(0, 3), node('MatMul', ['a', 'w3'], ['p']), node('Add', ['p', 'b2'], ['y'])];
    const product = await removed({
      parts: { ...mlp(), nodes, initializers: [...initializers.slice(0, 2), random('w3', [5, 2]), random('b2', [2])] },
      feeds: { x: [4, 3] },
      wanted,
    });
    expect(product.dims).toMatchObject({ w1: [3, 4], w3: [4, 2] });
  });

  it('leave at least one of each layer', async () => {
    const initializers = [weight('w1', [3, 2]), bias('b1', 2, [0, 1]), random('w2', [2, 2]), random('b2', [2])];
    const { dims, choice } = await removed({
      parts: { ...mlp(), initializers },
      feeds: { x: [4, 3] },
      wanted: zero('a', 0, 1),
    });
    expect(dims['w1']).toEqual([3, 1]);
    expect(choice.reasons.filter((reason) => reason?.includes('the last of its layer'))).toHaveLength(1);
  });

  it('that two layers read from one tensor get a tensor of their own', async () => {
    const { dims } = await removed({
      parts: {
        nodes: [
          node('MatMul', ['x', 'w'], ['h1']),
          node('Add', ['h1', 'b1'], ['z1']),
          node('Relu', ['z1'], ['a1']),
          node('MatMul', ['a1', 'w'], ['h2']),
          node('Relu', ['h2'], ['y']),
        ],
        inputs: [valueInfo('x', ['batch', 4])],
        outputs: [valueInfo('y')],
        initializers: [random('w', [4, 4], [1, 2]), bias('b1', 4, [2])],
      },
      feeds: { x: [3, 4] },
      wanted: zero('a1', 2),
    });
    expect(dims).toEqual({ b1: [3], w_pruned: [3, 4], w_pruned2: [4, 3] });
  });

  it('of a matrix that stands on the left are its rows', async () => {
    const { dims } = await removed({
      parts: {
        nodes: [
          node('MatMul', ['w1', 'x'], ['h']),
          node('Add', ['h', 'b1'], ['z']),
          node('Relu', ['z'], ['a']),
          node('MatMul', ['w2', 'a'], ['y']),
        ],
        inputs: [valueInfo('x', [3, 2])],
        outputs: [valueInfo('y')],
        initializers: [random('w1', [4, 3], [0, 1]), weight('b1', [4, 1], [0.1, -1, 0.2, 0.3]), random('w2', [2, 4])],
      },
      feeds: { x: [3, 2] },
      wanted: zero('a', 1),
    });
    expect(dims).toEqual({ w1: [3, 3], b1: [3, 1], w2: [2, 3] });
  });
});

describe('units that are gated', () => {
  const gated = (extra: readonly ReturnType<typeof node>[], act: string): GraphParts => ({
    nodes: [...extra, node('Mul', [act, 'up'], ['m']), node('MatMul', ['m', 'down'], ['y'])],
    inputs: [valueInfo('x', ['batch', 'tokens', 3])],
    outputs: [valueInfo('y')],
  });

  it('leave with their gate, also where the function is spelled out', async () => {
    const { dims } = await removed({
      parts: {
        ...gated(
          [
            node('MatMul', ['x', 'wg'], ['g']),
            node('Sigmoid', ['g'], ['s']),
            node('Mul', ['g', 's'], ['act']),
            node('MatMul', ['x', 'wu'], ['up']),
          ],
          'act',
        ),
        // A gate without weights: x · sigmoid(x) of 0 is 0.
        initializers: [random('wg', [3, 6], [1, 4]), random('wu', [3, 6]), random('down', [6, 3])],
      },
      feeds: { x: [2, 5, 3] },
      wanted: zero('g', 4),
    });
    expect(dims).toEqual({ wg: [3, 5], wu: [3, 5], down: [5, 3] });
  });

  it('leave both halves of one product that is split', async () => {
    const halves = (opset: number): Case => ({
      opset,
      parts: {
        ...gated(
          [
            node('MatMul', ['x', 'w'], ['gu']),
            opset < 13
              ? node('Split', ['gu'], ['g', 'up'], { attributes: { axis: -1n, split: [4, 4] } })
              : node('Split', ['gu'], ['g', 'up'], {
                  attributes: { axis: -1n, ...(opset >= 18 ? { num_outputs: 2n } : {}) },
                }),
            node('Relu', ['g'], ['act']),
          ],
          'act',
        ),
        initializers: [random('w', [3, 8], [1, 1]), random('down', [4, 3])],
      },
      feeds: { x: [2, 5, 3] },
      wanted: zero('act', 1),
    });
    for (const opset of [11, 17, 18]) {
      const { dims } = await removed(halves(opset));
      expect(dims).toMatchObject({ w: [3, 6], down: [3, 3] });
    }
  });
});

describe('channels', () => {
  const dead = [1, 4];
  const first = (): ReturnType<typeof node>[] => [
    node('Conv', ['x', 'w1', 'b1'], ['c'], { attributes: { pads: [1, 1, 1, 1], kernel_shape: [3, 3] } }),
    node('BatchNormalization', ['c', 'scale', 'shift', 'mean', 'var'], ['n']),
    node('PRelu', ['n', 'slope'], ['p']),
    node('Relu', ['p'], ['a']),
  ];
  const firstWeights = (): TensorProto[] => [
    random('w1', [6, 3, 3, 3], ...dead.map((unit) => [0, unit] as const)),
    bias('b1', 6, dead, -4),
    weight('scale', [6], [1, 1, 1, 1, 1, 1]),
    weight('shift', [6], [0, 0, 0.1, 0, 0, 0]),
    weight('mean', [6], [0, 0, 0, 0.2, 0, 0]),
    weight('var', [6], [1, 1, 1, 1, 2, 1]),
    weight('slope', [6, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
  ];
  const picture = { inputs: [valueInfo('x', ['batch', 3, 6, 6])], outputs: [valueInfo('y')] };

  it('leave through normalisation, slopes, pooling, padding, resizing and a convolution of their own', async () => {
    const { dims, pruned } = await removed({
      parts: {
        nodes: [
          ...first(),
          node('MaxPool', ['a'], ['m'], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } }),
          node('Pad', ['m', 'pads'], ['pad']),
          node('Conv', ['pad', 'wd'], ['d'], { attributes: { group: 6n, kernel_shape: [3, 3] } }),
          node('Resize', ['d', '', 'scales'], ['r'], { attributes: { mode: 'nearest' } }),
          node('AveragePool', ['r'], ['v'], {
            attributes: { kernel_shape: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1n },
          }),
          node('ReduceMean', ['v'], ['e'], { attributes: { axes: [2, 3], keepdims: 0n } }),
          node('Gemm', ['e', 'w2'], ['y']),
        ],
        ...picture,
        initializers: [
          ...firstWeights(),
          integers('pads', [0, 0, 1, 1, 0, 0, 1, 1]),
          random('wd', [6, 1, 3, 3]),
          weight('scales', [4], [1, 1, 2, 2]),
          random('w2', [6, 2]),
        ],
      },
      opset: 13,
      feeds: { x: image(3) },
      wanted: zero('a', ...dead),
    });
    expect(dims).toMatchObject({
      w1: [4, 3, 3, 3],
      b1: [4],
      scale: [4],
      var: [4],
      slope: [4, 1, 1],
      wd: [4, 1, 3, 3],
      w2: [4, 2],
    });
    expect(
      pruned.graph?.node
        .find(({ opType, input }) => opType === 'Conv' && input[1] === 'wd')
        ?.attribute.find(({ name }) => name === 'group')?.i,
    ).toBe(4n);
  });

  it('own a block of columns behind a flattening, a reshape with a stated target, and one whose target is computed', async () => {
    const tails: Readonly<Record<string, readonly ReturnType<typeof node>[]>> = {
      flatten: [node('Flatten', ['a'], ['f'])],
      stated: [node('Reshape', ['a', 'target'], ['f'])],
      computed: [
        node('Shape', ['a'], ['sh']),
        node('Gather', ['sh', 'zero'], ['n0']),
        node('Unsqueeze', ['n0', 'axis'], ['n1']),
        node('Concat', ['n1', 'rest'], ['t'], { attributes: { axis: 0n } }),
        node('Reshape', ['a', 't'], ['f']),
      ],
    };
    for (const [name, tail] of Object.entries(tails)) {
      const { dims } = await removed({
        parts: {
          nodes: [...first(), ...tail, node('Gemm', ['f', 'w2'], ['y'])],
          ...picture,
          initializers: [
            ...firstWeights(),
            integers('target', [-1, 6 * 36]),
            integersScalar('zero', 0),
            integers('axis', [0]),
            integers('rest', [-1]),
            random('w2', [6 * 36, 2]),
          ],
        },
        feeds: { x: image(3) },
        wanted: zero('a', ...dead),
      });
      expect(dims['w2'], name).toEqual([4 * 36, 2]);
    }
  });

  it('are every n-th column where positions stand in front of them', async () => {
    const { dims } = await removed({
      parts: {
        nodes: [
          ...first(),
          node('Transpose', ['a'], ['t'], { attributes: { perm: [0, 2, 3, 1] } }),
          node('Reshape', ['t', 'target'], ['f']),
          node('MatMul', ['f', 'w2'], ['y']),
        ],
        ...picture,
        initializers: [...firstWeights(), integers('target', [0, -1]), random('w2', [36 * 6, 2])],
      },
      feeds: { x: image(3) },
      wanted: zero('a', ...dead),
    });
    expect(dims['w2']).toEqual([36 * 4, 2]);
  });

  it('leave a concatenation with their offsets', async () => {
    const { dims } = await removed({
      parts: {
        nodes: [
          ...first(),
          node('Conv', ['x', 'wo'], ['o'], { attributes: { kernel_shape: [1, 1] } }),
          node('Concat', ['o', 'a'], ['j'], { attributes: { axis: 1n } }),
          node('Conv', ['j', 'w2', 'b2'], ['y'], { attributes: { kernel_shape: [3, 3] } }),
        ],
        ...picture,
        initializers: [...firstWeights(), random('wo', [2, 3, 1, 1]), random('w2', [3, 8, 3, 3]), random('b2', [3])],
      },
      feeds: { x: image(3) },
      wanted: zero('a', ...dead),
    });
    expect(dims).toMatchObject({ w1: [4, 3, 3, 3], wo: [2, 3, 1, 1], w2: [3, 6, 3, 3] });
  });

  it('that meet in a sum leave when all summands are dead, and stay otherwise', async () => {
    const block = (other: readonly number[]): Case => ({
      parts: {
        nodes: [
          ...first(),
          node('Conv', ['x', 'wo', 'bo'], ['o0'], { attributes: { kernel_shape: [1, 1] } }),
          node('Relu', ['o0'], ['o']),
          node('Add', ['a', 'o'], ['s']),
          node('Conv', ['s', 'w2'], ['y'], { attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } }),
        ],
        ...picture,
        initializers: [
          ...firstWeights(),
          random('wo', [6, 3, 1, 1], ...other.map((unit) => [0, unit] as const)),
          bias('bo', 6, other),
          random('w2', [3, 6, 3, 3]),
        ],
      },
      feeds: { x: image(3) },
      wanted: [...zero('a', ...dead), ...zero('o', ...other)],
    });
    const both = await removed(block([1]));
    expect(both.dims).toMatchObject({ w1: [5, 3, 3, 3], wo: [5, 3, 1, 1], w2: [3, 5, 3, 3] });
    expect(both.choice.reasons[1]).toContain('it meets units that are alive (in a sum');
    const none = await removed(block([]));
    expect(none.dims['w1']).toEqual([6, 3, 3, 3]);
  });

  it('leave a transposed convolution, from both of its sides, and an instance normalisation', async () => {
    const { dims } = await removed({
      parts: {
        nodes: [
          ...first(),
          node('ConvTranspose', ['a', 'wt', 'bt'], ['t'], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } }),
          node('Relu', ['t'], ['u']),
          node('InstanceNormalization', ['u', 's2', 'h2'], ['i']),
          node('Relu', ['i'], ['v']),
          node('Conv', ['v', 'w2'], ['y'], { attributes: { kernel_shape: [1, 1] } }),
        ],
        ...picture,
        initializers: [
          ...firstWeights(),
          random('wt', [6, 4, 2, 2], [1, 2]),
          bias('bt', 4, [2]),
          weight('s2', [4], [1, 2, 3, 4]),
          weight('h2', [4], [0.1, 0.2, -0.3, 0.4]),
          random('w2', [2, 4, 1, 1]),
        ],
      },
      feeds: { x: image(3) },
      wanted: [...zero('a', ...dead), ...zero('u', 2)],
    });
    expect(dims).toMatchObject({ w1: [4, 3, 3, 3], wt: [4, 3, 2, 2], bt: [3], s2: [3], h2: [3], w2: [2, 3, 1, 1] });
  });

  it('with another constant than 0 leave before a convolution without padding only', async () => {
    const reader = (pads: readonly number[]): Case => ({
      parts: {
        nodes: [
          node('Conv', ['x', 'w1', 'b1'], ['c'], { attributes: { kernel_shape: [3, 3] } }),
          node('Sigmoid', ['c'], ['a']),
          node('Conv', ['a', 'w2', 'b2'], ['y'], { attributes: { kernel_shape: [3, 3], pads } }),
        ],
        ...picture,
        initializers: [
          random('w1', [4, 3, 3, 3], [0, 2]),
          bias('b1', 4, [2], 0.4),
          random('w2', [2, 4, 3, 3]),
          random('b2', [2]),
        ],
      },
      feeds: { x: image(3) },
      wanted: [{ value: 'c', unit: 2, constant: Math.fround(0.4) }],
    });
    expect((await removed(reader([0, 0, 0, 0]))).dims).toMatchObject({ w1: [3, 3, 3, 3], w2: [2, 3, 3, 3] });
    const padded = await removed(reader([1, 1, 1, 1]));
    expect(padded.dims).toMatchObject({ w1: [4, 3, 3, 3] });
    expect(padded.choice.reasons[0]).toContain('its value is a constant other than 0, and Conv behind it has no bias');
  });

  it('of convolutions in groups stay', async () => {
    const { choice } = await removed({
      parts: {
        nodes: [...first(), node('Conv', ['a', 'w2'], ['y'], { attributes: { group: 2n, kernel_shape: [1, 1] } })],
        ...picture,
        initializers: [...firstWeights(), random('w2', [4, 3, 1, 1])],
      },
      feeds: { x: image(3) },
      wanted: zero('a', ...dead),
    });
    expect(choice.reasons[0]).toContain('a convolution in groups');
  });
});

describe('units of attention', () => {
  it('stay: they are taken apart into heads', async () => {
    const { choice } = await removed({
      parts: {
        nodes: [
          node('MatMul', ['x', 'wq'], ['q']),
          node('Relu', ['q'], ['a']),
          node('Reshape', ['a', 'heads'], ['h']),
          node('Transpose', ['h'], ['y'], { attributes: { perm: [0, 2, 1, 3] } }),
        ],
        inputs: [valueInfo('x', ['batch', 5, 4])],
        outputs: [valueInfo('y')],
        initializers: [random('wq', [4, 4], [1, 1]), integers('heads', [0, 0, 2, 2])],
      },
      feeds: { x: [2, 5, 4] },
      wanted: zero('a', 1),
    });
    expect(choice.reasons[0]).toContain('takes its units apart (as into heads)');
  });

  it('stay where a normalisation or an operator without a rule works on them together', async () => {
    const { choice } = await removed({
      parts: {
        nodes: [
          node('MatMul', ['x', 'w1'], ['h']),
          node('Relu', ['h'], ['a']),
          node('LayerNormalization', ['a', 's'], ['n'], { attributes: { axis: -1n } }),
          node('MatMul', ['n', 'w2'], ['y']),
        ],
        inputs: [valueInfo('x', ['batch', 4])],
        outputs: [valueInfo('y')],
        initializers: [random('w1', [4, 4], [1, 1]), weight('s', [4], [1, 1, 1, 1]), random('w2', [4, 2])],
      },
      feeds: { x: [2, 4] },
      wanted: zero('a', 1),
    });
    expect(choice.reasons[0]).toBe('LayerNormalization works on its units together');
  });
});

function integersScalar(name: string, value: number): TensorProto {
  return { ...integers(name, [value]), dims: [] };
}
