import { toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ModelProtoSchema, TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { ENGINES, modelOf } from '../engine/engines.js';

const branch = (reads: string, output: string) =>
  modelOf({ node: [makeNode('Neg', [reads], [output])], input: [], output: [makeValueInfo(output, DataType.FLOAT)] })
    .graph;

function branching() {
  const thenBranch = branch('captured', 'then_out');
  const elseBranch = branch('x', 'else_out');
  if (!thenBranch || !elseBranch) throw new Error('no graph');
  return modelOf({
    node: [
      makeNode('Mul', ['x', 'two'], ['captured']),
      makeNode('Add', ['x', 'unused_weight'], ['aside']),
      makeNode('If', ['condition'], ['y'], { then_branch: { graph: thenBranch }, else_branch: { graph: elseBranch } }),
    ],
    input: [
      makeValueInfo('x', DataType.FLOAT, [1]),
      makeValueInfo('condition', DataType.BOOL, []),
      makeValueInfo('elsewhere', DataType.FLOAT, [1]),
    ],
    output: [makeValueInfo('y', DataType.FLOAT, [7]), makeValueInfo('aside', DataType.FLOAT, [1])],
    initializer: [floatTensor('two', [1], [2]), floatTensor('unused_weight', [1], [3])],
  });
}

describe('pruning', () => {
  test('keeps what a subgraph captures, and drops nodes, weights and inputs that the output does not need', () => {
    const graph = prune(branching(), ['y']).graph;
    expect(graph?.node.map((node) => node.opType)).toEqual(['Mul', 'If']);
    expect(graph?.initializer.map((tensor) => tensor.name)).toEqual(['two']);
    expect(graph?.input.map((input) => input.name)).toEqual(['x', 'condition']);
  });

  test('makes any inner value an output, without the stated shape that an engine may refuse', () => {
    const graph = prune(branching(), ['captured', 'y']).graph;
    expect(graph?.output.map((output) => output.name)).toEqual(['captured', 'y']);
    const type = graph?.output[1]?.type?.value;
    expect(type?.case === 'tensorType' && type.value.elemType).toBe(DataType.FLOAT);
    expect(type?.case === 'tensorType' && type.value.shape).toBeUndefined();
  });

  test('leaves the given model as it was, and shares its weights', () => {
    const model = branching();
    const before = toBinary(ModelProtoSchema, model);
    const pruned = prune(model, ['y']);
    expect(toBinary(ModelProtoSchema, model)).toEqual(before);
    expect(pruned.graph?.initializer[0]).toBe(model.graph?.initializer[0]);
  });
});

test('models from before initializers could stand alone (IR version 3) run with initializers that rewriting adds', async () => {
  const old = modelOf({
    node: [makeNode('Add', ['x', 'one'], ['h']), makeNode('Relu', ['h'], ['y'])],
    input: [makeValueInfo('x', DataType.FLOAT, [1, 4]), makeValueInfo('one', DataType.FLOAT, [1])],
    output: [makeValueInfo('y', DataType.FLOAT, [1, 4])],
    initializer: [floatTensor('one', [1], [1])],
    opset: 8,
  });
  old.irVersion = 3n;
  const graph = old.graph;
  if (graph === undefined) throw new Error('no graph');
  const extended = prune(
    {
      ...old,
      graph: {
        ...graph,
        initializer: [...graph.initializer, floatTensor('added', [1], [2])],
        node: [...graph.node, makeNode('Mul', ['y', 'added'], ['z'])],
      },
    },
    ['z'],
  );
  for (const { load } of ENGINES) {
    const engine = await load();
    const session = await engine.open(
      { bytes: toBinary(ModelProtoSchema, extended), externalFiles: [], folder: '.' },
      { threads: 1 },
    );
    const { z } = await session.run({ x: { type: 'float32', dims: [1, 4], data: Float32Array.of(-2, 0, 1, 2) } });
    expect(Array.from(z?.data as Float32Array)).toEqual([0, 2, 4, 6]);
    await session.release();
  }
});
