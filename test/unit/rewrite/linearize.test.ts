/** The tests T1 to T5 and T7 of methods, section A, by hand, and what the walk promises around the rule table. */
import { describe, expect, test } from 'vitest';
import { ProblemError } from '../../../src/core/errors.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { beforeSoftmax, firstFloatValues } from '../../../src/core/rewrite/linearize/ends.js';
import { linearize } from '../../../src/core/rewrite/linearize/linearize.js';
import { shapesOfRun } from '../../../src/core/rewrite/linearize/prepare.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { ENGINES } from '../engine/engines.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { float, numbers, runModel, systemOf, transposeOf } from './linear-system.js';

const NET_A = modelProto({
  nodes: [
    node('Gemm', ['x', 'W1', 'b1'], ['z'], { attributes: { transB: 1n } }),
    node('Relu', ['z'], ['h']),
    node('Gemm', ['h', 'W2', 'b2'], ['y'], { attributes: { transB: 1n } }),
  ],
  inputs: [valueInfo('x', [1, 2])],
  outputs: ['y'],
  initializers: [
    weight('W1', [3, 2], [1, -1, 2, 1, -1, 1]),
    weight('b1', [3], [0.5, -1, 0]),
    weight('W2', [2, 3], [1, 2, -3, 0, -1, 4]),
    weight('b2', [2], [0.25, -0.5]),
  ],
});

/** One operator on x, in a model. */
function operator(
  opType: string,
  shape: readonly number[],
  attributes: Parameters<typeof node>[3] = {},
  more: {
    readonly inputs?: readonly string[];
    readonly initializers?: ReturnType<typeof weight>[];
    readonly opset?: number;
  } = {},
): ModelProto {
  return modelProto(
    {
      nodes: [node(opType, ['x', ...(more.inputs ?? [])], ['y'], attributes)],
      inputs: [valueInfo('x', shape)],
      outputs: ['y'],
      initializers: more.initializers ?? [],
    },
    more.opset ?? 20,
  );
}

function expectClose(got: readonly number[] | undefined, want: readonly number[], digits = 5): void {
  expect(got?.length).toBe(want.length);
  want.forEach((each, at) => expect(got?.[at]).toBeCloseTo(each, digits));
}

