import { describe, expect, it } from 'vitest';
import type { NodeProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { residualBlocks } from '../../../src/core/graph/residual-blocks.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { modelOf } from '../engine/engines.js';
import { neededData } from '../shared-data.js';

const weights = ['w1', 'w2', 'w3'].map((name) => floatTensor(name, [2, 2], [1, 0, 0, 1]));
const blocksOf = (node: NodeProto[], output = 'y') =>
  residualBlocks(
    createGraph(
      modelOf({
        node,
        input: [makeValueInfo('x', DataType.FLOAT, ['N', 2])],
        output: [makeValueInfo(output, DataType.FLOAT)],
        initializer: [...weights, floatTensor('alpha', [], [0.2]), floatTensor('b', [2], [1, 1])],
      }),
    ),
  ).map(({ sum, output: out, branchEnd, branchFactor, start, transition, kind }) => ({
    sum,
    out,
    branchEnd,
    branchFactor,
    start,
    transition,
    kind,
  }));

const branch = (from: string, to: string, hidden = `${to}.h`): NodeProto[] => [
  makeNode('MatMul', [from, 'w1'], [`${hidden}.z`]),
  makeNode('Relu', [`${hidden}.z`], [hidden]),
  makeNode('MatMul', [hidden, 'w2'], [to]),
];

describe('residual blocks', () => {
  it('are a branch with weights that is added to what it started from, in either order', () => {
    const expected = [
      { sum: 'y', out: 'y', branchEnd: 'f', branchFactor: undefined, start: 'x', transition: false, kind: 'other' },
    ];
    expect(blocksOf([...branch('x', 'f'), makeNode('Add', ['f', 'x'], ['y'])])).toEqual(expected);
    expect(blocksOf([...branch('x', 'f'), makeNode('Add', ['x', 'f'], ['y'])])).toEqual(expected);
  });

  it('end before a constant factor of the branch, and with the activation that alone reads the sum', () => {
    const nodes = [
      ...branch('x', 'f'),
      makeNode('Mul', ['f', 'alpha'], ['scaled']),
      makeNode('Add', ['x', 'scaled'], ['s']),
      makeNode('Relu', ['s'], ['y']),
    ];
    const [block] = blocksOf(nodes);
    expect(block).toMatchObject({ sum: 's', out: 'y', branchEnd: 'f', start: 'x' });
    expect(block?.branchFactor).toBeCloseTo(0.2, 6);
  });

  it('may have a shortcut with weights, which is a transition', () => {
    const [block] = blocksOf([
      ...branch('x', 'f'),
      makeNode('MatMul', ['x', 'w3'], ['p']),
      makeNode('Add', ['f', 'p'], ['y']),
    ]);
    expect(block).toMatchObject({ branchEnd: 'f', start: 'x', transition: true });
  });

  it('are found where two branches of one value are added one after the other', () => {
    const found = blocksOf([
      ...branch('x', 'f'),
      ...branch('x', 'g'),
      makeNode('Add', ['x', 'f'], ['s']),
      makeNode('Add', ['s', 'g'], ['y']),
    ]);
    expect(found).toMatchObject([
      { sum: 's', start: 'x', transition: false },
      { sum: 'y', branchEnd: 'g', start: 'x', transition: false },
    ]);
  });

  it.each([
    ['a bias', [makeNode('MatMul', ['x', 'w1'], ['z']), makeNode('Add', ['z', 'b'], ['y'])]],
    ['two matrices side by side', [...matrices(), makeNode('Add', ['p', 'q'], ['y'])]],
    // x + 0.2 x³ inside GELU.
    ['a polynomial', [makeNode('Mul', ['x', 'x'], ['xx']), makeNode('Mul', ['xx', 'x'], ['xxx']), ...cubic()]],
    ['a mask on scores', [...branch('x', 'f'), makeNode('Add', ['f', 'x'], ['m']), makeNode('Softmax', ['m'], ['y'])]],
  ])('are not %s', (_, nodes) => {
    expect(blocksOf(nodes)).toEqual([]);
  });

  it.for([
    ['derived/resnet20-12fca82f.onnx', { attention: 0, convolution: 9, other: 0 }, 2],
    ['derived/resnet56-4bfd9763.onnx', { attention: 0, convolution: 27, other: 0 }, 2],
    ['derived/stories260K.onnx', { attention: 5, convolution: 0, other: 5 }, 0],
    ['derived/routing_transformer.onnx', { attention: 2, convolution: 0, other: 2 }, 0],
    ['vision-classification/mnist-8-cntk.onnx', { attention: 0, convolution: 0, other: 0 }, 0],
  ] as const)('of %s', async ([path, kinds, transitions], { skip }) => {
    const file = await openModelFile(neededData(path, skip));
    const found = file.network === undefined ? [] : residualBlocks(file.network.graph);
    const many = (wanted: string): number => found.filter(({ kind }) => kind === wanted).length;
    expect({ attention: many('attention'), convolution: many('convolution'), other: many('other') }).toEqual(kinds);
    expect(found.filter(({ transition }) => transition).length).toBe(transitions);
    await file.close();
  });
});

function matrices(): NodeProto[] {
  return [makeNode('MatMul', ['x', 'w1'], ['p']), makeNode('MatMul', ['x', 'w2'], ['q'])];
}

function cubic(): NodeProto[] {
  return [makeNode('Mul', ['xxx', 'alpha'], ['cubic']), makeNode('Add', ['x', 'cubic'], ['y'])];
}
