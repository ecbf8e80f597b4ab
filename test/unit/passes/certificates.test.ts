import { describe, expect, test } from 'vitest';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { certificates } from '../../../src/core/passes/certificates/pass.js';
import type { NetworkSubject } from '../../../src/core/passes/pass.js';
import type { PassResult, UnitMetric } from '../../../src/core/passes/result.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { int64Tensor, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { RECTIFIER_CONSTANTS, SPELLED_RECTIFIERS } from '../spelled-rectifiers.js';
import { neededData } from '../shared-data.js';
import { ACAS_XU_BOX, lostByCutting, openAcasXu } from './acasxu.js';
import { pointsOf, violations } from './box-points.js';
import { modelSubject } from './file-subject.js';

function boxed(lower: number | number[], upper: number | number[], splits = 0): NetworkSubject['box'] {
  const range = { lower: [lower].flat(), upper: [upper].flat(), origin: 'as the recipe states it' };
  return { ranges: { x: range }, splits };
}

async function certify(model: ModelProto, box?: NetworkSubject['box']): Promise<PassResult> {
  return certificates.examine(await modelSubject(model, {}, box));
}

function unitsOf(result: PassResult, layer: string, metric = 'certificate'): number[] {
  return Array.from(result.unitMetrics.find(({ id }) => id === metric)?.values[layer] ?? []);
}

/** NET-7 of methods, section 0: h = ReLU([x, y]), z = h₁ + h₂ − 0.5, ReLU(z). */
const NET_7 = modelProto({
  nodes: [node('Relu', ['x'], ['h']), node('Gemm', ['h', 'ones', 'half'], ['z']), node('Relu', ['z'], ['y'])],
  inputs: [valueInfo('x', [1, 2])],
  outputs: ['y'],
  initializers: [weight('ones', [2, 1], [1, 1]), weight('half', [1], [-0.5])],
});

/** One tent 2 ReLU(x) − 4 ReLU(x − ½), less 1.1: below 0 everywhere on [0, 1]. */
const TENT = modelProto({
  nodes: [
    node('Gemm', ['x', 'W', 'b'], ['z']),
    node('Relu', ['z'], ['h']),
    node('Gemm', ['h', 'V', 'c'], ['t']),
    node('Relu', ['t'], ['y']),
  ],
  inputs: [valueInfo('x', [1, 1])],
  outputs: ['y'],
  initializers: [
    weight('W', [1, 2], [1, 1]),
    weight('b', [2], [0, -0.5]),
    weight('V', [2, 1], [2, -4]),
    weight('c', [1], [-1.1]),
  ],
});

/** y = (h, h/2 − 3, −h, −3) with h = SiLU(x), spelled: on [−1, 1] the second and the fourth are always below the first. */
function gated(shape: readonly (number | string)[]): ModelProto {
  const rows = shape.slice(0, -1);
  return modelProto({
    nodes: [
      node('Sigmoid', ['x'], ['gate']),
      node('Mul', ['x', 'gate'], ['h']),
      node('MatMul', ['h', 'V'], ['t']),
      node('Add', ['t', 'c'], ['y']),
    ],
    inputs: [valueInfo('x', [...rows, 1])],
    outputs: [valueInfo('y', shape)],
    initializers: [weight('V', [1, 4], [1, 0.5, -1, 0]), weight('c', [4], [0, -3, 0, -3])],
  });
}

/** The same network with its rectifiers spelled in another way; constants come besides. */
function respelled(model: ModelProto, spelled: (typeof SPELLED_RECTIFIERS)[number][1]): ModelProto {
  const { graph } = model;
  if (graph === undefined) throw new Error('There is no graph.');
  const nodes = graph.node.flatMap((each) =>
    each.opType === 'Relu' ? spelled(each.input[0] ?? '', each.output[0] ?? '') : [each],
  );
  return { ...model, graph: { ...graph, node: nodes, initializer: [...graph.initializer, ...RECTIFIER_CONSTANTS] } };
}

