import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { tensorFromProto, tensorToProto } from '../../../src/core/formats/onnx/tensor-proto.js';
import { everyGraph, everyNode } from '../../../src/core/formats/onnx/walk.js';
import {
  attributeFloat,
  attributeInt,
  attributeInts,
  attributeString,
  attributeTensor,
} from '../../../src/core/graph/attributes.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { valueType } from '../../../src/core/graph/value-type.js';

const node = (opType: string, input: string[], output: string[], attribute: AttributeProto[] = []): NodeProto =>
  create(NodeProtoSchema, { opType, input, output, attribute, name: `${opType}_${output[0]}` });

const value = (name: string, shape: (number | string)[] = [1]) =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: DataType.FLOAT,
          shape: {
            dim: shape.map((dim) =>
              create(TensorShapeProto_DimensionSchema, {
                value:
                  typeof dim === 'number' ? { case: 'dimValue', value: BigInt(dim) } : { case: 'dimParam', value: dim },
              }),
            ),
          },
        },
      },
    },
  });

const graph = (parts: {
  node?: NodeProto[];
  input?: string[];
  output?: string[];
  initializer?: string[];
}): GraphProto =>
  create(GraphProtoSchema, {
    node: parts.node ?? [],
    input: (parts.input ?? []).map((name) => value(name)),
    output: (parts.output ?? []).map((name) => value(name)),
    initializer: (parts.initializer ?? []).map((name) =>
      tensorToProto(name, { type: 'float32', dims: [1], data: Float32Array.of(1) }),
    ),
  });

const model = (main: GraphProto): ModelProto =>
  create(ModelProtoSchema, {
    irVersion: 8n,
    graph: main,
    opsetImport: [
      { domain: '', version: 17n },
      { domain: 'com.microsoft', version: 1n },
    ],
  });

const graphAttribute = (name: string, g: GraphProto): AttributeProto =>
  create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g });

