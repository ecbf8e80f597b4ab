/** Units that are dead by their weights, against worked examples and against forward passes of random networks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGraph } from '../../../src/core/graph/graph.js';
import { findStaticUnits, type StaticUnits } from '../../../src/core/passes/static-dead-units/find.js';
import { staticDeadUnits } from '../../../src/core/passes/static-dead-units/pass.js';
import { modelProto, node, scalar, valueInfo, weight, type GraphParts } from '../graph-builder.js';
import { fileSubject } from './file-subject.js';

const found = async (parts: GraphParts): Promise<StaticUnits[]> => {
  const subject = await fileSubject(parts);
  return findStaticUnits(subject, subject.network);
};

/** Four hidden neurons: without weights below and above zero, alive, and alive but read by nobody. */
const mlp: GraphParts = {
  nodes: [
    node('MatMul', ['x', 'w1'], ['h']),
    node('Add', ['h', 'b1'], ['hb']),
    node('Relu', ['hb'], ['a']),
    node('Gemm', ['a', 'w2', 'b2'], ['y'], { attributes: { transB: 1n } }),
  ],
  inputs: [valueInfo('x', ['batch', 2])],
  outputs: [valueInfo('y')],
  initializers: [
    weight('w1', [2, 4], [0, 0, 1, 2, 0, 0, -1, 0]),
    weight('b1', [4], [-1, 0.5, 0, 0.3]),
    weight('w2', [2, 4], [1, 1, 1, 0, 2, 2, 2, 0]),
    weight('b2', [2], [0, 0]),
  ],
};

