/** Intervals and CROWN: the tests of methods, D3, by hand, and soundness operator by operator. */
import { describe, expect, test } from 'vitest';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { elementCount } from '../../../src/core/tensor/tensor.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { ENGINES } from '../engine/engines.js';
import { isBounded } from '../../../src/core/rewrite/linearize/bounds/box.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { boundModel, ends, randomPoints, valuesAt } from './bounds-run.js';
import { float, numbers } from './linear-system.js';

/** Methods, D3: box [−1, 1]², two layers. */
const TWO_LAYERS = modelProto({
  nodes: [
    node('Gemm', ['x', 'W1', 'b1'], ['z1'], { attributes: { transB: 1n } }),
    node('Relu', ['z1'], ['h']),
    node('Gemm', ['h', 'W2', 'b2'], ['z2'], { attributes: { transB: 1n } }),
  ],
  inputs: [valueInfo('x', [1, 2])],
  outputs: ['z2'],
  initializers: [
    weight('W1', [2, 2], [1, 1, 1, -1]),
    weight('b1', [2], [0, 1]),
    weight('W2', [2, 2], [1, -1, -1, -1]),
    weight('b2', [2], [0, -0.25]),
  ],
});

const SQUARE = new Map([['x', ends([-1, -1], [1, 1])]]);
const ORIGIN = { x: float([1, 2], [0, 0]) };

/** Methods, section 0: tolerance by the sum of absolute terms. */
function expectClose(got: ArrayLike<number> | undefined, want: readonly number[], size = 10): void {
  expect(got?.length).toBe(want.length);
  want.forEach((each, at) => expect(Math.abs((got?.[at] ?? NaN) - each)).toBeLessThanOrEqual(1e-5 + 1e-4 * size));
}

describe.each(ENGINES)('bounds with the $name engine', ({ load }) => {
  test('the two layers of methods, D3: intervals prove what CROWN does not, CROWN is lower elsewhere', async () => {
    const engine = await load();
    const intervals = await boundModel(engine, TWO_LAYERS, ORIGIN, SQUARE, { crownBudget: 0 });
    expectClose(intervals.targets.get('z1')?.lower, [-2, -1]);
    expectClose(intervals.targets.get('z1')?.upper, [2, 3]);
    expectClose(intervals.targets.get('z2')?.lower, [-3, -5.25]);
    expectClose(intervals.targets.get('z2')?.upper, [2, -0.25]);
    const identity = new Map([['z2', Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1)]]);
    const both = await boundModel(engine, TWO_LAYERS, ORIGIN, SQUARE, { rows: identity });
    // CROWN alone: [−3, 2] and [−4.25, 0.75].
    expectClose(both.rows.get('z2'), [2, 0.75, 3, 4.25]);
    expectClose(both.targets.get('z2')?.lower, [-3, -4.25]);
    expectClose(both.targets.get('z2')?.upper, [2, -0.25]);
    expect(both.targets.get('z2')?.method).toBe('crown');
  });

  test('two equal units cancel for CROWN, not for intervals', async () => {
    const engine = await load();
    const model = modelProto({
      nodes: [
        node('Gemm', ['x', 'W', 'b'], ['z'], { attributes: { transB: 1n } }),
        node('Relu', ['z'], ['h']),
        node('Gemm', ['h', 'V', 'c'], ['y'], { attributes: { transB: 1n } }),
      ],
      inputs: [valueInfo('x', [1, 1])],
      outputs: ['y'],
      initializers: [
        weight('W', [2, 1], [1, 1]),
        weight('b', [2], [2, 2]),
        weight('V', [1, 2], [1, -1]),
        weight('c', [1], [-0.1]),
      ],
    });
    const box = new Map([['x', ends([-1], [1])]]);
    const feeds = { x: float([1, 1], [0]) };
    const intervals = await boundModel(engine, model, feeds, box, { crownBudget: 0 });
    expectClose(intervals.targets.get('y')?.upper, [1.9]);
    const both = await boundModel(engine, model, feeds, box);
    expectClose(both.targets.get('y')?.upper, [-0.1]);
    expect(both.targets.get('y')?.upper[0]).toBeLessThan(0);
  });

  test.each([
    { scores: 'close', lower: [5, 0], upper: [6, 1], least: [0.982014, 0.002473], most: [0.997527, 0.017986] },
    // e^x of one end is 0 beside that of the other: anything may win, and what lies below always loses.
    { scores: 'wide', lower: [-9000, -9000], upper: [9000, 9000], least: [0, 0], most: [1, 1] },
    { scores: 'wide, one above', lower: [9500, -9000], upper: [9600, 9000], least: [1, 0], most: [1, 0] },
    { scores: 'masked', lower: [-9000, -Infinity], upper: [9000, -Infinity], least: [1, 0], most: [1, 0] },
  ])('a softmax of two scores that are $scores', async ({ lower, upper, least, most }) => {
    const model = modelProto({
      nodes: [node('Softmax', ['x'], ['y'], { attributes: { axis: -1n } })],
      inputs: [valueInfo('x', [1, 2])],
      outputs: ['y'],
    });
    const { targets } = await boundModel(await load(), model, ORIGIN, new Map([['x', ends(lower, upper)]]), {
      crownBudget: 0,
    });
    expectClose(targets.get('y')?.lower, least, 0.1);
    expectClose(targets.get('y')?.upper, most, 0.1);
  });
});

