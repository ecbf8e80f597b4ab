/** The tests T1 to T5 and T7 of methods, section A, through whole systems. */
import { describe, expect, test } from 'vitest';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { ENGINES } from '../engine/engines.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { float } from '../rewrite/linear-system.js';
import { withSystem } from './open-system.js';

const NET_A = modelProto({
  nodes: [
    node('Gemm', ['x', 'W1', 'b1'], ['z'], { name: 'first', attributes: { transB: 1n } }),
    node('Relu', ['z'], ['h']),
    node('Gemm', ['h', 'W2', 'b2'], ['y'], { name: 'second', attributes: { transB: 1n } }),
  ],
  inputs: [valueInfo('x', ['batch', 2])],
  outputs: ['y'],
  initializers: [
    weight('W1', [3, 2], [1, -1, 2, 1, -1, 1]),
    weight('b1', [3], [0.5, -1, 0]),
    weight('W2', [2, 3], [1, 2, -3, 0, -1, 4]),
    weight('b2', [2], [0.25, -0.5]),
  ],
});
const X = { x: float([1, 2], [1, 2]) };

function expectClose(got: ArrayLike<number>, want: readonly number[], digits = 5): void {
  expect(got.length).toBe(want.length);
  want.forEach((each, at) => expect(got[at]).toBeCloseTo(each, digits));
}

