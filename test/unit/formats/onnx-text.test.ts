import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { toText } from '@bufbuild/protobuf/txtpb';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem, problem, type Problem } from '../../../src/core/errors.js';
import { ModelProtoSchema, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnxText } from '../../../src/core/formats/onnx/open-text.js';
import { onnxWeights } from '../../../src/core/formats/onnx/weights.js';
import { sharedData } from '../shared-data.js';
import { bytesOf, graphOf, modelOf, packedTensor, rawTensor } from './onnx-builder.js';

const noSiblings = {
  open: (path: string) => Promise.reject(problem('missing-external-data', `The file “${path}” is missing.`)),
};
const open = async (text: string | Uint8Array): Promise<ModelProto> => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return (await openOnnxText(memorySource('m.onnxtxt', bytes), noSiblings)).proto;
};
const problemOf = (text: string | Uint8Array): Promise<Problem> =>
  open(text).then(
    () => ({ kind: 'internal' as const, message: 'It was opened.' }),
    (error: unknown) => asProblem(error),
  );
/** Models are equal when their bytes are: then NaN is NaN. */
const equal = (a: ModelProto, b: ModelProto): void => expect(Buffer.compare(bytesOf(a), bytesOf(b))).toBe(0);
const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/onnx-text/${name}`, import.meta.url));
const small = (inside: string): string => `ir_version: 8\ngraph {\n  name: "g"\n  output { name: "y" }\n${inside}\n}\n`;

describe('an ONNX model as text', () => {
  it('is the model that Google’s own writer wrote it from (fixtures/onnx-text/make_model.py)', async () => {
    const text = fixture('model.pbtxt');
    equal(await open(text), fromBinary(ModelProtoSchema, fixture('model.onnx')));
    const file = await openOnnxText(memorySource('m.onnxtxt', text), noSiblings);
    expect(file).toMatchObject({ fileName: 'm.onnxtxt', fileBytes: text.length, externalBytes: 0, problems: [] });
    const raw = onnxWeights(file).tensors.find(({ name }) => name === 'every byte');
    expect(await raw?.values?.read(0, 256)).toEqual(Uint8Array.from({ length: 256 }, (_, i) => i));
  });

  it('may be written in any way that the text form allows', async () => {
    const written = await open(
      `# A comment with { and "
      ir_version: 8, producer_name: 'a' "b" 'c';
      graph: <
        name: "g" # and another }
        output: [{ name: "y" }, < name: 'z' >]
        initializer { name: "t" dims: [2, 1], data_type: 1 float_data: [-1.5e-3, inf] }
        node { op_type: "A" attribute { name: "i" type: 2 i: -0x10 } attribute { name: "f" type: FLOAT f: - 1 } }
        node { op_type: "B", device_configurations { configuration_id: "d" sharding_spec { } } }
      >
      configuration { name: "d" num_devices: 2 }
      opset_import { domain: "" version: 017 }`,
    );
    expect(written).toMatchObject({ irVersion: 8n, producerName: 'abc', opsetImport: [{ version: 15n }] });
    expect(written.graph?.output.map(({ name }) => name)).toEqual(['y', 'z']);
    expect(written.graph?.initializer[0]).toMatchObject({
      dims: [2n, 1n],
      floatData: [Math.fround(-1.5e-3), Infinity],
    });
    expect(written.graph?.node[0]?.attribute).toMatchObject([{ i: -16n }, { f: -1 }]);
  });

  it('of long parts is read as of short ones', async () => {
    const model = modelOf(
      graphOf([], [rawTensor('raw', 100_000, 0.37), packedTensor('listed', 30_000, 0.11), rawTensor('small', 2)]),
    );
    const graph = model.graph ?? expect.fail();
    graph.docString = 'ä𝄞"\\\n'.repeat(40_000);
    equal(await open(toText(ModelProtoSchema, model)), model);
    // The same numbers as one list, and the tensors as one list of messages.
    const listed = graph.initializer[1] ?? expect.fail();
    const numbers = listed.floatData.join(', ');
    const tensor = `{ name: "listed" dims: 30000 data_type: 1 float_data: [${numbers}] }`;
    const read = await open(small(`initializer: [${tensor}, ${tensor}, { name: "last" }]`));
    expect(read.graph?.initializer.map(({ name }) => name)).toEqual(['listed', 'listed', 'last']);
    for (const each of read.graph?.initializer.slice(0, 2) ?? [])
      expect(Float32Array.from(each.floatData)).toEqual(Float32Array.from(listed.floatData));
  });

  it('may have any escape in a long literal, as in a short one', async () => {
    let state = 9;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const units = [
      'a',
      'é',
      '日',
      '𝄞',
      '\\n',
      '\\"',
      "\\'",
      '\\\\',
      '\\?',
      '\\a',
      '\\0',
      '\\12',
      '\\377',
      '\\x4',
      '\\xfF',
      '\\u00e9',
      '\\U0001d11e',
      "'",
      ' ',
      '7',
    ];
    for (let round = 0; round < 5; round++) {
      const short = Array.from({ length: 2000 }, () => units[random(units.length)]).join('');
      // A hexadecimal or octal escape must not swallow what the next piece begins with.
      const piece = `${short} `;
      const once =
        (await open(small(`initializer { raw_data: "${piece}" }`))).graph?.initializer[0]?.rawData ?? expect.fail();
      const repeats = 60;
      const many = await open(small(`initializer { raw_data: "${piece.repeat(repeats)}" '' "end" }`));
      const expected = Buffer.concat([...Array<Uint8Array>(repeats).fill(once), Buffer.from('end')]);
      expect(Buffer.compare(many.graph?.initializer[0]?.rawData ?? expect.fail(), expected)).toBe(0);
    }
  });

  it('is every real model, too', async ({ skip }) => {
    const folder = sharedData('') ?? skip('no shared data');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.onnx') && statSync(join(folder, path)).size < 400_000)
      .filter((path, index) => !path.startsWith('onnx-conformance') || index % 10 === 0);
    for (const path of files) {
      const model = fromBinary(ModelProtoSchema, readFileSync(join(folder, path)));
      const text = toText(ModelProtoSchema, model);
      const dropped = model.graph === undefined || (model.graph.node.length === 0 && model.graph.output.length === 0);
      if (!dropped) equal(await open(text), model);
    }
    expect(files.length).toBeGreaterThan(130);
  }, 120_000);

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    const source = memorySource('m.onnxtxt', new TextEncoder().encode(small('')));
    await expect(openOnnxText(source, noSiblings, controller.signal)).rejects.toThrow('Cancelled');
  });
});

describe('what cannot be read is said with its line and column', () => {
  it.each<[string, string, string, string]>([
    ['an unknown field', small('  node { op_type: "A"\n    opp_type: "B" }'), 'line 6, column 5', 'opp_type'],
    [
      'deep inside',
      small('  node { op_type: "A"\n    attribute { name: "a"\n      t { dims: 1 data_typo: 3 } } }'),
      'line 7, column 19',
      'data_typo',
    ],
    ['a value of another kind', small('  initializer {\n    dims: "three" }'), 'line 6, column 5', 'integer'],
    ['an unknown word', small('  node { attribute { type: FLAT } }'), 'line 5, column 22', 'FLAT'],
    ['a field that is there twice', small('  name: "h"'), 'line 5, column 3', 'repeated'],
    ['the same far apart', small(`  doc_string: "${'x'.repeat(70_000)}"\n  name: "h"`), 'line 6, column 3', 'repeated'],
    ['a message that is there twice', `${small('')}graph { name: "h" }`, 'line 7, column 1', 'repeated'],
    ['a missing value', small('  node { op_type: }'), 'line 5, column 19', 'expected a string'],
    ['a missing name', small('  node { : 3 }'), 'line 5, column 10', 'name'],
    ['an extension', small('  node { [a.b] : 3 }'), 'line 5, column 10', 'a.b'],
    ['a bracket too many', `${small('')}}`, 'line 7, column 1', 'closes nothing'],
    ['brackets that do not match', small('  node { input: ["a" }'), 'line 5, column 22', 'closes nothing'],
    ['a text without end', small('  node { name: "a }'), 'line 5, column 16', 'does not end'],
    [
      'text that is no UTF-8 escape',
      small(`  doc_string: "${'x'.repeat(70_000)}\\q"`),
      'line 5, column 70016',
      'escape',
    ],
    [
      'a long text in place of a number',
      small(`  initializer { dims: "${'x'.repeat(70_000)}" }`),
      'line 5, column 17',
      'integer',
    ],
    ['an error in a long list', small(`  initializer { dims: [${'1, '.repeat(40_000)}two] }`), 'line 5', 'integer'],
    ['a long unknown field', small(`  noode { name: "${'x'.repeat(70_000)}" }`), 'line 5, column 3', 'noode'],
  ])('%s', async (_, text, place, reason) => {
    const found = await problemOf(text);
    expect(found).toMatchObject({ kind: 'malformed-model', place: expect.stringContaining(place) });
    expect(found.message).toContain(reason);
    expect(found.message.length).toBeLessThan(500);
  });
});

describe('a text that is no ONNX model', () => {
  it.each<[string, string, string, string]>([
    ['prose', 'It doesn’t look {like a model; it’s "text.\n', 'not-a-model', 'no ONNX model'],
    ['a web page', '<!DOCTYPE html><html></html>', 'not-a-model', 'no ONNX model'],
    ['JSON', '{"ir_version": 8}', 'not-a-model', 'no ONNX model'],
    ['a Caffe network', 'name: "LeNet"\nlayer { name: "data" type: "Input" }', 'not-a-model', 'Caffe'],
    [
      'a TensorFlow graph',
      'node { name: "x" op: "Placeholder" }\nversions { producer: 27 }',
      'not-a-model',
      'TensorFlow',
    ],
    ['zeros', '\0'.repeat(1000), 'not-a-model', 'no ONNX model'],
    ['a model without a graph', 'ir_version: 8', 'not-a-model', 'no ONNX model'],
    ['a model with an empty graph', 'ir_version: 8 graph { name: "g" }', 'not-a-model', 'not a model'],
    [
      'ONNX’s own syntax',
      '<\n  ir_version: 8,\n  opset_import: ["" : 17]\n>\nagraph (float[N] x) => (float[N] y) { y = Relu(x) }',
      'not-applicable',
      'own textual syntax',
    ],
  ])('is named so: %s', async (_, text, kind, reason) => {
    const found = await problemOf(text);
    expect(found.kind).toBe(kind);
    expect(found.message).toContain(reason);
    expect(found.remedy).toBeTruthy();
  });

  it('is empty, or longer than what is read', async () => {
    expect((await problemOf('')).kind).toBe('empty-file');
    const large = { name: 'm.pbtxt', size: 40 * 2 ** 20, read: () => expect.fail('it was read') };
    await expect(openOnnxText(large, noSiblings)).rejects.toMatchObject({ problem: { kind: 'not-applicable' } });
  });
});

describe('a hostile text', () => {
  it('may nest 10,000 deep, in a message or in lists', async () => {
    for (const [opening, closing] of [
      ['node { attribute { g { ', '} } } '],
      ['node < attribute < g < ', '> > > '],
    ] as const) {
      const found = await problemOf(small(opening.repeat(3334) + closing.repeat(3334)));
      expect(found).toMatchObject({ kind: 'malformed-model', message: expect.stringContaining('100 deep') });
    }
    const lists = await problemOf(small(`initializer { dims: ${'['.repeat(10_000)}${']'.repeat(10_000)} }`));
    expect(lists.kind).toBe('malformed-model');
    expect((await problemOf(small(`node { input: ${'['.repeat(50)}${']'.repeat(50)} }`))).kind).toBe('malformed-model');
  });

  it('may have millions of messages or numbers in a few megabytes', async () => {
    const messages = await problemOf(small('node{}'.repeat(1_000_000)));
    expect(messages).toMatchObject({ kind: 'malformed-model', message: expect.stringContaining('500000 messages') });
    const numbers = await problemOf(small(`initializer { int64_data: [${'0,'.repeat(9_000_000)}0] }`));
    expect(numbers).toMatchObject({ kind: 'malformed-model', message: expect.stringContaining('8000000') });
  });

  it('may be nested as deeply as is allowed with long parts in it', async () => {
    const depth = 33;
    const long = `doc_string: "${'x'.repeat(70_000)}"`;
    const fits = small(
      `${`${long} node { attribute { g { `.repeat(depth - 1)}${'} } } '.repeat(depth - 1)}`.replace('name: "g"', ''),
    );
    expect((await open(fits)).graph?.docString).toHaveLength(70_000);
    const found = await problemOf(small('node { attribute { g { '.repeat(40) + long + '} } } '.repeat(40)));
    expect(found.kind).toBe('malformed-model');
  });

  it('is said to be cut off, or not to be a model, wherever it is cut', async () => {
    const text = fixture('model.pbtxt');
    const insideGraph = text.subarray(0, Buffer.from(text).indexOf('\n}\nopset_import'));
    const kinds = new Set<string>();
    for (let part = 1; part < 60; part++) {
      const found = await problemOf(text.subarray(0, Math.floor((insideGraph.length * part) / 60)));
      kinds.add(found.kind);
      expect(found.place).toMatch(/line \d+/);
    }
    expect([...kinds].sort()).toEqual(['malformed-model', 'truncated-file']);
  });

  it('never fails in an untyped way, however its bytes are changed', async () => {
    let state = 3;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const text = fixture('model.pbtxt');
    const kinds = new Map<string, number>();
    for (let round = 0; round < 500; round++) {
      const changed = Uint8Array.from(text);
      for (let i = 0; i <= random(3); i++)
        changed[random(text.length)] = '{}<>[]:,;"\'\\#-0x \n'.charCodeAt(random(19));
      const { kind, message } = await open(changed).then(
        () => ({ kind: 'opened', message: '' }),
        (error: unknown) => asProblem(error),
      );
      expect(kind, message).not.toBe('internal');
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(kinds.get('opened')).toBeGreaterThan(30);
    expect(kinds.get('malformed-model')).toBeGreaterThan(100);
  }, 60_000);
});
