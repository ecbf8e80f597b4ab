import { describe, expect, test } from 'vitest';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { splitModel } from '../../../src/core/rewrite/split.js';
import { ENGINES } from '../engine/engines.js';
import { modelProto, node, scalar, valueInfo } from '../graph-builder.js';
import { float, numbers, runModel } from './linear-system.js';

/** y = s · relu(x) + s · three², x as it is beside. */
const MODEL = modelProto({
  nodes: [
    node('Relu', ['x'], ['h']),
    node('Mul', ['three', 'three'], ['nine']),
    node('Mul', ['s', 'h'], ['scaled']),
    node('Mul', ['s', 'nine'], ['offset']),
    node('Add', ['scaled', 'offset'], ['sum']),
    node('Add', ['sum', 'x'], ['y']),
    node('Exp', ['x'], ['unused']),
  ],
  inputs: [valueInfo('x', [2]), valueInfo('s', [1])],
  outputs: ['y'],
  initializers: [scalar('three', 3)],
});

describe('a model in two parts', () => {
  const split = splitModel(MODEL, new Set(['s']), ['y']);

  test('hands over what the rest reads of the first part, and no more', () => {
    expect([split.computed, split.fed]).toEqual([['h'], ['x']]);
    const operators = (model: typeof MODEL) => model.graph?.node.map(({ opType }) => opType);
    expect(operators(split.once([]))).toEqual(['Relu']);
    expect(operators(split.once(['unused']))).toEqual(['Relu', 'Exp']);
    // What follows from constants stays: engines fold it.
    const rest = split.rest(['y'], () => ({ type: DataType.FLOAT, dims: [2] }));
    expect(operators(rest)).toEqual(['Mul', 'Mul', 'Mul', 'Add', 'Add']);
    expect(rest.graph?.input.map(({ name }) => name).sort()).toEqual(['h', 's', 'x']);
  });

  test.each(ENGINES)('computes the same with the $name engine', async ({ load }) => {
    const engine = await load();
    const x = float([2], [-1, 2]);
    const { h } = await runModel(engine, split.once([]), { x });
    expect(numbers(h)).toEqual([0, 2]);
    const rest = split.rest(['y'], () => ({ type: DataType.FLOAT, dims: [2] }));
    for (const s of [1, 10]) {
      const feeds = { x, s: float([1], [s]) };
      const [whole, parts] = [
        await runModel(engine, MODEL, feeds),
        await runModel(engine, rest, { ...feeds, ...(h && { h }) }),
      ];
      expect(numbers(parts['y'])).toEqual(numbers(whole['y']));
      expect(numbers(parts['y'])).toEqual([9 * s - 1, 11 * s + 2]);
    }
  });

  test('computes what is random in the first part: the rest is the same every time', () => {
    const random = modelProto({
      nodes: [node('RandomNormalLike', ['three'], ['r']), node('Mul', ['s', 'r'], ['y'])],
      inputs: [valueInfo('s', [1])],
      outputs: ['y'],
      initializers: [scalar('three', 3)],
    });
    expect(splitModel(random, new Set(['s']), ['y']).computed).toEqual(['r']);
  });
});