const SPELLED: readonly [string, number, readonly ReturnType<typeof node>[]][] = [
  ['x / √(mean(x²) + ε)', 1e-5, [node('Mul', ['x', 'x'], ['s']), ...behind(), node('Div', ['x', 'root'], ['y'])]],
  [
    'x · (1 / √(mean(x²) + ε))',
    1e-5,
    [
      node('Pow', ['x', 'two'], ['s']),
      ...behind(),
      node('Reciprocal', ['root'], ['inverse']),
      node('Mul', ['inverse', 'x'], ['y']),
    ],
  ],
];

function behind(): ReturnType<typeof node>[] {
  return [
    node('ReduceMean', ['s', 'axis'], ['mean']),
    node('Add', ['mean', 'epsilon'], ['sum']),
    node('Sqrt', ['sum'], ['root']),
  ];
}

function normalisation(epsilon: number, nodes: readonly ReturnType<typeof node>[]): ModelProto {
  return modelProto({
    nodes,
    inputs: [valueInfo('x', [1, 2])],
    outputs: ['y'],
    initializers: [scalar('two', 2), scalar('epsilon', epsilon), integers('axis', [-1])],
  });
}

test.each(SPELLED)('a normalisation spelled as %s is within √n, whatever x is', async (_, epsilon, nodes) => {
  const engine = await loadNativeEngine();
  const { targets, bounds } = await boundModel(engine, normalisation(epsilon, nodes), ORIGIN, SQUARE);
  expectClose(targets.get('y')?.lower, [-Math.SQRT2, -Math.SQRT2], 0.1);
  expectClose(targets.get('y')?.upper, [Math.SQRT2, Math.SQRT2], 0.1);
  // Of [1, 0] the first number becomes √2: no bound could be closer.
  const [at] = await valuesAt(engine, normalisation(epsilon, nodes), [{ x: float([1, 2], [1, 0]) }]);
  expect(numbers(at?.['y'])[0]).toBeGreaterThan(1.414);
  expect(bounds.targets).toEqual(['y']);
});

test.each(SPELLED)('%s with something taken off the mean is no normalisation', async (_, _epsilon, nodes) => {
  const engine = await loadNativeEngine();
  const { targets } = await boundModel(engine, normalisation(-0.5, nodes), ORIGIN, SQUARE);
  expect(targets.get('y')?.upper[0]).toBe(Infinity);
});

/** x → z = W x + b → operator → y = V h: the operator between two layers, so that rows are mixed behind it. */
function between(
  opType: string,
  attributes: Parameters<typeof node>[3] = {},
  more: readonly ReturnType<typeof weight>[] = [],
): ModelProto {
  return modelProto(
    {
      nodes: [
        node('Gemm', ['x', 'W', 'b'], ['z'], { attributes: { transB: 1n } }),
        node(opType, ['z', ...more.map(({ name }) => name)], ['h'], attributes),
        node('Gemm', ['h', 'V'], ['y'], { attributes: { transB: 1n } }),
      ],
      inputs: [valueInfo('x', [1, 2])],
      outputs: ['y'],
      initializers: [
        weight('W', [5, 2], [1.5, -1, 2, 1, -3, 0.5, 0.2, 0.1, -0.7, 4]),
        weight('b', [5], [0.5, -1, 0.3, 5, -4]),
        weight('V', [3, 5], [1, -2, 0.5, 1, 3, -1, 1, 2, -0.5, 0.3, 0.2, 0.7, -1.1, 2, -3]),
        ...more,
      ],
    },
    22,
  );
}

