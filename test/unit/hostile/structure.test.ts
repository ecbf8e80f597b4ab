/** Files that nest without end, whose parts wait for each other in circles, and in which names stand twice. */
import { create } from '@bufbuild/protobuf';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import {
  FunctionProtoSchema,
  NodeProtoSchema,
  ValueInfoProtoSchema,
  type NodeProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { ggufFile } from '../formats/gguf-builder.js';
import { bytesOf, concat, field, graphOf, ifNode, modelOf, rawTensor, varintField } from '../formats/onnx-builder.js';
import * as make from '../formats/pickle-builder.js';
import { encodeVarint } from '../../../src/core/formats/onnx/wire.js';
import { borne, described, npyHeader, npyOf, opened, rejected, safetensorsOf } from './expected.js';

const DEEP = 10_000;

const node = (opType: string, input: string[], output: string[], domain = ''): NodeProto =>
  create(NodeProtoSchema, { opType, input, output, name: output[0] ?? '', domain });

describe('files that nest 10,000 deep', () => {
  it('ONNX: bodies in bodies, types in types, groups', async () => {
    const graph = (inside: Uint8Array): Uint8Array => concat(varintField(1, 8), field(7, inside));
    const body = nested(DEEP, [0x0a, 0x2a, 0x32], field(2, [103]));
    await rejected({ name: 'm.onnx', bytes: graph(body) });
    const type = nested(DEEP, [0x22, 0x0a], varintField(1, 1));
    await rejected({ name: 'm.onnx', bytes: graph(field(11, field(1, [120]), field(2, type))) });
    await rejected({ name: 'm.onnx', bytes: graph(new Uint8Array(2 * DEEP).fill(0x0b)) });
  });

  it('ONNX: as many bodies in bodies as are read are also shown', async () => {
    const one = (depth: number): ReturnType<typeof graphOf> =>
      depth === 0
        ? graphOf([node('Relu', ['x'], ['y'])], [], ['y'])
        : graphOf([ifNode('c', 'y', one(depth - 1), graphOf([node('Neg', ['x'], ['y'])], [], ['y']))], [], ['y']);
    const seen = await borne({ name: 'm.onnx', bytes: bytesOf(modelOf(one(30))) });
    expect(seen.seen?.pictured ?? seen.rejected?.kind).toBeDefined();
  });

  it.each(['{', '<', '['])('ONNX as text: %s', async (bracket) => {
    const inside = bracket === '[' ? 'node: ['.repeat(DEEP) : `graph ${bracket} `.repeat(DEEP);
    await rejected({ name: 'm.onnxtxt', bytes: Buffer.from(`ir_version: 8\n${inside}`) });
  });

  it.each(['[', '{"a":'])('JSON in safetensors: %s', async (opening) => {
    const closing = opening === '[' ? ']' : '}';
    const deep = `${opening.repeat(DEEP)}1${closing.repeat(DEEP)}`;
    const entry = `{"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1], "note": ${deep}}}`;
    await borne({ name: 'm.safetensors', bytes: safetensorsOf(entry, [1]) });
    await rejected({ name: 'm.safetensors', bytes: safetensorsOf(`{"w": ${deep}}`, [1]) });
    await rejected({ name: 'm.safetensors', bytes: safetensorsOf(`{"__metadata__": ${deep}}`, []) });
    const map = Buffer.from(`{"metadata": ${deep}, "weight_map": {"w": ${deep}}}`);
    await rejected({ name: 'm.safetensors.index.json', bytes: map });
  });

  it('GGUF: lists of lists', async () => {
    const list = [...make.little(9, 4), ...make.little(1, 8)];
    const start = ggufFile({ metadata: [['k', { type: 'list', of: 'u8', value: [] }]] });
    const key = start.slice(0, 24 + 8 + 1 + 4);
    const bytes = make.bytes(key, ...Array.from({ length: DEEP }, () => list), new Uint8Array(64));
    expect(await rejected({ name: 'm.gguf', bytes })).toContain('deep');
  });

  it.each(['(', '[', `[('a', `])('the header of a NumPy array: %s', async (opening) => {
    const many = opening.repeat(DEEP);
    await rejected({ name: 'm.npy', bytes: npyOf(`{'descr': ${many}, 'fortran_order': False, 'shape': ()}`) });
    await rejected({ name: 'm.npy', bytes: npyOf(`{'descr': '<f4', 'fortran_order': False, 'shape': ${many}`) });
  });

  it('pickles: lists, tuples, marks and dictionaries', async () => {
    const good = make.tensor(make.storage('0', 1), [1], [1]);
    const pieces = [
      make.bytes(new Uint8Array(DEEP).fill(0x5d), new Uint8Array(DEEP - 1).fill(0x61)),
      make.bytes('N', new Uint8Array(DEEP).fill(0x85)),
      make.bytes(new Uint8Array(DEEP).fill(0x28), 'N'),
      make.bytes(Buffer.from('}K\x01'.repeat(DEEP)), 'N', new Uint8Array(DEEP).fill(0x73)),
    ];
    for (const piece of pieces) {
      const data = make.pickle(make.dict([make.text('w'), good], [make.text('x'), piece]));
      for (const file of [
        { name: 'm.pt', bytes: make.archive(data, { 'data/0': make.floats(1) }) },
        { name: 'm.pth', bytes: make.legacy(data, [{ key: '0', elements: 1, values: make.floats(1) }]) },
      ]) {
        const { seen, rejected: reason } = await borne(file);
        expect(seen?.problems[0]?.message ?? (seen === undefined ? reason?.message : 'deep')).toContain('deep');
      }
    }
  });
});

describe('graphs with circles', () => {
  it.each<[string, NodeProto[]]>([
    ['a node that reads itself', [node('Relu', ['a'], ['a'])]],
    ['two nodes', [node('Relu', ['b'], ['a']), node('Relu', ['a'], ['b'])]],
    [
      'a circle with ways in and out',
      [
        node('Relu', ['x'], ['in']),
        node('Add', ['in', 'c'], ['b']),
        node('Relu', ['b'], ['c']),
        node('Relu', ['c'], ['y']),
      ],
    ],
    [
      'a circle of 5,000 nodes',
      Array.from({ length: 5000 }, (_, at) => node('Neg', [`v${(at + 4999) % 5000}`], [`v${at}`])),
    ],
    ['500 nodes that all read each other', Array.from({ length: 500 }, (_, at) => everyOther(at))],
  ])('are shown, and what is wrong is said: %s', async (_, nodes) => {
    const graph = graphOf(nodes, [], [nodes.at(-1)?.output[0] ?? '']);
    const { problems, pictured } = await opened({ name: 'm.onnx', bytes: bytesOf(modelOf(graph)) });
    expect(problems.map(({ message }) => message).join()).toContain('in a circle');
    expect(pictured).toBeGreaterThan(0);
  });

  it('functions that call themselves, and each other', async () => {
    const definition = (name: string, calls: string) =>
      create(FunctionProtoSchema, {
        name,
        domain: 'own',
        input: ['x'],
        output: ['y'],
        node: [node(calls, ['x'], ['t'], 'own'), node(calls, ['t'], ['y'], 'own')],
        opsetImport: [{ domain: 'own', version: 1n }],
      });
    const model = modelOf(graphOf([node('F', ['x'], ['y'], 'own'), node('G', ['y'], ['z'], 'own')], [], ['z']));
    model.functions = [definition('F', 'F'), definition('G', 'H'), definition('H', 'G')];
    const { pictured, shown } = await opened({ name: 'm.onnx', bytes: bytesOf(model) });
    expect(pictured).toBeGreaterThan(2);
    expect(JSON.stringify(shown)).toMatch(/too deeply|itself|each other/);
  });

  it('functions that call the next one twice each, 40 of them', async () => {
    const model = modelOf(graphOf([node('F0', ['x'], ['y'], 'own')], [], ['y']));
    model.functions = Array.from({ length: 40 }, (_, at) =>
      create(FunctionProtoSchema, {
        name: `F${at}`,
        domain: 'own',
        input: ['x'],
        output: ['y'],
        node: [node(`F${at + 1}`, ['x'], ['t'], 'own'), node(`F${at + 1}`, ['t'], ['y'], 'own')],
      }),
    );
    expect((await opened({ name: 'm.onnx', bytes: bytesOf(model) })).pictured).toBeGreaterThan(1);
  });

  it('pickles that hold themselves', async () => {
    const good = make.tensor(make.storage('0', 1), [1], [1]);
    const self = make.bytes(']q\x01', 'h\x01', 'a');
    const data = make.pickle(make.dict([make.text('w'), good], [make.text('x'), self]));
    const seen = await opened({ name: 'm.pt', bytes: make.archive(data, { 'data/0': make.floats(1) }) });
    expect(seen.tensors).toEqual(['w']);
  });
});

describe('names that stand twice', () => {
  it('ONNX: of inputs, initializers, nodes, values and outputs', async () => {
    const graph = graphOf(
      [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['y']), node('Add', ['y', 'w'], ['z', 'z'])],
      [rawTensor('w', 3), rawTensor('w', 300), rawTensor('w', 3)],
      ['z', 'z'],
    );
    graph.input = [create(ValueInfoProtoSchema, { name: 'x' }), create(ValueInfoProtoSchema, { name: 'x' })];
    const { problems, tensors, pictured } = await opened({ name: 'm.onnx', bytes: bytesOf(modelOf(graph)) });
    const said = problems.map(({ message }) => message).join();
    for (const text of ['Two inputs', 'Two initializers', 'more than once']) expect(said).toContain(text);
    expect(new Set(tensors).size).toBe(tensors.length);
    expect(pictured).toBe(7);
  });

  it('ONNX: 20,000 tensors and 5,000 nodes of one name', async () => {
    const nodes = Array.from({ length: 5000 }, () => node('Relu', ['x'], ['y']));
    const weights = Array.from({ length: 20_000 }, () => rawTensor('w', 1));
    const { tensors, problems } = await opened({
      name: 'm.onnx',
      bytes: bytesOf(modelOf(graphOf(nodes, weights, ['y']))),
    });
    expect(new Set(tensors).size).toBe(tensors.length);
    expect(problems.length).toBeLessThan(200);
  });

  it('safetensors, and the index of a set', async () => {
    const header = `{"w": ${described('1', '0, 1')}, "w": ${described('1', '1, 2')}}`;
    expect(await rejected({ name: 'm.safetensors', bytes: safetensorsOf(header, [1, 2]) })).toContain('twice');
    const index = Buffer.from('{"weight_map": {"w": "a.safetensors", "w": "b.safetensors"}}');
    expect(await rejected({ name: 'm.safetensors.index.json', bytes: index })).toContain('twice');
  });

  it('GGUF', async () => {
    const tensor = { name: 'w', dims: [4], type: 0, data: new Uint8Array(16) };
    expect(await rejected({ name: 'm.gguf', bytes: ggufFile({ tensors: [tensor, tensor] }) })).toMatch(/twice|two/);
  });

  it('NumPy archives and checkpoints: members and keys', async () => {
    const npy = npyOf(npyHeader('1,'), [7]);
    const twice = zipSync({ 'a.npy': npy, 'b.npy': npy }, { level: 0 });
    for (let at = 0; at < twice.length; at++) if (twice[at] === 0x62 && twice[at + 1] === 0x2e) twice[at] = 0x61;
    const arrays = await borne({ name: 'm.npz', bytes: twice });
    expect(new Set(arrays.seen?.tensors).size).toBe(arrays.seen?.tensors.length ?? 0);
    const good = make.tensor(make.storage('0', 1), [1], [1]);
    const keys = Array.from({ length: 1000 }, () => [make.text('w'), good] as const);
    const data = make.pickle(make.dict(...keys));
    const seen = await opened({ name: 'm.pt', bytes: make.archive(data, { 'data/0': make.floats(1) }) });
    expect(new Set(seen.tensors).size).toBe(seen.tensors.length);
  });
});

/** Messages in messages: each the only field of the one around it, the tags in turn. */
function nested(depth: number, tags: readonly number[], inside: Uint8Array): Uint8Array {
  const heads: Uint8Array[] = [];
  let length = inside.length;
  for (let at = 0; at < depth; at++) {
    const head = Uint8Array.of(tags[(depth - 1 - at) % tags.length] ?? 0, ...encodeVarint(length));
    heads.push(head);
    length += head.length;
  }
  return make.bytes(...heads.reverse(), inside);
}

function everyOther(at: number): NodeProto {
  const others = Array.from({ length: 500 }, (_, other) => `v${other}`).filter((_, other) => other !== at);
  return node('Sum', others, [`v${at}`]);
}
