/** Names and documentation that would pass for something else: shown as text, shortened, without hidden characters. */
import { create } from '@bufbuild/protobuf';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { ggufFile } from '../formats/gguf-builder.js';
import { bytesOf, graphOf, modelOf, rawTensor } from '../formats/onnx-builder.js';
import * as make from '../formats/pickle-builder.js';
import type { HostileFile } from './examine.js';
import { described, npyHeader, npyOf, opened, rejected, safetensorsOf } from './expected.js';

const TEXTS: readonly [string, string][] = [
  ['markup', '<img src=x onerror=alert(1)><script>alert(2)</script>'],
  ['an end of the page’s own script', '</script></style>--><!--'],
  ['a right-to-left override', 'model\u202egnp.exe'],
  ['isolates and zero-width characters', '\u2066a\u2069\u200bb\u200f\ufeff'],
  ['control characters', 'a\u0000b\u001b[31mc\u0007\r\nd\u0085\u2028e'],
  ['half a character', 'a\ud800b'],
  ['10 MB of text', 'n'.repeat(10_000_000)],
  ['10 MB of overrides', '\u202e'.repeat(3_400_000)],
  ['10 MB of combining marks', `e${'\u0301'.repeat(5_000_000)}`],
  ['10 MB of scopes', 'a/'.repeat(5_000_000)],
  ['10 MB of quotes', '"\\'.repeat(5_000_000)],
];
/** UTF-8 has no halves of characters: what a file holds in their place. */
const inUtf8 = (text: string): string => Buffer.from(text).toString();

describe.each(TEXTS)('%s', (_, text) => {
  it('in every text of an ONNX model', async () => {
    const written = inUtf8(text);
    // The whole of it where documentation and names are, less of it elsewhere: the file is no larger than it must be.
    const less = written.slice(0, 300_000);
    const attribute = create(AttributeProtoSchema, {
      name: less,
      type: AttributeType.STRING,
      s: Buffer.from(less),
      docString: 'd',
    });
    const node = create(NodeProtoSchema, {
      name: written,
      opType: 'Relu',
      input: ['x', 'w'],
      output: ['y'],
      docString: 'd',
      attribute: [attribute],
    });
    const type = create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: { elemType: 1, shape: { dim: [{ value: { case: 'dimParam', value: less } }] } },
      },
    });
    const graph = graphOf([node], [rawTensor('w', 3), rawTensor(less, 3)], ['y']);
    graph.input = [create(ValueInfoProtoSchema, { name: 'x', type })];
    const model = modelOf(graph);
    model.docString = written;
    model.producerName = less;
    model.metadataProps = [create(StringStringEntryProtoSchema, { key: less, value: less })];
    const seen = await opened({ name: 'm.onnx', bytes: bytesOf(model) });
    expect(seen.tensors).toContain('w');
    expect(seen.pictured).toBeGreaterThan(2);
  });

  it.each(['opType', 'domain', 'value'] as const)('as the %s of a node in ONNX', async (place) => {
    const written = inUtf8(text);
    // The name of a value stands five times in the file: the file holds 10 MB of text, not 50.
    const value = place === 'value' ? written.slice(0, 2_000_000) : 'v';
    const node = create(NodeProtoSchema, {
      name: 'n',
      opType: place === 'opType' ? written : 'Relu',
      domain: place === 'domain' ? written : '',
      input: ['x', value],
      output: [`${value} `],
    });
    const other = create(NodeProtoSchema, { opType: 'Relu', input: [`${value} `], output: ['y'] });
    const seen = await opened({ name: 'm.onnx', bytes: bytesOf(modelOf(graphOf([node, other, node], [], ['y']))) });
    // Two nodes make one value, and nothing makes the other: both are said, with their names.
    expect(seen.problems.length).toBeGreaterThan(1);
  });

  it('as a name and a text in safetensors', async () => {
    // Quoted, every character of some takes two.
    const name = JSON.stringify(text.slice(0, 7_000_000));
    const header = `{"__metadata__": {${name}: ${name}}, ${name}: ${described('1', '0, 1')}}`;
    const seen = await opened({ name: 'm.safetensors', bytes: safetensorsOf(header, [1]) });
    expect(seen.tensors).toHaveLength(1);
    const twice = `{${name}: ${described('1', '0, 1')}, ${name}: ${described('1', '0, 1')}}`;
    expect(await rejected({ name: 'm.safetensors', bytes: safetensorsOf(twice, [1]) })).toContain('twice');
  });

  it('as a key, a text, an architecture and a name in GGUF', async () => {
    const written = inUtf8(text);
    const entry = (key: string, value: string) => [key, { type: 'text', value }] as const;
    const metadata = [entry('general.architecture', written), entry(written.slice(0, 1000), written)];
    const tensor = { name: written.slice(0, 1000), dims: [4], type: 0, data: new Uint8Array(16) };
    const seen = await opened({ name: 'm.gguf', bytes: ggufFile({ metadata, tensors: [tensor] }) });
    expect(seen.tensors).toHaveLength(1);
    if (Buffer.byteLength(written) > 1_000_000)
      await rejected({ name: 'm.gguf', bytes: ggufFile({ tensors: [{ ...tensor, name: written }] }) });
  });

  it('as a key and a text in a checkpoint, and as a class that it asks for', async () => {
    const written = inUtf8(text);
    const good = make.tensor(make.storage('0', 1), [1], [1]);
    // The name of a class ends with its line.
    const klass = make.call('some.module', written.replaceAll('\n', ' ').slice(0, 300));
    const data = make.pickle(
      make.dict([make.text(written), good], [make.text('note'), make.text(written)], [make.text('x'), klass]),
    );
    const seen = await opened({ name: 'm.pt', bytes: make.archive(data, { 'data/0': make.floats(1) }) });
    expect(seen.tensors).toHaveLength(1);
    expect(seen.problems).toHaveLength(1);
  });

  it('as a member’s name in an archive, and as a type in NumPy', async () => {
    const name = inUtf8(text).slice(0, 20_000);
    const files: HostileFile[] = [
      { name: 'm.npz', bytes: zipSync({ [`${name}.npy`]: npyOf(npyHeader('1,'), [7]) }, { level: 0 }) },
      { name: 'm.npy', bytes: npyOf(npyHeader('1,', `'${name.slice(0, 1000).replaceAll(/['\\\n]/g, '')}'`), [7]) },
    ];
    for (const file of files) expect((await opened(file)).tensors).toHaveLength(1);
  });
});

describe('names of files', () => {
  it.each([
    '<img src=x onerror=alert(1)>.onnx',
    'model\u202exnno.onnx',
    `${'n'.repeat(240)}.onnx`,
    'a\u001b[31m\nb.onnx',
    '__proto__',
    'm.npy',
  ])('are shown as text: %j', async (name) => {
    await rejected({ name, bytes: Buffer.from('this is no model at all') });
    const bytes = bytesOf(modelOf(graphOf([], [rawTensor('w', 3)], ['w'])));
    expect((await opened({ name, bytes })).tensors).toEqual(['w']);
  });
});