describe('certificates', () => {
  test.each(SPELLED_RECTIFIERS)('of a rectifier spelled %s are those of Relu', async (_, spelled) => {
    for (const [lower, upper, splits] of [
      [0, 1, 0],
      [0.6, 1, 0],
      [0, 1, 8],
    ] as const) {
      const [ours, twin] = [
        await certify(respelled(TENT, spelled), boxed(lower, upper, splits)),
        await certify(TENT, boxed(lower, upper, splits)),
      ];
      expect([...unitsOf(ours, 'h'), ...unitsOf(ours, 'y')]).toHaveLength(3);
      expect(ours.unitMetrics).toEqual(twin.unitMetrics);
      expect(ours.layerMetrics).toEqual(twin.layerMetrics);
      expect(ours.answer).toBe(twin.answer);
    }
  });

  test('NET-7 by hand: on [−1, 1]² nothing is proven, on [−1, 0.2]² the second layer is dead', async () => {
    const open = await certify(NET_7, boxed(-1, 1));
    expect(open.answer).toContain('0 of 3 units can never fire for any input in the box');
    expect(unitsOf(open, 'y', 'certified-upper')[0]).toBeCloseTo(1.5, 4);
    expect(unitsOf(open, 'y', 'certified-lower')[0]).toBeCloseTo(-0.5, 4);
    const narrow = await certify(NET_7, boxed(-1, 0.2));
    expect(narrow.answer).toContain('1 of 3 units can never fire for any input in the box');
    expect(unitsOf(narrow, 'y')).toEqual([-1]);
    const [finding] = narrow.findings;
    expect(finding?.sentence).toContain('can never fire for any input in the box (“x” from -1 to 0.2');
    expect(finding?.units).toEqual([0]);
    const positive = await certify(NET_7, boxed(0.5, 1));
    expect(unitsOf(positive, 'h')).toEqual([1, 1]);
    expect(unitsOf(positive, 'y')).toEqual([1]);
  });

  test('a box with ends for each element: one input alone is always positive', async () => {
    const result = await certify(NET_7, boxed([0.1, -1], [1, -0.5]));
    expect(unitsOf(result, 'h')).toEqual([1, -1]);
    expect(result.tables?.[0]?.rows[0]?.cells.slice(1, 6)).toEqual([2, 1, 1, 0, 0]);
    expect(result.layerMetrics.find(({ id }) => id === 'certified-dead-share')?.values['h']).toBe(0.5);
  });

  test('one cut of the box proves what the whole box does not', async () => {
    expect(unitsOf(await certify(TENT, boxed(0, 1)), 'y')).toEqual([0]);
    const cut = await certify(TENT, boxed(0, 1, 1));
    expect(unitsOf(cut, 'y')).toEqual([-1]);
    expect(cut.tables?.[0]?.definition).toContain('The box was cut once.');
  });

  test('classes: one that is below another everywhere can never win, though their ranges overlap', async () => {
    // z = (a, a − 0.5, 1 − a) with a = ReLU(x): the second is always below the first.
    const model = modelProto({
      nodes: [node('Relu', ['x'], ['h']), node('Gemm', ['h', 'V', 'c'], ['z']), node('Softmax', ['z'], ['y'])],
      inputs: [valueInfo('x', [1, 1])],
      outputs: ['y'],
      initializers: [weight('V', [1, 3], [1, 1, -1]), weight('c', [3], [0, -0.5, 1])],
    });
    const result = await certify(model, boxed(-1, 1));
    expect(result.answer).toContain('1 class can never win.');
    const table = result.tables?.find(({ id }) => id.startsWith('certificates-classes'));
    expect(table?.rows.map(({ cells }) => cells)).toEqual([
      [0, 'open', 'never'],
      [1, 'never', 'open'],
      [2, 'open', 'open'],
    ]);
    expect(result.findings.at(-1)?.sentence).toContain('Class 1 can never win at “z”');
  });

  test('a cut loses nothing of what the whole box proves, though CROWN’s lines are chosen anew', async () => {
    const random = (count: number, seed: number): number[] =>
      Array.from({ length: count }, (_, at) => Math.sin(12.9898 * (at + 1) * (seed + 1)) * 2);
    const model = modelProto({
      nodes: [
        node('Gemm', ['x', 'W', 'a'], ['z1']),
        node('Relu', ['z1'], ['h1']),
        node('Gemm', ['h1', 'V', 'b'], ['z2']),
        node('Relu', ['z2'], ['h2']),
        node('Gemm', ['h2', 'U', 'c'], ['z3']),
        node('Relu', ['z3'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 2])],
      outputs: ['y'],
      initializers: [
        weight('W', [2, 8], random(16, 0)),
        weight('a', [8], random(8, 1)),
        weight('V', [8, 8], random(64, 2)),
        weight('b', [8], random(8, 3)),
        weight('U', [8, 8], random(64, 4)),
        weight('c', [8], random(8, 5)),
      ],
    });
    const whole = await certify(model, boxed(-1, 1));
    for (const splits of [1, 2, 3])
      expect(lostByCutting(whole, await certify(model, boxed(-1, 1, splits)))).toEqual([]);
  });

  test('channels are dead where all positions are; tanh saturates; a clip stands on its limits', async () => {
    const model = modelProto({
      nodes: [
        node('Conv', ['x', 'K', 'k'], ['c']),
        node('Relu', ['c'], ['r']),
        node('Tanh', ['c'], ['t']),
        node('Clip', ['c', 'low', 'high'], ['p']),
        node('Sum', ['r', 't', 'p'], ['s']),
        node('ReduceMean', ['s'], ['y'], { attributes: { axes: [2, 3] } }),
      ],
      inputs: [valueInfo('x', [1, 1, 3, 3])],
      outputs: ['y'],
      initializers: [
        weight('K', [3, 1, 1, 1], [1, 1, 1]),
        weight('k', [3], [-1.5, 0.5, 4]),
        scalar('low', 0),
        scalar('high', 2),
      ],
    });
    const result = await certify(model, boxed(-1, 1));
    expect(unitsOf(result, 'r')).toEqual([-1, 0, 1]);
    expect(unitsOf(result, 't')).toEqual([0, 0, -0.5]);
    expect(unitsOf(result, 'p')).toEqual([-1, 0, -0.5]);
    expect(result.findings[0]?.sentence).toContain('1 of 3 channels');
  });

  // One unit for each number, which is the input of its function give or take 0.1.
  test.each<[string, number[], number[], ReturnType<typeof node>[]]>([
    ['Elu', [-2, 0, 2], [0, 0, 1], [node('Elu', ['z'], ['h'])]],
    ['Celu', [-2, 0, 2], [0, 0, 1], [node('Celu', ['z'], ['h'])]],
    ['Selu', [-2, 0, 2], [0, 0, 1], [node('Selu', ['z'], ['h'])]],
    ['Erf', [-2, 0, 2], [-0.5, 0, -0.5], [node('Erf', ['z'], ['h'])]],
    ['Softsign', [-100, 0, 100], [-0.5, 0, -0.5], [node('Softsign', ['z'], ['h'])]],
    ['max(z, 0)²', [-2, 0, 2], [-1, 0, 0], [node('Relu', ['z'], ['r']), node('Mul', ['r', 'r'], ['h'])]],
    [
      '(z + |z|) / 2',
      [-2, 0, 2],
      [-1, 0, 1],
      [node('Abs', ['z'], ['r']), node('Add', ['z', 'r'], ['s']), node('Mul', ['s', 'half'], ['h'])],
    ],
    ['max(z, z / 2)', [-2, 0, 2], [1, 0, 1], [node('Mul', ['z', 'half'], ['r']), node('Max', ['z', 'r'], ['h'])]],
    [
      'min(max(z, 0), 6)',
      [-2, 0, 2, 6, 7],
      [-1, 0, 1, 0, -0.5],
      [node('Max', ['z', 'zero'], ['r']), node('Min', ['r', 'six'], ['h'])],
    ],
    [
      'z · clip(z + 3, 0, 6) / 6',
      [-4, -3, 0, 3, 4],
      [-1, 0, 0, 0, 1],
      [
        node('Add', ['z', 'three'], ['r']),
        node('Clip', ['r', 'zero', 'six'], ['s']),
        node('Mul', ['z', 's'], ['t']),
        node('Div', ['t', 'six'], ['h']),
      ],
    ],
    [
      'z · hard sigmoid of z',
      [-4, -3, 0, 3, 4],
      [-1, 0, 0, 0, 1],
      [node('HardSigmoid', ['z'], ['r'], { attributes: { alpha: 1 / 6 } }), node('Mul', ['z', 'r'], ['h'])],
    ],
  ])('of %s: flat and straight pieces are proven, bends are not', async (_, shifts, codes, nodes) => {
    const units = shifts.length;
    const model = modelProto({
      nodes: [node('Gemm', ['x', 'W', 'shifts'], ['z']), ...nodes, node('MatMul', ['h', 'ones'], ['y'])],
      inputs: [valueInfo('x', [1, 1])],
      outputs: ['y'],
      initializers: [
        weight('W', [1, units], Array<number>(units).fill(0.1)),
        weight('shifts', [units], shifts),
        weight('ones', [units, 1], Array<number>(units).fill(1)),
        ...[scalar('zero', 0), scalar('half', 0.5), scalar('three', 3), scalar('six', 6)],
      ],
    });
    const result = await certify(model, boxed(-1, 1));
    expect(unitsOf(result, 'h')).toEqual(codes);
  });

  test('without a box it says so, and what to do', async () => {
    const result = await certify(NET_7);
    expect(result.answer).toContain('Nothing is certified: it is not known what “x” can hold at most and at least.');
    expect(result.answer).toContain('State Input Range…');
    expect(result.findings[0]?.advice).toContain('"box"');
    expect(result.unitMetrics).toEqual([]);
  });

  test('a box with another number of ends than the input has elements is refused', async () => {
    await expect(certify(NET_7, boxed([0, 0, 0], 1))).rejects.toThrow('The range of “x” has 3 ends.');
  });

  test('where nothing has bounds, the answer says at which node and why', async () => {
    const model = modelProto({
      nodes: [
        node('Cast', ['x'], ['half'], { attributes: { to: BigInt(DataType.FLOAT16) } }),
        node('Relu', ['half'], ['h']),
        node('Cast', ['h'], ['y'], { attributes: { to: BigInt(DataType.FLOAT) } }),
      ],
      inputs: [valueInfo('x', [1, 3])],
      outputs: ['y'],
      initializers: [],
    });
    const { answer } = await certify(model, boxed(-1, 1));
    expect(answer).toMatch(
      /^Nothing is certified\. Nothing between “x” and .* can be bounded\. Cast is where bounds end: /,
    );
  });

  test('bounds end, by name, at an operator without a rule; what lies before is certified', async () => {
    const model = modelProto({
      nodes: [
        node('Relu', ['x'], ['h']),
        node('TopK', ['h', 'two'], ['best', 'places']),
        node('Relu', ['best'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 3])],
      outputs: ['y'],
      initializers: [integers('two', [2])],
    });
    const result = await certify(model, boxed(1, 2));
    expect(unitsOf(result, 'h')).toEqual([1, 1, 1]);
    expect(result.findings.map(({ sentence }) => sentence)).toContain(
      'Bounds end at TopK (“best”): TopK has no rule for bounds.',
    );
    expect(unitsOf(result, 'y')).toEqual([]);
  });

  test('weights alone, and functions that bend everywhere before no classes, are not asked, and it is said why', () => {
    expect(certificates.applies({ tensors: [] })).toMatchObject({ applies: false });
    const silu = gated([2, 4, 3]);
    const answer = certificates.applies({ tensors: [], graph: createGraph(silu) });
    expect(answer).toEqual({
      applies: false,
      reason:
        'No unit can be proven dead or linear, because the activation functions of this model (Silu (Sigmoid)) are flat or ' +
        'straight nowhere, and no output has one number for each class, of which one could never win.',
    });
  });

  test('the sigmoid of a SiLU is no unit: only classes are certified, without “0 of 0 units”', async () => {
    const model = gated([1, 4]);
    expect(certificates.applies({ tensors: [], graph: createGraph(model) })).toEqual({ applies: true });
    const result = await certify(model, boxed(-1, 1));
    expect(result.answer).toContain(
      'flat or straight nowhere. 2 classes can never win. This is for any input in the box',
    );
    expect(result.tables?.map(({ id }) => id)).toEqual(['certificates-classes-y']);
  });

  test('where the sizes make several positions of an output, nothing is bounded, and it is said why', async () => {
    const result = await certificates.examine(await modelSubject(gated(['n', 4]), { n: 2 }, boxed(-1, 1)));
    expect(result.answer).toContain('no output has one number for each class');
    expect(result.box).toBeUndefined();
  });

  test('CROWN is left out where intervals leave nothing open', async () => {
    const method = async (upper: number): Promise<unknown> =>
      (await certify(NET_7, boxed(-1, upper))).tables?.[0]?.rows.map(({ cells }) => cells.at(-1));
    // On [−1, −0.5]² both layers are dead; on [−1, 0.2]² the first is open, which the input itself bounds.
    expect(await method(-0.5)).toEqual(['intervals', 'intervals']);
    expect(await method(1)).toEqual(['intervals', 'CROWN and intervals']);
  });

  test.for(['1_1', '2_3', '5_5'])('ACAS Xu %s: 100,000 points of the box leave no bound', async (name, { skip }) => {
    const network = openAcasXu(neededData(`acasxu/ACASXU_${name}.onnx`, skip));
    const result = await certify(network.model, ACAS_XU_BOX);
    expect(Object.values(unitMetric(result).values).map(({ length }) => length)).toEqual([50, 50, 50, 50, 50, 50]);
    expect(await violations(await loadNativeEngine(), network, result, pointsOf(network, 100_000))).toEqual([]);
  });

  test.for(['4_1', '5_5'])(
    'ACAS Xu %s cut four times: nothing is lost, and no point leaves a bound',
    { timeout: 120_000 },
    async (name, { skip }) => {
      const network = openAcasXu(neededData(`acasxu/ACASXU_${name}.onnx`, skip));
      const whole = await certify(network.model, ACAS_XU_BOX);
      const cut = await certify(network.model, { ...ACAS_XU_BOX, splits: 4 });
      expect(cut.tables?.[0]?.definition).toContain('The box was cut 4 times.');
      expect(lostByCutting(whole, cut)).toEqual([]);
      const width = ({ tables }: PassResult): number =>
        tables?.[0]?.rows.reduce((sum, { cells }) => sum + Number(cells[6]), 0) ?? NaN;
      expect(width(cut)).toBeLessThan(0.85 * width(whole));
      expect(await violations(await loadNativeEngine(), network, cut, pointsOf(network, 100_000))).toEqual([]);
    },
  );
});

