/** Older models say the same in newer words, and functions written out say what their calls said. */
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  type ModelProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { inlineFunctions } from '../../../src/core/rewrite/inline-functions.js';
import { raiseOpset, standardOpset } from '../../../src/core/rewrite/raise-opset.js';
import { ENGINES } from '../engine/engines.js';
import { graphProto, modelProto, node, scalar, valueInfo } from '../graph-builder.js';
import { float, numbers, runModel } from './linear-system.js';

const SHAPE = [1, 2, 3, 2];
const VALUES = Array.from({ length: 12 }, (_, at) => Math.sin(at * 2.3) * 2);

interface Case {
  readonly opType: string;
  readonly opset: number;
  readonly attributes?: NonNullable<Parameters<typeof node>[3]>['attributes'];
  readonly outputs?: readonly string[];
}

const CASES: readonly Case[] = [
  { opType: 'Softmax', opset: 9, attributes: { axis: 2n } },
  { opType: 'LogSoftmax', opset: 12 },
  { opType: 'Squeeze', opset: 9, attributes: { axes: [0] } },
  { opType: 'Unsqueeze', opset: 9, attributes: { axes: [0, 3] } },
  { opType: 'ReduceSum', opset: 11, attributes: { axes: [1, 3], keepdims: 0n } },
  { opType: 'ReduceMean', opset: 13, attributes: { axes: [-1] } },
  { opType: 'Slice', opset: 9, attributes: { starts: [1, 0], ends: [9, -1], axes: [2, 3] } },
  { opType: 'Pad', opset: 9, attributes: { pads: [0, 0, 1, 0, 0, 0, 0, 2], value: 0.5 } },
  { opType: 'Clip', opset: 9, attributes: { min: -0.5, max: 1 } },
  { opType: 'Clip', opset: 9, attributes: { max: 1 } },
  { opType: 'Split', opset: 11, attributes: { axis: 2n, split: [1, 2] }, outputs: ['y', 'rest'] },
  { opType: 'Split', opset: 13, attributes: { axis: 3n }, outputs: ['y', 'rest'] },
  { opType: 'TopK', opset: 9, attributes: { k: 2n, axis: 2n }, outputs: ['y', 'places'] },
  { opType: 'Dropout', opset: 9, attributes: { ratio: 0.5 } },
];

describe.each(ENGINES)('raiseOpset with the $name engine', ({ load }) => {
  test.each(CASES)(
    '$opType of version $opset $attributes',
    async ({ opType, opset, attributes = {}, outputs = ['y'] }) => {
      const engine = await load();
      const nodes = [node(opType, ['x'], outputs, { attributes })];
      const model = modelProto({ nodes, inputs: [valueInfo('x', SHAPE)], outputs: ['y'] }, opset);
      const raised = raiseOpset(model);
      const feeds = { x: float(SHAPE, VALUES) };
      const [before, after] = [await runModel(engine, model, feeds), await runModel(engine, raised, feeds)];
      expect(standardOpset(raised)).toBe(18);
      expect(standardOpset(model)).toBe(opset);
      expect(after['y']?.dims).toEqual(before['y']?.dims);
      expect(numbers(after['y'])).toEqual(numbers(before['y']));
    },
  );

  test.each(['nearest', 'linear'])('Upsample of version 8, %s', async (mode) => {
    const engine = await load();
    const upsample = node('Upsample', ['x'], ['y'], { attributes: { mode } });
    const floats = [1, 1, 2, 3];
    upsample.attribute.push(create(AttributeProtoSchema, { name: 'scales', type: AttributeType.FLOATS, floats }));
    const model = modelProto({ nodes: [upsample], inputs: [valueInfo('x', SHAPE)], outputs: ['y'] }, 8);
    const feeds = { x: float(SHAPE, VALUES) };
    const [before, after] = [await runModel(engine, model, feeds), await runModel(engine, raiseOpset(model), feeds)];
    expect(after['y']?.dims).toEqual([1, 2, 6, 6]);
    numbers(before['y']).forEach((each, at) => expect(numbers(after['y'])[at]).toBeCloseTo(each, 6));
  });

  test('functions in functions are written out, with their parameters and constants', async () => {
    const engine = await load();
    const inner = create(FunctionProtoSchema, {
      name: 'Leak',
      domain: 'own',
      input: ['a'],
      output: ['b'],
      attribute: ['slope'],
      opsetImport: [{ domain: '', version: 17n }],
      node: [leak()],
    });
    const outer = create(FunctionProtoSchema, {
      name: 'Twice',
      domain: 'own',
      input: ['a', 'factor'],
      output: ['b'],
      opsetImport: [
        { domain: '', version: 17n },
        { domain: 'own', version: 1n },
      ],
      node: [
        node('Leak', ['a'], ['h'], { domain: 'own', attributes: { slope: 0.25 } }),
        node('Mul', ['h', 'factor'], ['b']),
      ],
    });
    const model: ModelProto = {
      ...modelProto({ nodes: [] }),
      opsetImport: outer.opsetImport,
      functions: [inner, outer],
      graph: graphProto({
        nodes: [
          node('Twice', ['x', 'two'], ['once'], { domain: 'own' }),
          node('Twice', ['once', 'two'], ['y'], { domain: 'own' }),
        ],
        inputs: [valueInfo('x', [2])],
        outputs: ['y'],
        initializers: [scalar('two', 2)],
      }),
    };
    const written = inlineFunctions(model);
    expect(written.graph?.node.map(({ opType }) => opType)).toEqual(['LeakyRelu', 'Mul', 'LeakyRelu', 'Mul']);
    const outputs = await runModel(engine, { ...written, functions: [] }, { x: float([2], [3, -8]) });
    expect(numbers(outputs['y'])).toEqual([12, -2]);
  });
});

test('functions that call themselves without end are a problem, not a hang', () => {
  const loop = create(FunctionProtoSchema, {
    name: 'Loop',
    domain: 'own',
    input: ['a'],
    output: ['b'],
    node: [node('Loop', ['a'], ['h'], { domain: 'own' }), node('Loop', ['h'], ['b'], { domain: 'own' })],
  });
  const model: ModelProto = {
    ...modelProto({ nodes: [node('Loop', ['x'], ['y'], { domain: 'own' })], outputs: ['y'] }),
    functions: [loop],
  };
  expect(() => inlineFunctions(model)).toThrow(/call each other without end/);
});

/** LeakyRelu whose slope is a parameter of the function around it. */
function leak(): ReturnType<typeof node> {
  const made = node('LeakyRelu', ['a'], ['b'], { attributes: { alpha: 1 } });
  const [attribute] = made.attribute;
  if (attribute !== undefined) attribute.refAttrName = 'slope';
  return made;
}