describe('the view over a graph', () => {
  it('knows who makes and who reads each value', () => {
    const view = createGraph(
      model(
        graph({
          input: ['x', 'w'],
          initializer: ['w'],
          node: [node('Mul', ['x', 'w'], ['a']), node('Add', ['a', 'a'], ['b']), node('Sub', ['b', 'a'], ['y'])],
          output: ['y'],
        }),
      ),
    );
    expect(view.producerOf('a')?.opType).toBe('Mul');
    expect(view.producerOf('x')).toBeUndefined();
    expect(view.consumersOf('a').map((n) => n.opType)).toEqual(['Add', 'Sub']);
    expect(view.consumersOf('y')).toEqual([]);
    expect(view.isOutput('y')).toBe(true);
    expect(view.inputs.map((input) => input.name)).toEqual(['x']);
    expect(view.initializer('w')?.name).toBe('w');
    expect(view.valueInfo('x')).toEqual({ type: 'float32', shape: [1] });
    expect(view.valueInfo('a')).toBeUndefined();
    expect(view.opset('')).toBe(17);
    expect(view.opset('ai.onnx')).toBe(17);
    expect(view.opset('other')).toBeUndefined();
    expect(view.problems).toEqual([]);
  });

  it('takes Constant nodes for constants, in each of their spellings', () => {
    const spellings: [AttributeProto, unknown[]][] = [
      [
        create(AttributeProtoSchema, {
          name: 'value',
          type: AttributeType.TENSOR,
          t: { dims: [2n], dataType: DataType.FLOAT, floatData: [1, 2] },
        }),
        [1, 2],
      ],
      [create(AttributeProtoSchema, { name: 'value_float', type: AttributeType.FLOAT, f: 0.5 }), [0.5]],
      [create(AttributeProtoSchema, { name: 'value_ints', type: AttributeType.INTS, ints: [3n, -1n] }), [3n, -1n]],
      [create(AttributeProtoSchema, { name: 'value_int', type: AttributeType.INT, i: 7n }), [7n]],
      [
        create(AttributeProtoSchema, {
          name: 'value_string',
          type: AttributeType.STRING,
          s: new TextEncoder().encode('é'),
        }),
        ['é'],
      ],
    ];
    for (const [attribute, expected] of spellings) {
      const view = createGraph(model(graph({ node: [node('Constant', [], ['c'], [attribute])], output: ['c'] })));
      const tensor = view.initializer('c');
      expect(Array.from((tensor && tensorFromProto(tensor).data) as ArrayLike<unknown>)).toEqual(expected);
    }
  });

  it('sees what branches capture, and gives them the scope around them', () => {
    const inner = graph({ node: [node('Neg', ['x'], ['n']), node('Add', ['n', 'w'], ['r'])], output: ['r'] });
    const deep = graph({ node: [node('If', ['c'], ['q'], [graphAttribute('then_branch', inner)])], output: ['q'] });
    const main = graph({
      input: ['c', 'x', 'w'],
      initializer: ['w'],
      node: [node('If', ['c'], ['y'], [graphAttribute('then_branch', deep), graphAttribute('else_branch', inner)])],
      output: ['y'],
    });
    const view = createGraph(model(main));
    expect(view.problems).toEqual([]);
    expect(view.consumersOf('x')).toHaveLength(1);
    const branches = view.subgraphs(view.nodes[0] ?? expect.fail());
    expect(branches.map((branch) => branch.attribute)).toEqual(['then_branch', 'else_branch']);
    const elseBranch = branches[1]?.graph;
    expect(elseBranch?.problems).toEqual([]);
    expect(elseBranch?.producerOf('r')?.opType).toBe('Add');
    expect(elseBranch?.producerOf('y')).toBeUndefined();
    expect(elseBranch?.initializer('w')?.name).toBe('w');
    expect(elseBranch?.valueInfo('x')?.type).toBe('float32');
    expect([...everyNode(model(main))].map((n) => n.opType)).toEqual(['If', 'If', 'Neg', 'Add', 'Neg', 'Add']);
    expect([...everyGraph(model(main))]).toHaveLength(4);
  });

  it('sorts nodes that a file lists out of order, and keeps an order that is right', () => {
    const unordered = createGraph(
      model(graph({ input: ['x'], node: [node('B', ['a'], ['y']), node('A', ['x'], ['a'])], output: ['y'] })),
    );
    expect(unordered.order.map((n) => n.opType)).toEqual(['A', 'B']);
    expect(unordered.nodes.map((n) => n.opType)).toEqual(['B', 'A']);
    expect(unordered.problems).toEqual([]);
  });

  it('reports circles, names made twice and values that nothing makes, and still shows the graph', () => {
    const view = createGraph(
      model(
        graph({
          input: ['x'],
          node: [
            node('A', ['x', 'c'], ['a']),
            node('B', ['a'], ['c']),
            node('C', ['nowhere'], ['d']),
            node('D', ['x'], ['d']),
            node('E', ['x'], ['x']),
            node('F', ['f'], ['f']),
          ],
          output: ['d', 'gone'],
        }),
      ),
    );
    const messages = view.problems.map((problem) => problem.message).join('\n');
    expect(view.problems.every((problem) => problem.kind === 'malformed-model')).toBe(true);
    expect(messages).toContain('circle');
    expect(messages).toContain('“nowhere”');
    expect(messages).toContain('output “gone”');
    expect(messages).toContain('“d” is made more than once');
    expect(messages).toContain('“x” is made more than once');
    expect(view.order).toHaveLength(6);
    expect(new Set(view.order).size).toBe(6);
  });

  it('lists a bounded number of defects', () => {
    const nodes = Array.from({ length: 500 }, (_, i) => node('A', [`missing${i}`], [`a${i}`]));
    const { problems } = createGraph(model(graph({ node: nodes })));
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)?.message).toContain('450 more');
  });

  it('is built in time that grows with the nodes, not with their square', () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) => node('Add', [`v${i}`, 'x'], [`v${i + 1}`])).reverse();
    const main = model(graph({ input: ['v0', 'x'], node: nodes, output: ['v50000'] }));
    const start = performance.now();
    const view = createGraph(main);
    expect(view.order[0]?.inputs[0]).toBe('v0');
    expect(view.problems).toEqual([]);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe('attributes', () => {
  const holder = {
    proto: node(
      'X',
      [],
      [],
      [
        create(AttributeProtoSchema, { name: 'axis', type: AttributeType.INT, i: -1n }),
        create(AttributeProtoSchema, { name: 'end', type: AttributeType.INTS, ints: [2n ** 63n - 1n] }),
        create(AttributeProtoSchema, { name: 'alpha', type: AttributeType.FLOAT, f: 0.25 }),
        create(AttributeProtoSchema, {
          name: 'mode',
          type: AttributeType.STRING,
          s: new TextEncoder().encode('nearest'),
        }),
        create(AttributeProtoSchema, { name: 'old', i: 3n }),
        create(AttributeProtoSchema, { name: 'from_caller', type: AttributeType.INT, refAttrName: 'axis' }),
      ],
    ),
  };
  it('are read by type, and are undefined where absent, of another type or a parameter of a function', () => {
    expect(attributeInt(holder, 'axis')).toBe(-1);
    expect(attributeInts(holder, 'end')).toEqual([2 ** 63]);
    expect(attributeFloat(holder, 'alpha')).toBe(0.25);
    expect(attributeString(holder, 'mode')).toBe('nearest');
    expect(attributeInt(holder, 'old')).toBe(3);
    expect(attributeInt(holder, 'from_caller')).toBeUndefined();
    expect(attributeInt(holder, 'alpha')).toBeUndefined();
    expect(attributeTensor(holder, 'axis')).toBeUndefined();
  });
});

describe('types in words', () => {
  it('name element types, open dimensions and containers', () => {
    expect(valueType(value('x', ['batch', 3, '']).type)).toEqual({ type: 'float32', shape: ['batch', 3, '?'] });
    expect(valueType(undefined)).toEqual({ type: 'unknown', shape: undefined });
    const sequence = create(TypeProtoSchema, {
      value: {
        case: 'sequenceType',
        value: {
          elemType: create(TypeProtoSchema, { value: { case: 'tensorType', value: { elemType: DataType.INT64 } } }),
        },
      },
    });
    expect(valueType(sequence).type).toBe('sequence of int64');
    expect(valueType(create(TypeProtoSchema, { value: { case: 'tensorType', value: { elemType: 99 } } })).type).toBe(
      'type 99',
    );
    let nested = sequence;
    for (let i = 0; i < 50; i++)
      nested = create(TypeProtoSchema, { value: { case: 'optionalType', value: { elemType: nested } } });
    expect(valueType(nested).type.length).toBeLessThan(200);
    expect(tensorFromProto(create(TensorProtoSchema, { dataType: DataType.INT64, int64Data: [1n] })).dims).toEqual([]);
  });
});