function unitMetric({ unitMetrics }: PassResult): UnitMetric {
  const found = unitMetrics.find(({ id }) => id === 'certificate');
  if (found === undefined) throw new Error('There is no such metric.');
  return found;
}

describe('boxes of tokens', () => {
  /** Two tokens of a table whose columns are 1 to 2 and −3 to −1; the second is always below 0. */
  const embedded = (more: Parameters<typeof modelProto>[0]['nodes'] = []): ModelProto =>
    modelProto({
      nodes: [
        node('Gather', ['table', 'ids'], ['e']),
        ...more,
        node('Relu', [more.length === 0 ? 'e' : 'm'], ['h']),
        node('ReduceSum', ['h'], ['y'], { attributes: { keepdims: 0 } }),
      ],
      inputs: [makeValueInfo('ids', DataType.INT64, [1, 2])],
      outputs: ['y'],
      initializers: [weight('table', [3, 2], [1, -1, 2, -3, 1.5, -2]), scalar('floor', 0.5)],
    });

  test('start at the embeddings: between the least and the largest of each column', async () => {
    const result = await certify(embedded());
    expect(result.answer).toContain('1 of 2 units can never fire for any input in the box');
    expect(unitsOf(result, 'h')).toEqual([1, -1]);
    expect(unitsOf(result, 'h', 'certified-upper')[0]).toBeCloseTo(2, 4);
    expect(result.tables?.[0]?.definition).toContain('of its column of “table”, whichever the token');
  });

  test('are of no use where the tokens are read beside their embeddings, which is said', async () => {
    const masked = embedded([
      node('Greater', ['ids', 'one'], ['odd']),
      node('Unsqueeze', ['odd', 'last'], ['mask']),
      node('Where', ['mask', 'e', 'floor'], ['m']),
    ]);
    masked.graph?.initializer.push(int64Tensor('one', [], [1]), integers('last', [2]));
    const result = await certify(masked);
    expect(result.answer).toContain('it is not known which numbers “ids” can hold beside embeddings');
  });
});