describe.each(ENGINES)('linear systems with the $name engine', ({ load }) => {
  test('T1 and T7: NET-A by hand: matrix, biases by layer, votes', async () => {
    const engine = await load();
    const system = await systemOf(engine, NET_A, { x: float([1, 2], [1, 2]) }, { from: 'x', to: 'y' });
    expect(system.value).toEqual([3.25, 0.5]);
    expectClose(system.affine, [3.25, 0.5]);
    expect(system.rows).toEqual([
      [7, -1],
      [-6, 3],
    ]);
    expect(transposeOf(system.columns)).toEqual(system.rows);
    expect(system.linearization.biases.map(({ node: at, value }) => [at.opType, value])).toEqual([
      ['Gemm', 'b1'],
      ['Gemm', 'b2'],
    ]);
    expect(system.ledger).toEqual([
      [-2, 0.25],
      [1, -0.5],
    ]);
    const votes = system.rows.map((row) => row.map((each, at) => each * (at + 1)));
    expect(votes).toEqual([
      [7, -2],
      [-6, 6],
    ]);
    votes.forEach((vote, output) => {
      const total = [...vote, ...(system.ledger[output] ?? [])].reduce((sum, each) => sum + each, 0);
      expect(total).toBeCloseTo(system.value[output] ?? NaN, 5);
    });
  });

  test.each([
    ['Tanh', [0.924234315, 0.761594156, 1], 0],
    ['Sigmoid', [0.244918662, 0.231058579, 0.25], 0.5],
    ['Gelu', [0.691462461, 0.158655254, 0.5], 0],
    ['Softplus', [0.561859607, 0.379885493, 0.5], Math.LN2],
  ])('T2: the secant gains of %s', async (opType, gains, offset) => {
    const engine = await load();
    const system = await systemOf(
      engine,
      operator(opType, [3]),
      { x: float([3], [0.5, -1, 0]) },
      { from: 'x', to: 'y' },
    );
    expectClose(
      gains.map((_, at) => system.rows[at]?.[at] ?? NaN),
      gains,
    );
    expect(system.rows.flat().filter((each) => each !== 0)).toHaveLength(3);
    if (offset !== 0) expectClose(system.ledger.flat(), [offset, offset, offset]);
    else expect(system.linearization.biases).toEqual([]);
  });

  test('T2: the tangent of gelu, and silu spelled as two nodes is its own gate', async () => {
    const engine = await load();
    const x = { x: float([1], [0.5]) };
    const gelu = await systemOf(engine, operator('Gelu', [1]), x, { from: 'x', to: 'y' }, 'tangent');
    expect(gelu.rows[0]?.[0]).toBeCloseTo(0.867495125, 5);
    expect(gelu.ledger[0]?.[0]).toBeCloseTo(-0.088016332, 5);
    const silu = modelProto({
      nodes: [node('Sigmoid', ['x'], ['s']), node('Mul', ['x', 's'], ['y'])],
      inputs: [valueInfo('x', [3])],
      outputs: ['y'],
    });
    const system = await systemOf(engine, silu, { x: float([3], [0.5, -1, 0]) }, { from: 'x', to: 'y' });
    expectClose(
      [0, 1, 2].map((at) => system.rows[at]?.[at] ?? NaN),
      [0.622459331, 0.268941421, 0.5],
    );
  });

  test('T3: LayerNormalization holds its spread, and A x is the output', async () => {
    const engine = await load();
    const model = operator(
      'LayerNormalization',
      [3],
      {},
      { inputs: ['g'], initializers: [weight('g', [3], [1, 1, 1])] },
    );
    const system = await systemOf(engine, model, { x: float([3], [1, 2, 4]) }, { from: 'x', to: 'y' });
    expectClose(system.rows[0], [0.5345207657, -0.2672603829, -0.2672603829]);
    const product = system.rows.map((row) => row.reduce((sum, each, at) => sum + each * ([1, 2, 4][at] ?? 0), 0));
    expectClose(product, [-1.0690415315, -0.2672603829, 1.3363019143]);
  });

  test('T4: attention holds its pattern: A with respect to the values is the pattern', async () => {
    const engine = await load();
    const model = modelProto({
      nodes: [node('Softmax', ['s'], ['p'], { attributes: { axis: -1n } }), node('MatMul', ['p', 'x'], ['y'])],
      inputs: [valueInfo('s', [2, 2]), valueInfo('x', [2, 2])],
      outputs: ['y'],
    });
    const feeds = { s: float([2, 2], [0, -Infinity, 1, 2]), x: float([2, 2], [1, 0, 0, 2]) };
    const system = await systemOf(engine, model, feeds, { from: 'x', to: 'y' });
    expectClose(system.value.slice(2), [0.2689414214, 1.4621171573]);
    expectClose(system.rows[2], [0.2689414214, 0, 0.7310585786, 0]);
    expectClose(system.rows[0], [1, 0, 0, 0]);
  });

  test('T5: max-pooling takes the winner, and of equal values the first', async () => {
    const engine = await load();
    const model = operator('MaxPool', [1, 1, 2, 2], { attributes: { kernel_shape: [2, 2] } });
    const one = await systemOf(engine, model, { x: float([1, 1, 2, 2], [1, 3, 2, -1]) }, { from: 'x', to: 'y' });
    expect([one.value, one.rows]).toEqual([[3], [[0, 1, 0, 0]]]);
    const tie = await systemOf(engine, model, { x: float([1, 1, 2, 2], [1, 3, 3, 3]) }, { from: 'x', to: 'y' });
    expect(tie.rows).toEqual([[0, 1, 0, 0]]);
  });

  test('at a kink nothing passes, and of equal operands the first is taken', async () => {
    const engine = await load();
    const relu = await systemOf(engine, operator('Relu', [2]), { x: float([2], [0, 1]) }, { from: 'x', to: 'y' });
    expect(relu.rows).toEqual([
      [0, 0],
      [0, 1],
    ]);
    const max = modelProto({
      nodes: [node('Mul', ['x', 'two'], ['double']), node('Max', ['x', 'double'], ['y'])],
      inputs: [valueInfo('x', [2])],
      outputs: ['y'],
      initializers: [scalar('two', 2)],
    });
    const system = await systemOf(engine, max, { x: float([2], [0, 1]) }, { from: 'x', to: 'y' });
    expect(system.rows).toEqual([
      [1, 0],
      [0, 2],
    ]);
  });

  test('a product of two values that move is shared by halves, or is the derivative', async () => {
    const engine = await load();
    const model = modelProto(
      {
        nodes: [
          node('Split', ['x'], ['a', 'b'], { attributes: { axis: 0n, num_outputs: 2n } }),
          node('Mul', ['a', 'b'], ['y']),
        ],
        inputs: [valueInfo('x', [2])],
        outputs: ['y'],
      },
      18,
    );
    const x = { x: float([2], [2, 3]) };
    const half = await systemOf(engine, model, x, { from: 'x', to: 'y' });
    expect([half.rows, half.linearization.biases]).toEqual([[[1.5, 1]], []]);
    const tangent = await systemOf(engine, model, x, { from: 'x', to: 'y' }, 'tangent');
    expect([tangent.rows, tangent.ledger]).toEqual([[[3, 2]], [[-6]]]);
  });

  test.each([
    [
      'no factor is 0',
      [2, 3, -4],
      [
        [1, 0, 0],
        [3, 2, 0],
        [-12, -8, 6],
      ],
    ],
    [
      'one factor is 0',
      [2, 0, -4],
      [
        [1, 0, 0],
        [0, 2, 0],
        [0, -8, 0],
      ],
    ],
    [
      'two factors are 0',
      [0, 0, -4],
      [
        [1, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ],
  ])('the slope of a product is the product of the other factors where %s', async (_, values, running) => {
    const engine = await load();
    const x = { x: float([3], values) };
    const more = { inputs: ['axis'], initializers: [integers('axis', [0])], opset: 26 };
    const whole = await systemOf(engine, operator('ReduceProd', [3], {}, more), x, { from: 'x', to: 'y' }, 'tangent');
    expectClose(whole.rows[0], running[2] ?? []);
    const tangent = await systemOf(engine, operator('CumProd', [3], {}, more), x, { from: 'x', to: 'y' }, 'tangent');
    expectClose(tangent.rows.flat(), running.flat());
    expectClose(transposeOf(tangent.columns).flat(), running.flat());
    const frozen = await systemOf(engine, operator('CumProd', [3], {}, more), x, { from: 'x', to: 'y' });
    expectClose(
      frozen.rows.flat(),
      running.flatMap((row, place) => row.map((slope) => slope / (place + 1))),
    );
    expectClose(frozen.affine, frozen.value);
    const attributes = { attributes: { exclusive: 1n, reverse: 1n } };
    const before = operator('CumProd', [3], attributes, more);
    const backwards = await systemOf(engine, before, x, { from: 'x', to: 'y' }, 'tangent');
    const [, b = 0, c = 0] = values;
    expect(backwards.rows.map((row) => row.map(Math.abs))).toEqual(
      [
        [0, c, b],
        [0, 0, 1],
        [0, 0, 0],
      ].map((row) => row.map(Math.abs)),
    );
  });

  test('a hidden cut starts and ends at inner values, and what stands beside is a bias', async () => {
    const engine = await load();
    const system = await systemOf(engine, NET_A, { x: float([1, 2], [1, 2]) }, { from: 'z', to: 'y' });
    expect(system.rows).toEqual([
      [0, 2, -3],
      [0, -1, 4],
    ]);
    expect(system.ledger).toEqual([[0.25], [-0.5]]);
  });

  test('an older model is read like a newer one: its softmax over everything behind an axis, too', async () => {
    const engine = await load();
    const old = operator('Softmax', [1, 2, 2], {}, { opset: 9 });
    const system = await systemOf(
      engine,
      old,
      { x: float([1, 2, 2], [0, 1, 2, 3]) },
      { from: 'x', to: 'y' },
      'tangent',
    );
    const weights = [0, 1, 2, 3].map(Math.exp);
    const total = weights.reduce((sum, each) => sum + each, 0);
    const p = weights.map((each) => each / total);
    const want = p.map((pi, i) => p.map((pj, j) => (i === j ? pi : 0) - pi * pj));
    system.rows.forEach((row, i) => expectClose(row, want[i] ?? []));
  });

  test('a system of a bias-free rectifier network is the network, at any scale (E5)', async () => {
    const engine = await load();
    const values = (count: number, seed: number) => Array.from({ length: count }, (_, at) => Math.sin(at * 1.7 + seed));
    const model = modelProto({
      nodes: [
        node('Conv', ['x', 'w'], ['c'], { attributes: { pads: [1, 0, 0, 1], strides: [2, 1] } }),
        node('LeakyRelu', ['c'], ['r'], { attributes: { alpha: 0.1 } }),
        node('MaxPool', ['r'], ['m'], { attributes: { kernel_shape: [1, 2] } }),
        node('GlobalAveragePool', ['m'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 2, 5, 6])],
      outputs: ['y'],
      initializers: [weight('w', [3, 2, 2, 2], values(24, 1))],
    });
    const x = values(60, 2);
    const one = await systemOf(engine, model, { x: float([1, 2, 5, 6], x) }, { from: 'x', to: 'y' });
    expect(one.linearization.biases).toEqual([]);
    const product = one.rows.map((row) => row.reduce((sum, each, at) => sum + each * (x[at] ?? 0), 0));
    expectClose(product, one.value);
    const threefold = {
      x: float(
        [1, 2, 5, 6],
        x.map((each) => 3 * each),
      ),
    };
    const scaled = await systemOf(engine, model, threefold, { from: 'x', to: 'y' }, 'tangent');
    expectClose(
      scaled.value,
      one.value.map((each) => 3 * each),
    );
    scaled.rows.forEach((row, at) => expectClose(row, one.rows[at] ?? []));
  });
});

describe('what is not read', () => {
  const gap = modelProto({
    nodes: [
      node('Mystery', ['x'], ['m'], { domain: 'example' }),
      node('Mul', ['x', 'two'], ['d']),
      node('Add', ['d', 'm'], ['y']),
    ],
    inputs: [valueInfo('x', [2])],
    outputs: ['y'],
    initializers: [scalar('two', 2)],
  });
  const shapes = shapesOfRun(Object.fromEntries(['x', 'm', 'd', 'y'].map((name) => [name, float([2], [1, 2])])));

  test('an operator without a rule is named with what it cuts off; the rest is read', () => {
    const graph = createGraph(gap);
    const { cutNodes, reached, biases } = linearize({ graph, shapes, from: ['x'], to: ['y'], reading: 'frozen' });
    expect(cutNodes.map(({ node: at, values, reason }) => [at.opType, values, reason])).toEqual([
      ['Mystery', ['m'], 'example.Mystery has no rule'],
    ]);
    expect(reached).toEqual(['y']);
    expect(biases.map(({ value }) => value)).toEqual(['m']);
  });

  test('no way at all is a problem that names the first node on it', () => {
    const act = (): unknown =>
      linearize({ graph: createGraph(gap), shapes, from: ['x'], to: ['m'], reading: 'tangent' });
    expect(act).toThrow(ProblemError);
    expect(act).toThrow(/Nothing leads from “x” to “m”/);
  });

  test('a system does not start at whole numbers', () => {
    const whole = { ...shapes, typeOf: (value: string) => (value === 'x' ? 'int64' : shapes.typeOf(value)) };
    const act = (): unknown =>
      linearize({ graph: createGraph(gap), shapes: whole, from: ['x'], to: ['y'], reading: 'tangent' });
    expect(act).toThrow(/“x” holds int64 numbers/);
  });
});

test('where nobody chose, a system starts at the first floating-point values and ends before a softmax', () => {
  const model = modelProto({
    nodes: [
      node('Gather', ['table', 'ids'], ['e']),
      node('Shape', ['ids'], ['s']),
      node('ConstantOfShape', ['s'], ['zeros']),
      node('MatMul', ['e', 'w'], ['l']),
      node('Softmax', ['l'], ['p']),
      node('Reshape', ['p', 'flat'], ['y']),
    ],
    inputs: ['ids'],
    outputs: ['y'],
    initializers: [weight('table', [4, 2]), weight('w', [2, 2]), integers('flat', [-1])],
  });
  const graph = createGraph(model);
  const shapes = shapesOfRun({
    ids: { type: 'int64', dims: [3], data: BigInt64Array.of(0n, 1n, 2n) },
    ...Object.fromEntries(['e', 'l', 'p'].map((name) => [name, float([3, 2], [1, 2, 3, 4, 5, 6])])),
    s: { type: 'int64', dims: [1], data: BigInt64Array.of(3n) },
    zeros: float([3], [0, 0, 0]),
  });
  expect(firstFloatValues(graph, shapes)).toEqual(['e']);
  expect(beforeSoftmax(graph, 'y')).toBe('l');
  expect(beforeSoftmax(graph, 'l')).toBe('l');
});

test.each(ENGINES)('the ledger has the biases that are asked for ($name)', async ({ load }) => {
  const values = { ...(await runModel(await load(), prune(NET_A, ['z', 'h', 'y']), { x: float([1, 2], [1, 2]) })) };
  const shapes = shapesOfRun({ x: float([1, 2], [1, 2]), ...values });
  const books = ({ value }: { readonly value: string | undefined }): boolean => value === 'b2';
  const request = { graph: createGraph(NET_A), shapes, from: ['x'], to: ['y'], reading: 'frozen', books } as const;
  const linearization = linearize(request);
  expect(linearization.biases.map(({ value }) => value)).toEqual(['b2']);
  const { model, ledger = '' } = linearization.write(['transpose']);
  const seeds = { 'y seed': float([2, 1, 2], [1, 0, 0, 1]) };
  const outputs = await runModel(await load(), model, { x: float([1, 2], [1, 2]), ...seeds });
  expect(numbers(outputs[ledger])).toEqual([0.25, -0.5]);
});

describe('values on the way', () => {
  /** h = 2 x; a = 3 h; y = a + h. */
  const model = modelProto({
    nodes: [node('Mul', ['x', 'two'], ['h']), node('Mul', ['h', 'three'], ['a']), node('Add', ['a', 'h'], ['y'])],
    inputs: [valueInfo('x', [1])],
    outputs: ['y'],
    initializers: [scalar('two', 2), scalar('three', 3)],
  });
  const shapes = shapesOfRun(Object.fromEntries(['x', 'h', 'a', 'y'].map((name) => [name, float([1], [1])])));

  test.each(ENGINES)('have rows of their own, and cut nothing ($name)', async ({ load }) => {
    const read = { graph: createGraph(model), shapes, to: ['y'], reading: 'tangent' } as const;
    const rowsOf = async (from: readonly string[], through: readonly string[]) => {
      const { transpose, model: written } = linearize({ ...read, from, through }).write(['transpose'], ['h']);
      const outputs = await runModel(await load(), written, { x: float([1], [1]), 'y seed': float([1, 1], [1]) });
      expect(numbers(outputs['h'])).toEqual([2]);
      return Object.fromEntries([...transpose].map(([value, name]) => [value, numbers(outputs[name])[0]]));
    };
    expect(await rowsOf(['x'], ['h', 'a'])).toEqual({ x: 8, h: 4, a: 1 });
    expect(await rowsOf([], ['h', 'a', 'y'])).toEqual({ h: 4, a: 1, y: 1 });
    expect(await rowsOf(['x', 'h'], [])).toEqual({ h: 4 });
  });

  test('a value with another kind of number is refused like an end', () => {
    const whole = { ...shapes, typeOf: (value: string) => (value === 'h' ? 'int64' : 'float32') };
    const act = (): unknown =>
      linearize({ graph: createGraph(model), shapes: whole, from: [], through: ['h'], to: ['y'], reading: 'tangent' });
    expect(act).toThrow(/“h” holds int64 numbers/);
  });
});

test.each(ENGINES)(
  'a gate is held still or gets half, its own value’s gate is always held ($name)',
  async ({ load }) => {
    /** y = σ(a) b, and z = x σ(x). */
    const parts = { inputs: [valueInfo('x', [2])], initializers: [] };
    const gated = modelProto(
      {
        ...parts,
        nodes: [
          node('Split', ['x'], ['a', 'b'], { attributes: { axis: 0n, num_outputs: 2n } }),
          node('Sigmoid', ['a'], ['s']),
          node('Mul', ['s', 'b'], ['y']),
        ],
        outputs: ['y'],
      },
      18,
    );
    const own = modelProto({
      ...parts,
      nodes: [node('Sigmoid', ['x'], ['s']), node('Mul', ['x', 's'], ['y'])],
      outputs: ['y'],
    });
    const rowOf = async (model: ModelProto, gates: 'none' | 'half') => {
      const x = { x: float([2], [1, 2]) };
      const graph = createGraph(model);
      const made = graph.nodes.flatMap(({ outputs }) => outputs);
      const values: NamedTensors = { ...x, ...(await runModel(await load(), prune(model, made), x)) };
      const request = { graph, shapes: shapesOfRun(values), from: ['x'], to: ['y'], reading: 'frozen', gates } as const;
      const written = linearize(request).write(['transpose']);
      const end = values['y'];
      const seed = { 'y seed': float([1, ...(end?.dims ?? [])], [1, 0].slice(0, end?.data.length)) };
      return numbers(
        (await runModel(await load(), written.model, { ...x, ...seed }))[written.transpose.get('x') ?? ''],
      );
    };
    const sigma = 1 / (1 + Math.exp(-1));
    // σ(1) · 2, by the secant of σ: (σ(1) − ½) / 1.
    expectClose(await rowOf(gated, 'none'), [0, sigma]);
    expectClose(await rowOf(gated, 'half'), [sigma - 0.5, sigma / 2]);
    expectClose(await rowOf(own, 'none'), [sigma, 0]);
    expectClose(await rowOf(own, 'half'), [sigma, 0]);
  },
);