const ELEMENTWISE: readonly [string, ModelProto][] = [
  ['Relu', between('Relu')],
  ['LeakyRelu', between('LeakyRelu', { attributes: { alpha: 0.2 } })],
  ['LeakyRelu, falling', between('LeakyRelu', { attributes: { alpha: -0.5 } })],
  ['LeakyRelu, steeper on the left', between('LeakyRelu', { attributes: { alpha: 3 } })],
  ['PRelu', between('PRelu', {}, [weight('slopes', [5], [0.1, -0.4, 2, 0, 1])])],
  ['Abs', between('Abs')],
  ['Clip', between('Clip', {}, [scalar('low', -0.5), scalar('high', 2)])],
  ['Clip from below', between('Clip', {}, [scalar('low', -0.5)])],
  ['HardSigmoid', between('HardSigmoid')],
  ['HardSwish', between('HardSwish')],
  ['ThresholdedRelu', between('ThresholdedRelu', { attributes: { alpha: 0.7 } })],
  ['ThresholdedRelu below 0', between('ThresholdedRelu', { attributes: { alpha: -0.7 } })],
  ['Sigmoid', between('Sigmoid')],
  ['Tanh', between('Tanh')],
  ['Erf', between('Erf')],
  ['Gelu', between('Gelu')],
  ['Gelu by tanh', between('Gelu', { attributes: { approximate: 'tanh' } })],
  ['Mish', between('Mish')],
  ['Softplus', between('Softplus')],
  ['Softsign', between('Softsign')],
  ['Elu', between('Elu')],
  ['Elu with another slope', between('Elu', { attributes: { alpha: 2 } })],
  ['Selu', between('Selu')],
  ['Celu', between('Celu')],
  ['Exp', between('Exp')],
  ['Atan', between('Atan')],
  ['Asinh', between('Asinh')],
  ['Sin', between('Sin')],
  ['Cos', between('Cos')],
  ['Floor', between('Floor')],
  ['Sign', between('Sign')],
  ['Pow', between('Pow', {}, [scalar('two', 2)])],
  ['Pow, cubed', between('Pow', {}, [scalar('three', 3)])],
  ['Softmax', between('Softmax')],
  ['Max with a constant', between('Max', {}, [weight('other', [5], [0, 1, -1, 5, -30])])],
  ['Min with a constant', between('Min', {}, [weight('other', [5], [0, 1, -1, 30, -5])])],
  [
    'LayerNormalization',
    between('LayerNormalization', {}, [
      weight('gain', [5], [1, 2, -1, 0.5, 1]),
      weight('shift', [5], [0, 1, 0, -1, 0]),
    ]),
  ],
  ['products, quotients and gates of two moving values', gates()],
  ['pictures: convolution, normalisation, pooling, residual sum', picture()],
  ['shapes: what moves elements', moving()],
  ['attention: a causal pattern of two heads over values', attention('chosen')],
  ['attention with a mask of −∞ that is added', attention('added', -Infinity)],
  ['attention with a mask of the lowest number that is added', attention('added', -3.4028234663852886e38)],
];