describe.each(ENGINES)('a linear system with the $name engine', ({ load }) => {
  test('T1 and T7: NET-A by hand: votes, ledger, rows, columns, singular vectors', async () => {
    await withSystem(await load(), NET_A, X, {}, async ({ describe: description, votes, row, column, singular }) => {
      const { from, to, exactness, layers, notes, cut, inexact } = await description();
      expect([from.label, from.item, from.layout]).toEqual(['x', undefined, { kind: 'vector', size: 2 }]);
      expect([to.label, to.item, [...to.values]]).toEqual(['y', '#2', [3.25, 0.5]]);
      expect([notes, cut, inexact]).toEqual([[], [], []]);
      expect(exactness.isExact).toBe(true);
      expect(exactness.residual).toBeLessThan(1e-6);
      expect(layers).toEqual([
        { label: 'first', item: '#0' },
        { label: 'second', item: '#2' },
      ]);
      const [first, second] = await votes([0, 1]);
      expectClose(first?.votes ?? [], [7, -2]);
      expectClose(first?.ledger ?? [], [-2, 0.25]);
      expectClose(second?.votes ?? [], [-6, 6]);
      expectClose(second?.ledger ?? [], [1, -0.5]);
      expect(first).toMatchObject({ output: 0, value: 3.25, voteSum: 5, voteMagnitude: 9, biasSum: -1.75 });
      expect(first?.biasShare).toBeCloseTo(2.25 / 11.25, 6);
      for (const vote of [first, second]) {
        expect((vote?.voteSum ?? NaN) + (vote?.biasSum ?? NaN)).toBeCloseTo(vote?.value ?? NaN, 5);
      }
      expectClose(await row(1), [-6, 3]);
      expectClose(await row(Float32Array.of(1, 2)), [7 - 12, -1 + 6]);
      expectClose(await column(1), [-1, 3]);
      expectClose(await column(Float32Array.of(1, 1)), [6, -3]);
      const [one, two, ...more] = await singular({ count: 16 });
      expect([one?.isSettled, two?.isSettled, more]).toEqual([true, true, []]);
      expect(one?.gain).toBeCloseTo(9.6212988179, 4);
      expect(two?.gain).toBeCloseTo(1.5590410696, 4);
      const sign = Math.sign(one?.input[0] ?? 0);
      expectClose(one?.input.map((each) => sign * each) ?? [], [0.9570920265, -0.2897841487], 4);
      expectClose(one?.output.map((each) => sign * each) ?? [], [0.7264537217, -0.6872153885], 4);
    });
  });

  test('T3: a normalisation with its spread held still: A x is the output, and nothing is booked', async () => {
    const model = modelProto({
      nodes: [node('LayerNormalization', ['x', 'g'], ['y'])],
      inputs: [valueInfo('x', [1, 3])],
      outputs: ['y'],
      initializers: [weight('g', [3], [1, 1, 1])],
    });
    await withSystem(await load(), model, { x: float([1, 3], [1, 2, 4]) }, {}, async (system) => {
      expectClose(await system.row(0), [0.5345207657, -0.2672603829, -0.2672603829]);
      expectClose(await system.column(Float32Array.of(1, 2, 4)), [-1.0690415315, -0.2672603829, 1.3363019143]);
      const [vote] = await system.votes([2]);
      expect([vote?.biasShare, system.layers]).toEqual([0, []]);
      expect(vote?.voteSum).toBeCloseTo(1.3363019143, 5);
    });
  });

  test('T4: attention: a vote of a token is what it hands over by the pattern', async () => {
    const model = modelProto({
      nodes: [node('Softmax', ['s'], ['p'], { attributes: { axis: -1n } }), node('MatMul', ['p', 'x'], ['y'])],
      inputs: [valueInfo('s', [1, 2, 2]), valueInfo('x', [1, 2, 2])],
      outputs: ['y'],
    });
    const feeds = { s: float([1, 2, 2], [0, -Infinity, 1, 2]), x: float([1, 2, 2], [1, 0, 0, 2]) };
    await withSystem(await load(), model, feeds, { from: 'x' }, async (system) => {
      expectClose(await system.row(2), [0.2689414214, 0, 0.7310585786, 0]);
      expect(system.layout).toEqual({ kind: 'sequence', positions: 2, width: 2 });
      const [first, second] = await system.votes([2, 3]);
      expectClose(first?.votes ?? [], [0.2689414214, 0]);
      expectClose(second?.votes ?? [], [0, 1.4621171573]);
    });
  });

  test('T5: max-pooling: only the winner of the window votes', async () => {
    const model = modelProto({
      nodes: [node('MaxPool', ['x'], ['y'], { attributes: { kernel_shape: [2, 2] } })],
      inputs: [valueInfo('x', [1, 1, 2, 2])],
      outputs: ['y'],
    });
    await withSystem(await load(), model, { x: float([1, 1, 2, 2], [1, 3, 2, -1]) }, {}, async (system) => {
      const [vote] = await system.votes([0]);
      expect([vote?.value, [...(vote?.votes ?? [])]]).toEqual([3, [0, 3, 0, 0]]);
    });
  });

  test('pictures come and go with their channels first, whatever the model’s order', async () => {
    // y = 2 × the second channel of the input, whose channels are last.
    const model = modelProto({
      nodes: [
        node('Transpose', ['x'], ['t'], { attributes: { perm: [0, 3, 1, 2] } }),
        node('Conv', ['t', 'w', 'b'], ['y'], { name: 'conv' }),
      ],
      inputs: [valueInfo('x', [1, 2, 3, 3])],
      outputs: ['y'],
      initializers: [weight('w', [1, 3, 1, 1], [0, 2, 0]), weight('b', [1], [0.5])],
    });
    const x = Array.from({ length: 18 }, (_, at) => at);
    const stated = { layoutOf: (input: string) => (input === 'x' ? ('nhwc' as const) : undefined) };
    await withSystem(
      await load(),
      model,
      { x: float([1, 2, 3, 3], x) },
      {},
      async (system) => {
        const { from, to } = await system.describe();
        expect(from.layout).toEqual({ kind: 'image', channels: 3, height: 2, width: 3 });
        expect([...from.values.slice(6, 12)]).toEqual([1, 4, 7, 10, 13, 16]);
        expect(to.layout).toEqual({ kind: 'image', channels: 1, height: 2, width: 3 });
        const unit = (index: number) => Array.from({ length: 18 }, (_, at) => (at === index ? 2 : 0));
        expect([...(await system.row(4))]).toEqual(unit(6 + 4));
        expect([...(await system.column(6 + 4))]).toEqual([0, 0, 0, 0, 2, 0]);
        const [vote] = await system.votes([4]);
        expect([...(vote?.votes ?? [])]).toEqual([0, 0, 0, 0, 2 * 13, 0]);
        expect([vote?.value, vote?.biasSum]).toEqual([26.5, 0.5]);
      },
      stated,
    );
  });

  test('of a batch that the graph fixes, the system is that of the first input', async () => {
    const model = modelProto({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: [valueInfo('x', [2, 2])],
      outputs: ['y'],
      initializers: [weight('w', [2, 1], [3, 4])],
    });
    const feeds = { x: float([2, 2], [1, 2, 5, 6]) };
    const use = async (system: Parameters<Parameters<typeof withSystem>[4]>[0]) => {
      const { notes, from, to } = await system.describe();
      expect(notes).toEqual(['The graph takes 2 inputs at a time: the system is that of the first of them.']);
      expect([[...from.values], [...to.values]]).toEqual([[1, 2], [11]]);
      expect([...(await system.row(0))]).toEqual([3, 4]);
      await expect(system.row(1)).rejects.toThrow('There is no element 1: the output of the system has 1');
    };
    await withSystem(await load(), model, feeds, {}, use, { batch: 2 });
  });

  test('rows of many outputs are the same in one run as in several', async () => {
    const count = 40;
    const values = Array.from({ length: count * 2 }, (_, at) => Math.sin(at));
    const model = modelProto({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: [valueInfo('x', [1, 2])],
      outputs: ['y'],
      initializers: [weight('w', [2, count], values)],
    });
    await withSystem(await load(), model, { x: float([1, 2], [1, 10]) }, {}, async (system, graphs) => {
      expect(graphs.seedsPerRun).toBeLessThan(count);
      const votes = await system.votes(Array.from({ length: count }, (_, output) => output));
      votes.forEach(({ votes: [a, b], output }) => {
        expect(a).toBeCloseTo(values[output] ?? NaN, 5);
        expect(b).toBeCloseTo(10 * (values[count + output] ?? NaN), 5);
      });
    });
  });

  test('the same graphs serve other inputs of the same sizes', async () => {
    await withSystem(await load(), NET_A, X, {}, async (_, graphs) => {
      expect(graphs.fit({ x: float([1, 2], [-3, 1]) })).toBe(true);
      expect(graphs.fit({ x: float([2, 2], [1, 2, 3, 4]) })).toBe(false);
      const other = await graphs.coefficients({ x: float([1, 2], [-3, 1]) });
      // z = (−3.5, −6, 4): only the last unit is open.
      const { rows } = await graphs.transpose(other, Float32Array.of(1, 0));
      expect(Array.from(rows.data as Float32Array)).toEqual([3, -3]);
    });
  });

  test('graphs whose sizes follow from the numbers of the input serve that input alone', async () => {
    const model = modelProto({
      nodes: [
        node('NonZero', ['x'], ['at']),
        node('Transpose', ['at'], ['places'], { attributes: { perm: [1, 0] } }),
        node('GatherND', ['x', 'places'], ['found']),
        node('ReduceSum', ['found', 'first'], ['y']),
      ],
      inputs: [valueInfo('x', [4])],
      outputs: ['y'],
      initializers: [integers('first', [0])],
    });
    const x = float([4], [0, 2, 0, 3]);
    await withSystem(await load(), model, { x }, {}, async (system, graphs) => {
      expect([...(await system.row(0))]).toEqual([0, 1, 0, 1]);
      expect(graphs.fit({ x })).toBe(false);
    });
  });

  test('a recurrent operator that is written out is one row of the ledger: the node that the file has', async () => {
    const hidden = 2;
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => Math.cos(at));
    const model = modelProto({
      nodes: [
        node('Mul', ['x', 'two'], ['double'], { name: 'double' }),
        node('GRU', ['double', 'W', 'R', 'B'], ['Y', 'Yh'], { name: 'gru', attributes: { hidden_size: 2n } }),
      ],
      inputs: [valueInfo('x', [3, 1, 2])],
      outputs: ['Yh'],
      initializers: [
        scalar('two', 2),
        weight('W', [1, 3 * hidden, 2], numbers(12)),
        weight('R', [1, 3 * hidden, hidden], numbers(12)),
        weight('B', [1, 6 * hidden], numbers(12)),
      ],
    });
    await withSystem(await load(), model, { x: float([3, 1, 2], numbers(6)) }, {}, async (system) => {
      const { layers, cut, exactness, from } = await system.describe();
      expect([layers, cut]).toEqual([[{ label: 'gru', item: '#1' }], []]);
      expect(from.layout).toEqual({ kind: 'sequence', positions: 3, width: 2 });
      expect(exactness.isExact).toBe(true);
      const [vote] = await system.votes([0]);
      expect((vote?.voteSum ?? NaN) + (vote?.biasSum ?? NaN)).toBeCloseTo(vote?.value ?? NaN, 5);
    });
  });

  test('half and double precision come out as numbers like any others', async () => {
    const cast = (type: bigint) =>
      modelProto({
        nodes: [node('Cast', ['x'], ['c'], { attributes: { to: type } }), node('Mul', ['c', 'c'], ['y'])],
        inputs: [valueInfo('x', [1, 3])],
        outputs: [makeValueInfo('y', Number(type), [1, 3])],
      });
    const [half, double] = [BigInt(DataType.FLOAT16), BigInt(DataType.DOUBLE)];
    for (const type of [half, double]) {
      await withSystem(await load(), cast(type), { x: float([1, 3], [1, 2, -3]) }, { from: 'c' }, async (system) => {
        const { to, exactness } = await system.describe();
        expect([...to.values]).toEqual([1, 4, 9]);
        expect([exactness.isExact, exactness.tolerance]).toEqual([true, type === half ? 2e-2 : 1e-4]);
        expectClose(await system.row(1), [0, 2, 0], 3);
        expectClose(await system.column(2), [0, 0, -3], 3);
      });
    }
  });
});
