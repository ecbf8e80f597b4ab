/** What a model, a cut or an input that has no linear system is told, and what is decided for the person. */
import { describe, expect, test } from 'vitest';
import { asProblem } from '../../../src/core/errors.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { SystemCut } from '../../../src/core/linear/choose-ends.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { ENGINES } from '../engine/engines.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { float } from '../rewrite/linear-system.js';
import { withSystem } from './open-system.js';

const IDS = makeValueInfo('ids', DataType.INT64, [1, 3]);
const IDS_FED: NamedTensors = { ids: { type: 'int64', dims: [1, 3], data: BigInt64Array.of(2n, 0n, 1n) } };

const TOKENS = modelProto({
  nodes: [
    node('Gather', ['table', 'ids'], ['e'], { name: 'embed' }),
    node('MatMul', ['e', 'w'], ['l'], { name: 'head' }),
    node('Softmax', ['l'], ['p'], { name: 'softmax' }),
  ],
  inputs: [IDS],
  outputs: ['p'],
  initializers: [weight('table', [3, 2], [1, 2, 3, 4, 5, 6]), weight('w', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
});

describe.each(ENGINES)('with the $name engine', ({ load }) => {
  const refusal = async (model: ModelProto, feeds: NamedTensors, cut: Partial<SystemCut>) => {
    const engine = await load();
    const outcome = await withSystem(engine, model, feeds, cut, (system) => system.describe()).catch(asProblem);
    if (!('kind' in outcome)) throw new Error('There is a system.');
    return outcome;
  };

  test('tokens start at their embeddings, and a last softmax is left out: both are said', async () => {
    await withSystem(await load(), TOKENS, IDS_FED, {}, async (system) => {
      const { from, to, notes, exactness } = await system.describe();
      expect([from.value, from.label, from.item]).toEqual(['e', 'embed', '#0']);
      expect(from.layout).toEqual({ kind: 'sequence', positions: 3, width: 2 });
      expect([to.value, to.label]).toEqual(['l', 'head']);
      expect(notes).toEqual([
        'The input “ids” holds whole numbers, such as tokens: the system starts at the first floating-point value behind it, “e”.',
        'The last operator is a softmax: the system ends before it, at the logits “l”.',
      ]);
      expect(exactness.isExact).toBe(true);
      // Token 2 is (5, 6); the first logit is 1 × 5 + 5 × 6.
      const [vote] = await system.votes([0]);
      expect([vote?.value, [...(vote?.votes ?? [])]]).toEqual([35, [35, 0, 0]]);
    });
  });

  test('of several inputs one is the start, the others are held still and booked', async () => {
    const model = modelProto({
      nodes: [node('Add', ['x', 'other'], ['y'], { name: 'sum' })],
      inputs: [valueInfo('x', [1, 2]), valueInfo('other', [1, 2])],
      outputs: ['y'],
    });
    const feeds = { x: float([1, 2], [1, 2]), other: float([1, 2], [10, 20]) };
    await withSystem(await load(), model, feeds, {}, async (system) => {
      const { notes } = await system.describe();
      expect(notes).toEqual(['The system starts at “x”; “other” is held still, and booked as biases.']);
      expect([...((await system.votes([1]))[0]?.ledger ?? [])]).toEqual([20]);
    });
    await withSystem(await load(), model, feeds, { from: 'other' }, async (system) => {
      const [vote] = await system.votes([1]);
      expect([vote?.voteSum, vote?.biasSum]).toEqual([20, 2]);
    });
  });

  test('a start that is a single number comes after those that are looked at', async () => {
    const model = modelProto({
      nodes: [node('Mul', ['x', 'temperature'], ['y'])],
      inputs: [valueInfo('temperature', []), valueInfo('x', [1, 2])],
      outputs: ['y'],
    });
    const feeds = { temperature: float([], [3]), x: float([1, 2], [1, 2]) };
    await withSystem(await load(), model, feeds, {}, async (system) => {
      expect((await system.describe()).from.value).toBe('x');
    });
  });

  test('whole numbers with no floating-point value behind them', async () => {
    const model = modelProto({
      nodes: [node('Add', ['ids', 'ids'], ['y'])],
      inputs: [IDS],
      outputs: [makeValueInfo('y', DataType.INT64, [1, 3])],
    });
    expect((await refusal(model, IDS_FED, {})).message).toBe(
      'None of the model’s outputs holds floating-point numbers.',
    );
    expect((await refusal(model, IDS_FED, { from: 'ids', to: 'y' })).message).toMatch(/“ids” holds int64 numbers/);
  });

  test('ends that the graph has not, or that are empty', async () => {
    expect((await refusal(TOKENS, IDS_FED, { from: 'nowhere' })).message).toBe('The graph has no value “nowhere”.');
    expect((await refusal(TOKENS, IDS_FED, { to: 'nowhere' })).message).toBe('The graph has no value “nowhere”.');
    const empty = modelProto({
      nodes: [
        node('Slice', ['x', 'none', 'none'], ['e']),
        node('Concat', ['e', 'x'], ['y'], { attributes: { axis: 0n } }),
      ],
      inputs: [valueInfo('x', [2])],
      outputs: ['y'],
      initializers: [integers('none', [0])],
    });
    expect((await refusal(empty, { x: float([2], [1, 2]) }, { from: 'e' })).message).toBe(
      'The size of “e” is not known or is 0.',
    );
  });

  test('a cut with no way from start to end: what is not read is named, and what to try', async () => {
    const held = modelProto({
      nodes: [node('Softmax', ['x'], ['p']), node('Mul', ['p', 'two'], ['y'])],
      inputs: [valueInfo('x', [1, 3])],
      outputs: ['y'],
      initializers: [scalar('two', 2)],
    });
    const still = await refusal(held, { x: float([1, 3], [1, 2, 3]) }, {});
    expect(still.message).toBe('Nothing leads from “x” to “y”.');
    expect(still.remedy).toMatch(/the tangent reading; every way is held still/);
    const cut = modelProto({
      nodes: [node('Det', ['x'], ['d']), node('Add', ['d', 'two'], ['y'])],
      inputs: [valueInfo('x', [1, 2, 2])],
      outputs: ['y'],
      initializers: [scalar('two', 2)],
    });
    const unread = await refusal(cut, { x: float([1, 2, 2], [1, 2, 3, 5]) }, { reading: 'tangent' });
    expect(unread.remedy).toBe('Choose other ends; Det is not read: Det has no rule.');
    expect(unread.place).toBe('value “d”');
  });

  test('what is not read on one of several ways is named, and the rest is a system', async () => {
    const model = modelProto({
      nodes: [
        node('Det', ['x'], ['d'], { name: 'determinant' }),
        node('ReduceSum', ['x', 'axes'], ['s'], { attributes: { keepdims: 0n } }),
        node('Add', ['d', 's'], ['y'], { name: 'sum' }),
      ],
      inputs: [valueInfo('x', [1, 2, 2])],
      outputs: ['y'],
      initializers: [integers('axes', [1, 2])],
    });
    await withSystem(await load(), model, { x: float([1, 2, 2], [1, 2, 3, 5]) }, {}, async (system) => {
      const { cut, exactness, layers } = await system.describe();
      expect(cut).toEqual([{ label: 'determinant', item: '#0', reason: 'Det has no rule' }]);
      expect(layers).toEqual([{ label: 'sum', item: '#2' }]);
      expect([exactness.isExact, exactness.residual < 1e-5]).toEqual([false, true]);
    });
  });

  test('rounding to a grid is passed straight through, and told', async () => {
    const model = modelProto({
      nodes: [
        node('QuantizeLinear', ['x', 'scale'], ['q'], { name: 'quantise' }),
        node('DequantizeLinear', ['q', 'scale'], ['y']),
      ],
      inputs: [valueInfo('x', [1, 2])],
      outputs: ['y'],
      initializers: [scalar('scale', 0.5)],
    });
    await withSystem(await load(), model, { x: float([1, 2], [1.1, 2.3]) }, {}, async (system) => {
      const { inexact, exactness } = await system.describe();
      expect(inexact.map(({ label }) => label)).toEqual(['quantise']);
      expect(exactness.isExact).toBe(false);
    });
  });

  test('numbers that are not finite: the value in which they first came up', async () => {
    const model = modelProto({
      nodes: [node('Sqrt', ['x'], ['root']), node('Exp', ['root'], ['e']), node('Mul', ['e', 'two'], ['y'])],
      inputs: [valueInfo('x', [1, 2])],
      outputs: ['y'],
      initializers: [scalar('two', 2)],
    });
    const nan = await refusal(model, { x: float([1, 2], [-1, 4]) }, {});
    expect(nan.message).toBe(
      'There is no linear system at this input: “root” is the first value that is not a number (NaN) in places.',
    );
    const infinite = await refusal(model, { x: float([1, 2], [1e6, 4]) }, {});
    expect([infinite.place, infinite.message.includes('infinite')]).toEqual(['value “e”', true]);
  });

  test('patterns and elements that the ends have not', async () => {
    await withSystem(await load(), TOKENS, IDS_FED, {}, async (system) => {
      await expect(system.row(12)).rejects.toThrow('There is no element 12');
      await expect(system.votes([0, -1])).rejects.toThrow('There is no element -1');
      await expect(system.column(0.5)).rejects.toThrow('There is no element 0.5');
      await expect(system.row(new Float32Array(5))).rejects.toThrow('The pattern has 5 numbers, the output has 12.');
    });
  });
});