/** Three tokens of width 4, two heads of width 2; later tokens are masked by a choice or by a sum. */
function attention(by: 'chosen' | 'added', masked = -Infinity): ModelProto {
  const wave = (count: number, step: number): number[] => Array.from({ length: count }, (_, at) => Math.sin(at * step));
  const heads = (from: string): ReturnType<typeof node>[] => [
    node('MatMul', ['x', `W${from}`], [`${from}1`]),
    node('Reshape', [`${from}1`, 'split'], [`${from}2`]),
    node('Transpose', [`${from}2`], [from], { attributes: { perm: from === 'k' ? [0, 2, 3, 1] : [0, 2, 1, 3] } }),
  ];
  return modelProto({
    nodes: [
      ...['q', 'k', 'v'].flatMap(heads),
      node('MatMul', ['q', 'k'], ['scores']),
      by === 'chosen'
        ? node('Where', ['later', 'nothing', 'scores'], ['masked'])
        : node('Add', ['scores', 'mask'], ['masked']),
      node('Softmax', ['masked'], ['pattern'], { attributes: { axis: -1n } }),
      node('MatMul', ['pattern', 'v'], ['z']),
      node('Transpose', ['z'], ['z1'], { attributes: { perm: [0, 2, 1, 3] } }),
      node('Reshape', ['z1', 'join'], ['z2']),
      node('MatMul', ['z2', 'Wo'], ['o']),
      node('Relu', ['o'], ['h']),
      node('Add', ['h', 'x'], ['y']),
    ],
    inputs: [valueInfo('x', [1, 3, 4])],
    outputs: ['y', 'z'],
    initializers: [
      ...['q', 'k', 'v', 'o'].map((name, at) => weight(`W${name}`, [4, 4], wave(16, 0.7 + at))),
      integers('split', [1, 3, 2, 2]),
      integers('join', [1, 3, 4]),
      scalar('nothing', masked),
      weight(
        'mask',
        [3, 3],
        [0, 1, 1, 0, 0, 1, 0, 0, 0].map((later) => (later === 1 ? masked : 0)),
      ),
      { ...integers('later', []), dataType: 9, dims: [3n, 3n], int64Data: [], int32Data: [0, 1, 1, 0, 0, 1, 0, 0, 0] },
    ],
  });
}

function gates(): ModelProto {
  return modelProto({
    nodes: [
      node('Gemm', ['x', 'W', 'b'], ['z']),
      node('Sigmoid', ['z'], ['gate']),
      node('Mul', ['z', 'gate'], ['silu']),
      node('Softmax', ['silu'], ['pattern']),
      node('Exp', ['x'], ['e']),
      node('Concat', ['e', 'e', 'one'], ['e3'], { attributes: { axis: 1n } }),
      node('Concat', ['x', 'x', 'one'], ['x2'], { attributes: { axis: 1n } }),
      node('Mul', ['pattern', 'x2'], ['weighed']),
      node('Div', ['silu', 'e3'], ['share']),
      node('Where', ['condition', 'share', 'weighed'], ['chosen']),
      node('Greater', ['z', 'weighed'], ['moves']),
      node('Where', ['moves', 'share', 'weighed'], ['open']),
      node('Max', ['chosen', 'open', 'z'], ['all']),
      node('Max', ['chosen', 'open'], ['more']),
      node('Sub', ['all', 'more'], ['y']),
    ],
    inputs: [valueInfo('x', [1, 2])],
    outputs: ['y', 'share'],
    initializers: [
      weight('W', [2, 5], [1.5, -1, 2, 1, -3, 0.5, 0.2, 0.1, -0.7, 1]),
      weight('b', [5], [0.5, -1, 0.3, 1, -2]),
      weight('one', [1, 1], [1]),
      { ...integers('condition', []), dataType: 9, dims: [5n], int64Data: [], int32Data: [1, 0, 1, 1, 0] },
    ],
  });
}

function picture(): ModelProto {
  const wave = (count: number, step: number): number[] => Array.from({ length: count }, (_, at) => Math.sin(at * step));
  return modelProto({
    nodes: [
      node('Conv', ['x', 'K', 'k'], ['c'], { attributes: { pads: [1, 1, 1, 1] } }),
      node('BatchNormalization', ['c', 'gamma', 'beta', 'mean', 'variance'], ['n']),
      node('Relu', ['n'], ['h']),
      node('Conv', ['h', 'L'], ['d'], { attributes: { pads: [1, 1, 1, 1], group: 2n } }),
      node('Add', ['d', 'h'], ['sum']),
      node('Relu', ['sum'], ['r']),
      node('MaxPool', ['r'], ['m'], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } }),
      node('AveragePool', ['r'], ['a'], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } }),
      node('ConvTranspose', ['m', 'T'], ['t'], { attributes: { strides: [2, 2] } }),
      node('GlobalMaxPool', ['t'], ['g']),
      node('ReduceMean', ['a'], ['v'], { attributes: { axes: [2, 3] } }),
      node('GlobalAveragePool', ['t'], ['w']),
      node('Add', ['v', 'g'], ['s']),
      node('Add', ['s', 'w'], ['q']),
      node('Flatten', ['q'], ['y']),
    ],
    inputs: [valueInfo('x', [1, 1, 4, 4])],
    outputs: ['y'],
    initializers: [
      weight('K', [2, 1, 3, 3], wave(18, 1.3)),
      weight('k', [2], [0.1, -0.2]),
      weight('gamma', [2], [1.2, -0.8]),
      weight('beta', [2], [0.1, 0.4]),
      weight('mean', [2], [0.3, -0.3]),
      weight('variance', [2], [0.5, 2]),
      weight('L', [2, 1, 3, 3], wave(18, 2.1)),
      weight('T', [2, 2, 2, 2], wave(16, 0.9)),
    ],
  });
}