describe('units that are dead by their weights', () => {
  it('have no weights and no bias that a rectifier lets through (methods D1 and M4)', async () => {
    const [first, second] = await found(mlp);
    expect(first).toMatchObject({ units: 4, dead: [0], constant: [1], useless: [3], activation: 'a' });
    expect(second).toMatchObject({ units: 2, dead: [], constant: [], useless: [] });
  });

  it('are told in a sentence, in a table, and as colours of the graph', async () => {
    const result = await staticDeadUnits.examine(await fileSubject(mlp));
    expect(result.answer).toBe(
      'Of 6 units in 2 layers, whatever the input: 1 can never fire (dead), 1 gives the same value always (constant), ' +
        '1 is read by nobody (useless).',
    );
    expect(result.findings.map(({ severity, layer, units }) => [severity, layer, units])).toEqual([
      ['warning', 'a', [0]],
      ['information', 'a', [1]],
      ['warning', 'a', [3]],
    ]);
    expect(result.nodeMetrics?.[0]?.values).toEqual(Float64Array.of(0.75, NaN, NaN, 0));
    expect(result.tables?.[0]?.rows[0]?.cells.at(-1)).toBe('dead: 0; constant: 1; useless: 3');
  });

  it('of a convolution count with the batch normalisation behind it', async () => {
    // (0 − mean) · scale / √(var + ε) + shift: −0.1, 0.5 and (0 + 1) · 2 / 2 − 0.5 = 0.5.
    const [layer] = await found({
      nodes: [
        node('Conv', ['x', 'w'], ['c']),
        node('BatchNormalization', ['c', 'scale', 'shift', 'mean', 'var'], ['n'], { attributes: { epsilon: 0 } }),
        node('Relu', ['n'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 1, 4, 4])],
      outputs: [valueInfo('y')],
      initializers: [
        weight('w', [4, 1, 1, 1], [0, 0, 0, 3]),
        weight('scale', [4], [1, 1, 2, 1]),
        weight('shift', [4], [-0.1, 0.5, -0.5, 0]),
        weight('mean', [4], [0, 0, -1, 0]),
        weight('var', [4], [1, 1, 4, 1]),
      ],
    });
    expect(layer).toMatchObject({ dead: [0], constant: [1, 2], useless: [] });
  });

  it('of channels are read through pooling and flattening; of a depthwise convolution kernel by kernel', async () => {
    const [wide, depthwise] = await found({
      nodes: [
        node('Conv', ['x', 'w'], ['c']),
        node('Conv', ['c', 'd'], ['e'], { attributes: { group: 3n } }),
        node('Relu', ['e'], ['f']),
        node('GlobalAveragePool', ['f'], ['g']),
        node('Flatten', ['g'], ['h']),
        node('Gemm', ['h', 'v'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 1, 4, 4])],
      outputs: [valueInfo('y')],
      initializers: [
        weight('w', [3, 1, 1, 1], [1, 1, 1]),
        weight('d', [3, 1, 1, 1], [1, 0, 1]),
        weight('v', [3, 2], [1, 1, 1, 1, 0, 0]),
      ],
    });
    // The kernel of channel 1 is zero: what the first convolution gives it is read by nobody, and nothing comes out.
    expect(wide).toMatchObject({ useless: [1] });
    expect(depthwise).toMatchObject({ dead: [1], useless: [2] });
  });

  // Of the four neurons the first three have no weights and the biases −1, 0.5 and 0; nobody reads the fourth.
  it.each<[string, GraphParts['nodes'], number[]]>([
    ['Relu6', [node('Clip', ['hb', 'zero', 'six'], ['a'])], [0, 2]],
    [
      '(x + |x|) / 2',
      [node('Abs', ['hb'], ['p']), node('Add', ['hb', 'p'], ['q']), node('Mul', ['q', 'half'], ['a'])],
      [0, 2],
    ],
    ['a squared Relu', [node('Relu', ['hb'], ['p']), node('Mul', ['p', 'p'], ['a'])], [0, 2]],
    ['HardSwish', [node('HardSwish', ['hb'], ['a'])], [2]],
    ['SiLU in two nodes', [node('Sigmoid', ['hb'], ['p']), node('Mul', ['hb', 'p'], ['a'])], [2]],
    ['Elu', [node('Elu', ['hb'], ['a'])], [2]],
    ['Sigmoid', [node('Sigmoid', ['hb'], ['a'])], []],
  ])('are told by what the activation function makes of the bias that is left: %s', async (_, function_, dead) => {
    const [first] = await found({
      ...mlp,
      nodes: [...mlp.nodes.slice(0, 2), ...function_, ...mlp.nodes.slice(3)],
      initializers: [
        weight('w1', [2, 4], [0, 0, 0, 2, 0, 0, 0, 0]),
        weight('b1', [4], [-1, 0.5, 0, 0.3]),
        weight('w2', [2, 4], [1, 1, 1, 0, 2, 2, 2, 0]),
        weight('b2', [2], [0, 0]),
        scalar('zero', 0),
        scalar('half', 0.5),
        scalar('six', 6),
      ],
    });
    const constant = [0, 1, 2].filter((unit) => !dead.includes(unit));
    expect(first).toMatchObject({ dead, constant, useless: [3], activation: 'a' });
  });

  it('of a gated block are useless where nobody reads the product with the gate', async () => {
    const [gate, up] = await found({
      nodes: [
        node('MatMul', ['x', 'w1'], ['g']),
        node('Sigmoid', ['g'], ['s']),
        node('Mul', ['g', 's'], ['a']),
        node('MatMul', ['x', 'w3'], ['u']),
        node('Mul', ['a', 'u'], ['p']),
        node('MatMul', ['p', 'w2'], ['y']),
      ],
      inputs: [valueInfo('x', ['batch', 2])],
      outputs: [valueInfo('y')],
      initializers: [
        weight('w1', [2, 2], [1, 2, 3, 4]),
        weight('w3', [2, 2], [1, 2, 3, 4]),
        weight('w2', [2, 1], [0, 1]),
      ],
    });
    expect([gate?.useless, up?.useless]).toEqual([[0], [0]]);
  });

  it('are not named where something else may read them', async () => {
    const [first] = await found({
      ...mlp,
      nodes: [...mlp.nodes, node('ReduceSum', ['a'], ['z'], { attributes: { keepdims: 1n } })],
      outputs: [valueInfo('y'), valueInfo('z')],
    });
    expect(first).toMatchObject({ dead: [0], useless: [] });
  });

  it('do in no random network what they are said not to do', async () => {
    const some = fc.integer({ min: -2, max: 2 });
    const matrix = (rows: number, columns: number) =>
      fc.array(some, { minLength: rows * columns, maxLength: rows * columns });
    await fc.assert(
      fc.asyncProperty(matrix(2, 3), matrix(3, 1), matrix(3, 1), async (w1, b1, w2) => {
        const [first] = await found({
          ...mlp,
          nodes: mlp.nodes.slice(0, 3).concat(node('MatMul', ['a', 'w2'], ['y'])),
          initializers: [weight('w1', [2, 3], w1), weight('b1', [3], b1), weight('w2', [3, 1], w2)],
        });
        const hidden = (x: readonly number[], unit: number): number =>
          Math.max(0, (x[0] ?? 0) * (w1[unit] ?? 0) + (x[1] ?? 0) * (w1[3 + unit] ?? 0) + (b1[unit] ?? 0));
        const inputs = [[1, 0], [0, 1], [-1, 0], [0, -1], [5, -3]]; // prettier-ignore
        for (const unit of [0, 1, 2]) {
          const values = new Set(inputs.map((x) => hidden(x, unit)));
          // With whole numbers this small, one of these inputs moves a unit that has weights, if its bias lets it.
          const isEmpty = w1[unit] === 0 && w1[3 + unit] === 0;
          expect(first?.dead.includes(unit)).toBe(isEmpty && (b1[unit] ?? 0) <= 0);
          if (first?.dead.includes(unit)) expect([...values]).toEqual([0]);
          if (first?.constant.includes(unit)) expect(values.size).toBe(1);
          expect(first?.useless.includes(unit)).toBe(!isEmpty && w2[unit] === 0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('need a graph with weights', () => {
    expect(staticDeadUnits.applies({ tensors: [] }).applies).toBe(false);
    const graph = createGraph(
      modelProto({ nodes: [node('Relu', ['x'], ['y'])], inputs: [], outputs: [], initializers: [] }),
    );
    expect(staticDeadUnits.applies({ tensors: [], graph })).toMatchObject({ applies: false });
  });
});
