/** Recurrent operators written out step by step say what the operators say, and their gates are held. */
import { describe, expect, test } from 'vitest';
import { createGraph } from '../../../src/core/graph/graph.js';
import { shapesOfRun } from '../../../src/core/rewrite/linearize/prepare.js';
import { unrollRecurrent } from '../../../src/core/rewrite/linearize/unroll-recurrent.js';
import { elementCount } from '../../../src/core/tensor/tensor.js';
import { ENGINES } from '../engine/engines.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { float, numbers, runModel, systemOf } from './linear-system.js';

const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;
const [LENGTH, BATCH, WIDTH, HIDDEN] = [3, 2, 4, 5];

interface Case {
  readonly opType: keyof typeof GATES;
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  /** Inputs behind the weights that are given: bias, starting states, peepholes. */
  readonly given: string;
  readonly attributes?: Readonly<Record<string, bigint>>;
}

const CASES: readonly Case[] = [
  { opType: 'RNN', direction: 'forward', given: '' },
  { opType: 'RNN', direction: 'bidirectional', given: 'bias state' },
  { opType: 'GRU', direction: 'forward', given: 'bias state' },
  { opType: 'GRU', direction: 'reverse', given: 'bias', attributes: { linear_before_reset: 1n } },
  { opType: 'GRU', direction: 'bidirectional', given: '', attributes: { linear_before_reset: 0n } },
  { opType: 'LSTM', direction: 'forward', given: '' },
  { opType: 'LSTM', direction: 'reverse', given: 'bias state' },
  { opType: 'LSTM', direction: 'bidirectional', given: 'bias state peepholes' },
];

function wave(dims: readonly number[], phase: number): number[] {
  return Array.from({ length: elementCount(dims) }, (_, at) => Math.sin(at * 1.3 + phase));
}

function recurrent({ opType, direction, given, attributes = {} }: Case): ReturnType<typeof modelProto> {
  const directions = direction === 'bidirectional' ? 2 : 1;
  const rows = GATES[opType] * HIDDEN;
  const has = (what: string): boolean => given.split(' ').includes(what);
  const state = [directions, BATCH, HIDDEN];
  const parameters: [string, number[], boolean][] = [
    ['W', [directions, rows, WIDTH], true],
    ['R', [directions, rows, HIDDEN], true],
    ['B', [directions, 2 * rows], has('bias')],
    ['lengths', [], false],
    ['H', state, has('state')],
    ['C', state, has('state') && opType === 'LSTM'],
    ['P', [directions, 3 * HIDDEN], has('peepholes')],
  ];
  const kept = parameters.filter(([, , isGiven]) => isGiven);
  const inputs = parameters.map(([name, , isGiven]) => (isGiven ? name : ''));
  const last = inputs.findLastIndex((name) => name !== '');
  const outputs = ['Y', 'Y_h', ...(opType === 'LSTM' ? ['Y_c'] : [])];
  return modelProto(
    {
      nodes: [
        node(opType, ['x', ...inputs.slice(0, last + 1)], outputs, {
          attributes: { direction, hidden_size: BigInt(HIDDEN), ...attributes },
        }),
      ],
      inputs: [valueInfo('x', [LENGTH, BATCH, WIDTH])],
      outputs,
      initializers: kept.map(([name, dims], at) => weight(name, dims, wave(dims, at))),
    },
    18,
  );
}

const X = float([LENGTH, BATCH, WIDTH], wave([LENGTH, BATCH, WIDTH], 9));

describe.each(ENGINES)('unrolling with the $name engine', ({ load }) => {
  test.each(CASES)('$opType $direction with $given $attributes', async (each) => {
    const engine = await load();
    const model = recurrent(each);
    const want = await runModel(engine, model, { x: X });
    const unrolled = unrollRecurrent(createGraph(model), shapesOfRun({ x: X, ...want }));
    expect(unrolled.nodes.map(({ opType }) => opType)).not.toContain(each.opType);
    const got = await runModel(engine, unrolled.model, { x: X });
    for (const [name, tensor] of Object.entries(want)) {
      expect(got[name]?.dims).toEqual(tensor.dims);
      const values = numbers(got[name]);
      numbers(tensor).forEach((value, at) => expect(values[at]).toBeCloseTo(value, 5));
    }
  });

  test('an LSTM held at its gates is linear, and its biases and votes make up the output', async () => {
    const engine = await load();
    const model = recurrent({ opType: 'LSTM', direction: 'forward', given: 'bias' });
    const want = await runModel(engine, model, { x: X });
    const unrolled = unrollRecurrent(createGraph(model), shapesOfRun({ x: X, ...want }));
    const system = await systemOf(engine, unrolled.model, { x: X }, { from: 'x', to: 'Y_h' });
    expect(system.linearization.cutNodes).toEqual([]);
    const x = numbers(X);
    system.value.forEach((value, output) => {
      const votes = (system.rows[output] ?? []).map((gain, at) => gain * (x[at] ?? 0));
      const total = [...votes, ...(system.ledger[output] ?? [])].reduce((sum, each) => sum + each, 0);
      expect(total).toBeCloseTo(value, 4);
      expect(system.affine[output]).toBeCloseTo(value, 4);
    });
  });
});

test('what is not known how to write out stays as it is', () => {
  const model = recurrent({ opType: 'RNN', direction: 'forward', given: '' });
  const graph = createGraph(model);
  expect(unrollRecurrent(graph, shapesOfRun({}))).toBe(graph);
});