function moving(): ModelProto {
  return modelProto({
    nodes: [
      node('Reshape', ['x', 'two'], ['r']),
      node('Transpose', ['r'], ['t']),
      node('Relu', ['t'], ['h']),
      node('Slice', ['h', 'zero', 'one'], ['s']),
      node('Gather', ['h', 'zero'], ['g']),
      node('Concat', ['s', 'g', 'h'], ['c'], { attributes: { axis: 0n } }),
      node('Pad', ['c', 'around', 'filling'], ['p']),
      node('Neg', ['p'], ['n']),
      node('Expand', ['n', 'more'], ['e']),
      node('ReduceSum', ['e', 'zero'], ['y']),
    ],
    inputs: [valueInfo('x', [1, 4])],
    outputs: ['y'],
    initializers: [
      integers('two', [2, 2]),
      integers('zero', [0]),
      integers('one', [1]),
      integers('around', [1, 0, 0, 1]),
      scalar('filling', 0.5),
      integers('more', [3, 5, 3]),
    ],
  });
}

describe('no input in the box leaves its bounds', () => {
  test.each(ELEMENTWISE)('%s', async (_, model) => {
    const engine = await loadNativeEngine();
    const shape = model.graph?.input[0]?.type?.value.value as unknown as {
      shape: { dim: { value: { value: bigint } }[] };
    };
    const dims = shape.shape.dim.map(({ value }) => Number(value.value));
    const count = elementCount(dims);
    for (const [scale, middle] of SCALES) {
      const box = ends(
        Array.from({ length: count }, (__, at) => middle * Math.cos(at) - scale),
        Array.from({ length: count }, (__, at) => middle * Math.cos(at) + scale),
      );
      const feeds = { x: float(dims, [...box.lower]) };
      const intervals = await boundModel(engine, model, feeds, new Map([['x', box]]), { crownBudget: 0 });
      const crown = await boundModel(engine, model, feeds, new Map([['x', box]]));
      expect(crown.bounds.cutNodes).toEqual([]);
      const points = randomPoints(box, 60).map((point) => ({ x: float(dims, point) }));
      for (const [at, values] of (await valuesAt(engine, model, points)).entries()) {
        const point = numbers(points[at]?.x);
        for (const { targets } of [intervals, crown]) {
          for (const [target, { lower, upper }] of targets) {
            numbers(values[target]).forEach((value, unit) => {
              expect(value, `${target}[${unit}] at ${point.join()}`).toBeGreaterThanOrEqual(lower[unit] ?? NaN);
              expect(value, `${target}[${unit}] at ${point.join()}`).toBeLessThanOrEqual(upper[unit] ?? NaN);
            });
          }
        }
      }
      for (const [target, { lower, upper }] of crown.targets) {
        const wide = intervals.targets.get(target);
        // Up to the rounding of intervals that were computed on another way.
        const slack = (value: number): number => (Number.isFinite(value) ? 1e-5 * (1 + Math.abs(value)) : 0);
        lower.forEach((value, at) => expect(value + slack(value)).toBeGreaterThanOrEqual(wide?.lower[at] ?? NaN));
        upper.forEach((value, at) => expect(value - slack(value)).toBeLessThanOrEqual(wide?.upper[at] ?? NaN));
        expect(isBounded({ lower, upper }), target).toBe(true);
      }
    }
  });

  /** Half widths and how far off 0 the middle is. */
  const SCALES: readonly (readonly [number, number])[] = [
    [1, 0],
    [0.05, 0.6],
    [1e-4, 1],
  ];
});
