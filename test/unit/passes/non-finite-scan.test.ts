import { describe, expect, it } from 'vitest';
import {
  TensorProto_DataType as DataType,
  type NodeProto,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { nonFiniteScan } from '../../../src/core/passes/non-finite-scan/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { ENGINES, modelOf } from '../engine/engines.js';
import { datasetOf, subjectOf } from '../experiment/subject.js';

const identity = floatTensor('W', [2, 2], [1, 0, 0, 1]);

describe.each(ENGINES)('the non-finite scan (methods E), $name engine', ({ load }) => {
  const scan = async (
    node: NodeProto[],
    rows: readonly (readonly number[])[],
    initializer: TensorProto[] = [identity],
  ): Promise<PassResult> => {
    const model = modelOf({
      node,
      input: [makeValueInfo('x', DataType.FLOAT, ['N', 2])],
      output: [makeValueInfo('y', DataType.FLOAT, ['N', 2])],
      initializer,
    });
    const dataset = datasetOf({ input: 'x', dims: [2], rows });
    return nonFiniteScan.examine(await subjectOf(model, dataset, await load()));
  };
  const starts = ({ tables = [] }: PassResult): unknown[] =>
    tables.find(({ id }) => id === 'non-finite-starts')?.rows.map(({ cells: [, ...rest] }) => rest) ?? [];

  it.each<[string, NodeProto, readonly number[], string]>([
    ['Exp', makeNode('Exp', ['z'], ['a']), [100, 0], 'overflow: exp(100) is beyond float32, which ends at exp(88.7)'],
    ['Sqrt', makeNode('Sqrt', ['z'], ['a']), [-4, 0], 'square root of a negative number: 1 entry, the lowest -4'],
    ['Log', makeNode('Log', ['z'], ['a']), [0, 1], 'logarithm of zero: 1 of its entries are 0'],
    ['Div', makeNode('Div', ['x', 'z'], ['a']), [0, 1], 'division by zero: 1 of its divisors are 0'],
    ['Mul', makeNode('Mul', ['z', 'z'], ['a']), [1e30, 1], 'overflow: its inputs are finite (largest |x|'],
  ])('names the place, the input and the cause: %s', async (operator, node, bad, cause) => {
    const nodes = [makeNode('MatMul', ['x', 'W'], ['z']), node, makeNode('MatMul', ['a', 'W'], ['y'])];
    const result = await scan(nodes, [[1, 2], [2, 3], bad, [3, 4], bad]);
    const [start] = starts(result) as [[string, number, number, string]];
    expect(start.slice(0, 3)).toEqual([operator, 2, 3]);
    expect(start[3]).toContain(cause);
    expect(result.findings[0]).toMatchObject({ severity: 'error', item: '#1' });
    expect(result.findings[0]?.sentence).toContain('on 2 of 5 inputs, the first of them 3');
  });

  it('knows broken weights from broken inputs', async () => {
    const nodes = [makeNode('MatMul', ['x', 'W'], ['z']), makeNode('Relu', ['z'], ['y'])];
    const weights = await scan(nodes, [[1, 2]], [floatTensor('W', [2, 2], [1, NaN, 0, 1])]);
    expect(starts(weights)).toEqual([['MatMul', 1, 1, 'its weights hold 1 entry that is NaN or infinite']]);
    const inputs = await scan(nodes, [
      [1, 2],
      [NaN, 1],
    ]);
    expect(starts(inputs)).toEqual([['MatMul', 1, 2, 'the input itself holds 1 entry that is NaN or infinite']]);
  });

  it('knows the largest finite number beside broken ones, and by how much it is too large', async () => {
    const nodes = [makeNode('MatMul', ['x', 'W'], ['z']), makeNode('Relu', ['z'], ['y'])];
    const broken = await scan(nodes, [[-30, 2]], [floatTensor('W', [2, 2], [1, NaN, 0, 1])]);
    expect(broken.answer).toContain('the largest finite |h| is 30 (z)');
    const huge = await scan(nodes, [[6.5504e20, 2]]);
    expect(huge.answer).toContain('the largest finite |h| is 6.55e20 (z), 1e16 times what half precision holds');
  });

  it('takes −∞ of a mask for what it is, and a row that is masked everywhere for what it does', async () => {
    const nodes = [
      makeNode('MatMul', ['x', 'W'], ['z']),
      makeNode('Add', ['z', 'mask'], ['m']),
      makeNode('Softmax', ['m'], ['p'], { axis: 1 }),
      makeNode('MatMul', ['p', 'W'], ['y']),
    ];
    const fine = await scan(nodes, [[1, 2]], [identity, floatTensor('mask', [2], [0, -Infinity])]);
    expect(starts(fine)).toEqual([]);
    expect(fine.answer).toContain('values that were watched are finite');
    const masked = await scan(nodes, [[1, 2]], [identity, floatTensor('mask', [2], [-Infinity, -Infinity])]);
    expect(starts(masked)).toEqual([
      ['Softmax', 1, 1, 'a softmax over a row that is masked everywhere (all of it −∞)'],
    ]);
  });

  it('leaves scores that a mask makes large out of the sizes', async () => {
    const nodes = [
      makeNode('MatMul', ['x', 'W'], ['z']),
      makeNode('Add', ['z', 'mask'], ['m']),
      makeNode('Softmax', ['m'], ['p'], { axis: 1 }),
      makeNode('MatMul', ['p', 'W'], ['y']),
    ];
    const masked = await scan(nodes, [[1, 2]], [identity, floatTensor('mask', [2], [0, -1e9])]);
    expect(masked.findings).toEqual([]);
    expect(masked.answer).toContain('the largest finite |h| is 1 (p)');
  });

  it('says how far half precision is', async () => {
    const nodes = [makeNode('MatMul', ['x', 'W'], ['z']), makeNode('Relu', ['z'], ['y'])];
    const large = await scan(nodes, [[70_000, 2]]);
    expect(large.findings.map(({ sentence }) => sentence)).toEqual([
      expect.stringContaining(
        '2 of 2 values exceed 65,504 and would overflow in half precision; the largest is 70,000',
      ),
    ]);
    const small = await scan(nodes, [[-655.04, 2]]);
    expect(small.findings).toEqual([]);
    expect(small.answer).toContain('the largest finite |h| is 655 (');
    expect(small.answer).toContain('1 % of what half precision holds');
  });
});
