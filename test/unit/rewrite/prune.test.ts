import { toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ModelProtoSchema, TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { modelOf } from '../engine/engines.js';

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
