import { toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ModelProtoSchema, TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { ProblemError } from '../../../src/core/errors.js';
import { makeNode } from '../../../src/core/rewrite/nodes.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { freeValues, noPatch, patchValues, type SplicedValue } from '../../../src/core/rewrite/splice.js';
import type { NamedTensors, Tensor } from '../../../src/core/tensor/tensor.js';
import { ENGINES } from '../engine/engines.js';
import { graphProto, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { float, numbers, runModel } from './linear-system.js';

/** h = 2 x is read by a node, captured by a body, and is an output itself: y = h + 1, z = −h. */
const MODEL = modelProto({
  nodes: [
    node('Mul', ['x', 'two'], ['h'], { name: 'h' }),
    node('Add', ['h', 'one'], ['y']),
    makeNode('If', ['yes'], ['z'], {
      then_branch: { graph: graphProto({ nodes: [node('Neg', ['h'], ['t'])], inputs: [], outputs: ['t'] }) },
      else_branch: { graph: graphProto({ nodes: [node('Abs', ['h'], ['e'])], inputs: [], outputs: ['e'] }) },
    }),
  ],
  inputs: [valueInfo('x', ['batch', 3])],
  outputs: ['y', 'z', 'h'],
  initializers: [
    scalar('two', 2),
    scalar('one', 1),
    { ...weight('yes', []), dataType: DataType.BOOL, floatData: [], int32Data: [1] },
  ],
});

const H: SplicedValue = { value: 'h', type: DataType.FLOAT, rank: 2 };
const X: SplicedValue = { value: 'x', type: DataType.FLOAT, rank: 2 };

function mask(dims: readonly number[], values: readonly number[]): Tensor {
  return { type: 'bool', dims, data: Uint8Array.from(values) };
}

describe.each(ENGINES)('patches with the $name engine', ({ load }) => {
  const run = async (feeds: NamedTensors, spliced: readonly SplicedValue[] = [H]) => {
    const patched = patchValues(MODEL, spliced);
    const { values, mask: where } = noPatch(H);
    const none = [...patched.patches.values()].map((names) => ({ [names.values]: values, [names.mask]: where }));
    const fed = Object.assign({ x: float([2, 3], [1, 2, 3, 4, 5, 6]) }, ...none, feeds) as NamedTensors;
    const outputs = await runModel(await load(), prune(patched.model, ['y', 'z', 'h']), patched.feeds(fed));
    return ['y', 'z', 'h'].map((name) => numbers(outputs[name]));
  };
  const PLAIN = [
    [3, 5, 7, 9, 11, 13],
    [-2, -4, -6, -8, -10, -12],
    [2, 4, 6, 8, 10, 12],
  ];

  test('a run that patches nothing is the model', async () => {
    expect(await run({})).toEqual(PLAIN);
  });

  test('patching everything with its own value changes nothing', async () => {
    const own = { 'h patch': float([2, 3], [2, 4, 6, 8, 10, 12]), 'h patch mask': mask([1, 1], [1]) };
    expect(await run(own)).toEqual(PLAIN);
  });

  test('all readers, also in bodies, and the output see the patch, and only where the mask says', async () => {
    const some = { 'h patch': float([1, 3], [100, 200, 300]), 'h patch mask': mask([2, 3], [0, 1, 0, 1, 0, 0]) };
    expect(await run(some)).toEqual([
      [3, 201, 7, 101, 11, 13],
      [-2, -200, -6, -100, -10, -12],
      [2, 200, 6, 100, 10, 12],
    ]);
  });

  test('an input is patched like any value, and what is behind it follows', async () => {
    const both = { 'x patch': float([1, 1], [7]), 'x patch mask': mask([2, 1], [0, 1]) };
    expect((await run(both, [X, H]))[2]).toEqual([2, 4, 6, 14, 14, 14]);
  });

  test('a freed value is fed, and what computed it is gone', async () => {
    const freed = prune(freeValues(MODEL, [{ value: 'h', type: DataType.FLOAT, dims: [1, 2] }]), ['y', 'z']);
    expect(freed.graph?.input.map(({ name }) => name)).toEqual(['h']);
    expect(freed.graph?.node.map(({ opType }) => opType)).toEqual(['Add', 'If']);
    const outputs = await runModel(await load(), freed, { h: float([1, 2], [5, -5]) });
    expect([numbers(outputs['y']), numbers(outputs['z'])]).toEqual([
      [6, -4],
      [-5, 5],
    ]);
  });
});

test('half and double precision have patches of their own type', () => {
  const types = [DataType.FLOAT, DataType.DOUBLE, DataType.FLOAT16];
  expect(types.map((type) => noPatch({ type, rank: 3 }).values.type)).toEqual(['float32', 'float64', 'float16']);
  expect(noPatch({ type: DataType.DOUBLE, rank: 3 }).mask.dims).toEqual([1, 1, 1]);
});

test('freeing an input changes nothing', () => {
  const freed = freeValues(MODEL, [{ value: 'x', type: DataType.FLOAT, dims: [1, 3] }]);
  expect(freed.graph?.input.map(({ name }) => name)).toEqual(['x']);
});

test('the given model stays as it was', () => {
  const before = toBinary(ModelProtoSchema, MODEL);
  patchValues(MODEL, [X, H]);
  freeValues(MODEL, [{ value: 'h', type: DataType.FLOAT, dims: [1, 3] }]);
  expect(toBinary(ModelProtoSchema, MODEL)).toEqual(before);
});

test.each(['two', 'nowhere'])('nothing is put in place of “%s”, which no node makes', (value) => {
  const patch = () => patchValues(MODEL, [{ value, type: DataType.FLOAT, rank: 0 }]);
  const free = () => freeValues(MODEL, [{ value, type: DataType.FLOAT, dims: [] }]);
  for (const act of [patch, free]) {
    expect(act).toThrow(ProblemError);
    expect(act).toThrow(`No node makes “${value}”`);
  }
});
