import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  type FunctionProto,
  type NodeProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { explainNode, type NodeExplanation } from '../../../src/core/graph/operators/explain-node.js';
import { modelProto, node, weight } from '../graph-builder.js';
import { OPERATORS } from './documented.js';

/** Explains the only node of a model. */
function explain(
  proto: NodeProto,
  { opsets = { '': 17 }, functions = [] }: { opsets?: Record<string, number>; functions?: FunctionProto[] } = {},
): NodeExplanation {
  const model = create(ModelProtoSchema, {
    ...modelProto({ nodes: [proto], inputs: ['x'], outputs: ['y'], initializers: [weight('W', [8, 3, 3, 3])] }),
    opsetImport: Object.entries(opsets).map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
    functions,
  });
  const graph = createGraph(model);
  return explainNode(graph, graph.nodes[0] ?? expect.fail('no node'), OPERATORS);
}

describe('a node beside its operator’s documentation', () => {
  it('shows its own values beside the defaults, and its inputs by their roles', () => {
    const found = explain(node('Conv', ['x', 'W'], ['y'], { attributes: { strides: [2, 2], group: 1n } }));
    expect(found).toMatchObject({ source: 'operator', domain: 'ai.onnx', operator: 'Conv', opset: 17, since: 11 });
    expect(found.sentence).toContain('Convolution');
    expect(found.remark).toBeUndefined();
    const attributes = new Map(found.attributes.map((attribute) => [attribute.name, attribute]));
    expect(attributes.get('strides')).toEqual({
      name: 'strides',
      type: 'ints',
      required: false,
      value: '[2, 2]',
      default: '1 along each spatial axis',
    });
    expect(attributes.get('group')).toMatchObject({ value: '1', default: '1' });
    expect(attributes.get('pads')?.value).toBeUndefined();
    expect(found.inputs).toEqual([
      { role: 'X', kind: 'required', types: ['float16', 'float32', 'float64'], typeVariable: 'T', value: 'x' },
      { role: 'W', kind: 'required', types: ['float16', 'float32', 'float64'], typeVariable: 'T', value: 'W' },
      { role: 'B', kind: 'optional', types: ['float16', 'float32', 'float64'], typeVariable: 'T' },
    ]);
    expect(found.outputs).toMatchObject([{ role: 'Y', value: 'y' }]);
    expect(found.later.map(({ version }) => version)).toEqual([22]);
  });

  it('says which inputs in between are left out', () => {
    const { inputs } = explain(node('Resize', ['x', '', '', 'sizes'], ['y']), { opsets: { 'ai.onnx': 13 } });
    expect(inputs.map(({ role, kind, value }) => [role, kind, value])).toEqual([
      ['X', 'required', 'x'],
      ['roi', 'optional', undefined],
      ['scales', 'optional', undefined],
      ['sizes', 'optional', 'sizes'],
    ]);
  });

  it('gives every value of a variadic input the same role', () => {
    const { inputs } = explain(node('Concat', ['x', 'x', 'x'], ['y'], { attributes: { axis: 1n } }));
    expect(inputs.map(({ role, kind }) => `${role} ${kind}`)).toEqual(Array(3).fill('inputs variadic'));
    expect(explain(node('Concat', [], ['y'])).inputs).toEqual([]);
  });

  it('names the type that a number stands for', () => {
    const { attributes } = explain(node('Cast', ['x'], ['y'], { attributes: { to: 10n } }));
    expect(attributes).toMatchObject([{ name: 'to', required: true, value: '10 (float16)' }]);
  });

  it('lists attributes and values that the documentation does not know', () => {
    const found = explain(node('Relu', ['x', 'more'], ['y'], { attributes: { slope: 0.5 } }));
    expect(found.attributes).toEqual([{ name: 'slope', required: false, value: '0.5' }]);
    expect(found.inputs[1]).toEqual({ types: [], value: 'more' });
  });

  it('documents a function of the model from its own definition', () => {
    const definition = create(FunctionProtoSchema, {
      domain: 'local',
      name: 'Relu',
      docString: `A gate. ${'x'.repeat(10_000_000)}`,
      input: ['a', 'b'],
      output: ['c'],
      attribute: ['alpha'],
      attributeProto: [create(AttributeProtoSchema, { name: 'beta', type: AttributeType.FLOAT, f: 0.25 })],
    });
    const opsets = { '': 17, local: 1 };
    const calling = node('Relu', ['x'], ['y'], { domain: 'local', attributes: { alpha: 2n } });
    const found = explain(calling, { opsets, functions: [definition] });
    expect(found).toMatchObject({
      source: 'function',
      domain: 'local',
      opset: 1,
      remark: expect.stringMatching(/itself defines/),
    });
    expect(found.sentence).toMatch(/^A gate\./);
    expect(found.sentence?.length).toBeLessThanOrEqual(400);
    expect(found.attributes).toEqual([
      { name: 'alpha', required: true, value: '2' },
      { name: 'beta', type: 'float', required: false, default: '0.25' },
    ]);
    expect(found.inputs.map(({ role, value }) => [role, value])).toEqual([
      ['a', 'x'],
      ['b', undefined],
    ]);
    // Without the definition the same node is a custom operator.
    expect(explain(calling, { opsets }).source).toBe('unknown');
  });

  it('says why there is no documentation', () => {
    const custom = explain(node('Magic', ['x'], ['y'], { domain: 'example.org' }), { opsets: { 'example.org': 1 } });
    expect(custom).toMatchObject({
      source: 'unknown',
      remark: expect.stringMatching(/custom operator of “example\.org”/),
    });
    expect(custom.inputs).toEqual([{ types: [], value: 'x' }]);
    expect(explain(node('Gelu', ['x'], ['y'])).remark).toBe(
      'The model uses version 17 of “ai.onnx”; this operator exists from version 20 on.',
    );
    expect(explain(node('Nonsense', ['x'], ['y'])).remark).toContain('no operator of this name');
    const unversioned = explain(node('FastGelu', ['x'], ['y'], { domain: 'com.microsoft' }));
    expect(unversioned).toMatchObject({
      source: 'operator',
      remark: expect.stringMatching(/does not say which version/),
    });
  });

  it('takes names of any length and any content, and answers with texts fit to be shown', () => {
    const long = 'n'.repeat(10_000_000);
    const attributes = { [`${long}\u202e`]: 1n };
    const found = explain(node(long, [long, long], [long], { domain: `${long}<b>`, name: long, attributes }));
    expect(found.source).toBe('unknown');
    expect(JSON.stringify(found).length).toBeLessThan(5000);
    expect(JSON.stringify(found)).not.toContain('\u202e');
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', '']) {
      expect(explain(node(name, ['x'], ['y'], { attributes: { __proto__x: 1n } })).source).toBe('unknown');
    }
    const endless = Array.from({ length: 50_000 }, (_, index) => `v${index}`);
    expect(explain(node('Concat', endless, ['y'])).inputs.length).toBeLessThanOrEqual(100);
  });
});
