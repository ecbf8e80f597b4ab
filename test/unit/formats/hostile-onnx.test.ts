import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem, problem, type Problem } from '../../../src/core/errors.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import {
  TensorProto_DataLocation,
  TensorProtoSchema,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import { encodeTag } from '../../../src/core/formats/onnx/wire.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import {
  bytesOf,
  concat,
  constantNode,
  field,
  graphOf,
  ifNode,
  modelOf,
  rawTensor,
  varintField,
} from './onnx-builder.js';

const noSiblings = {
  open: (path: string) => Promise.reject(problem('missing-external-data', `The file “${path}” is missing.`)),
};

/** Everything the product does with a file before it runs it. */
async function inspect(bytes: Uint8Array, name = 'm.onnx'): Promise<readonly Problem[]> {
  const file = await openOnnx(memorySource(name, bytes), noSiblings);
  const graph = createGraph(file.proto);
  for (const node of graph.nodes) graph.subgraphs(node);
  toRunnable(file.proto, '/');
  return [...file.problems, ...graph.problems];
}

const problemOf = (bytes: Uint8Array): Promise<Problem> =>
  inspect(bytes).then(
    () => ({ kind: 'internal' as const, message: 'It was opened.' }),
    (error: unknown) => asProblem(error),
  );

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Random numbers in [0, 1) from a seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const branch = graphOf([constantNode('c', rawTensor('', 1200))], [rawTensor('w', 30)], ['c']);
const sample = bytesOf(
  modelOf(
    graphOf([ifNode('b', 'y', branch, branch), constantNode('k', rawTensor('', 50))], [rawTensor('v', 1500)], ['y']),
  ),
);

describe('a file that is no model', () => {
  it.each<[string, Uint8Array, string]>([
    ['a text', text('Hello, this is a text file.\nIt has lines.\n'), ''],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'), 'git lfs pull'],
    ['a web page', text('<!DOCTYPE html><html></html>'), 'Download'],
    ['a ZIP archive', concat(text('PK'), [3, 4], new Uint8Array(100)), 'torch.onnx.export'],
    ['JSON', text('{"model": 1}'), '.onnx'],
    ['zeros', new Uint8Array(5000), ''],
    ['a tensor of ONNX test data', concat(varintField(1, 2), varintField(2, 1), field(9, new Uint8Array(8))), ''],
    ['a TensorFlow graph', concat(field(1, field(1, text('node')), field(2, text('Const')))), ''],
    ['a model without a graph', concat(varintField(1, 8), field(8, varintField(2, 17))), ''],
    ['a model with an empty graph', concat(varintField(1, 8), field(7, field(2, text('g')))), ''],
  ])('is named so: %s', async (_, bytes, advice) => {
    const found = await problemOf(bytes);
    expect(found.kind).toBe('not-a-model');
    expect(found.message).toContain('m.onnx');
    expect(found.remedy).toContain(advice);
  });

  it('is named so for random bytes, whatever they are', async () => {
    const random = seeded(7);
    const kinds = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 3000) }, () => Math.floor(random() * 256));
      const { kind } = await problemOf(bytes);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect([...kinds.keys()].filter((kind) => !['not-a-model', 'truncated-file'].includes(kind))).toEqual([]);
    expect(kinds.get('not-a-model')).toBeGreaterThan(290);
  });

  it('is empty', async () => {
    expect((await problemOf(new Uint8Array(0))).kind).toBe('empty-file');
  });
});

describe('a damaged model', () => {
  it('is said to be cut off wherever it is cut', async () => {
    expect(await inspect(sample)).toEqual([expect.objectContaining({ message: expect.stringContaining('“b”') })]);
    for (let part = 1; part < 50; part++) {
      const found = await problemOf(sample.slice(0, Math.floor((sample.length * part) / 50)));
      expect(found.kind).toBe('truncated-file');
      expect(found.place).toMatch(/^byte \d+ of m\.onnx$/);
    }
  });

  const lengths: [string, number[]][] = [
    ['2^31 − 1', [0xff, 0xff, 0xff, 0xff, 0x07]],
    ['2^32 − 1', [0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['2^32', [0x80, 0x80, 0x80, 0x80, 0x10]],
    ['2^63 − 1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['2^64 − 1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['longer than any number', Array<number>(11).fill(0xff)],
  ];
  it.each(lengths)('may state the length %s in any message: a typed error, nothing allocated', async (_, length) => {
    const at = (number: number): Uint8Array => concat(encodeTag(number, 2), length, [1, 2, 3]);
    const filler = field(10, new Uint8Array(5000).fill(97));
    const outermost = await problemOf(concat(varintField(1, 8), at(7)));
    expect(['truncated-file', 'not-a-model']).toContain(outermost.kind);
    for (const inside of [
      concat(filler, at(1)),
      concat(filler, at(5)),
      field(1, field(6, new Uint8Array(5000).fill(97)), at(5)),
      field(5, field(12, new Uint8Array(5000).fill(97)), at(9)),
      at(11),
    ]) {
      const found = await problemOf(concat(varintField(1, 8), field(7, inside)));
      expect(found.kind).toBe('malformed-model');
      expect(found.remedy).toBeTruthy();
    }
  });

  it('may nest 10,000 deep: subgraphs, types, groups', async () => {
    const payload = new Uint8Array(5000).fill(97);
    let subgraph = field(10, payload);
    let small = field(2, text('g'));
    let type: Uint8Array = varintField(1, 1);
    const wrap = (inner: Uint8Array): Uint8Array => prefixed(1, prefixed(5, prefixed(6, inner)));
    for (let i = 0; i < 10_000 / 3; i++) {
      subgraph = wrap(subgraph);
      small = wrap(small);
    }
    for (let i = 0; i < 5000; i++) type = prefixed(4, prefixed(1, type));
    const groups = new Uint8Array(20_000).fill(0x0b);
    for (const graph of [
      subgraph,
      small,
      field(11, field(1, text('x')), field(2, type)),
      concat(field(10, payload), groups),
    ]) {
      expect((await problemOf(concat(varintField(1, 8), field(7, graph)))).kind).toBe('malformed-model');
    }
  });

  it('may repeat a message that occurs once: a typed error, or merged', async () => {
    const piece = field(7, field(2, text('g')));
    const many = concat(varintField(1, 8), ...Array.from({ length: 5000 }, () => piece));
    expect((await problemOf(many)).kind).toBe('malformed-model');
  });

  it('never crashes, hangs or fails in an untyped way, however its bytes are changed', async () => {
    const random = seeded(20);
    const kinds = new Map<string, number>();
    for (let i = 0; i < 600; i++) {
      const bytes = Uint8Array.from(sample);
      for (let change = 0; change <= Math.floor(random() * 4); change++) {
        // Most of the file is weights: aim at the structure around them.
        const position = random() < 0.5 ? Math.floor(random() * bytes.length) : Math.floor(random() * 300);
        bytes[position] = random() < 0.3 ? 0xff : Math.floor(random() * 256);
      }
      const { kind, message } = await inspect(bytes).then(
        () => ({ kind: 'opened', message: '' }),
        (error: unknown) => asProblem(error),
      );
      expect(kind, message).not.toBe('internal');
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(kinds.get('opened')).toBeGreaterThan(50);
    expect(kinds.get('malformed-model')).toBeGreaterThan(50);
  }, 60_000);
});

describe('external data', () => {
  const external = (name: string, entries: Record<string, string>): TensorProto =>
    create(TensorProtoSchema, {
      name,
      dims: [4n],
      dataType: 1,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    });

  it('that is missing, elsewhere or too short is a problem that names the file; the structure is still shown', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'external-'));
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(24));
    symlinkSync('/dev/zero', join(folder, 'device.bin'));
    symlinkSync('/etc/passwd', join(folder, 'link.bin'));
    const cases: [Record<string, string>, string, string][] = [
      [{ location: 'weights.bin', offset: '8', length: '16' }, 'none', ''],
      [{ location: 'weights.bin', offset: '8' }, 'none', ''],
      [{ location: 'weights.bin', offset: '9' }, 'missing-external-data', 'weights.bin'],
      [{ location: 'weights.bin', length: '12' }, 'malformed-model', '12'],
      [{ location: 'weights.bin', offset: '-8' }, 'malformed-model', '-8'],
      [{ location: 'weights.bin', offset: '9007199254740993' }, 'malformed-model', '9007199254740993'],
      [{ location: 'weights.bin', offset: '1e3' }, 'malformed-model', '1e3'],
      [{ offset: '0' }, 'malformed-model', 'names no file'],
      [{ location: 'gone.bin' }, 'missing-external-data', 'gone.bin'],
      [{ location: '../weights.bin' }, 'external-data-outside-folder', '../weights.bin'],
      [{ location: '/etc/passwd' }, 'external-data-outside-folder', '/etc/passwd'],
      [{ location: 'device.bin' }, 'external-data-outside-folder', 'device.bin'],
      [{ location: 'link.bin' }, 'external-data-outside-folder', 'link.bin'],
    ];
    for (const [entries, kind, text] of cases) {
      const bytes = bytesOf(modelOf(graphOf([], [external('t', entries)], ['t'])));
      const file = await openOnnx(memorySource('m.onnx', bytes), siblingFiles(folder));
      expect(file.proto.graph?.initializer).toHaveLength(1);
      expect(file.problems.map((found) => found.kind)).toEqual(kind === 'none' ? [] : [kind]);
      expect(file.problems[0]?.message ?? '').toContain(text);
      expect(file.externalBytes).toBe(kind === 'none' ? 16 : 0);
    }
    rmSync(folder, { recursive: true });
  });

  it('that is missing is one problem per file, not per tensor', async () => {
    const tensors = Array.from({ length: 300 }, (_, i) =>
      external(`t${i}`, { location: 'gone.bin', offset: String(16 * i) }),
    );
    const bytes = bytesOf(modelOf(graphOf([], tensors, ['t0'])));
    const file = await openOnnx(memorySource('m.onnx', bytes), noSiblings);
    expect(file.problems).toHaveLength(1);
  });

  it('of impossible size is refused before anything is read', async () => {
    const huge = external('t', { location: 'm.onnx' });
    huge.dims = [2n ** 40n, 2n ** 40n];
    const negative = external('t', { location: 'm.onnx' });
    negative.dims = [-1n];
    for (const tensor of [huge, negative]) {
      const bytes = bytesOf(modelOf(graphOf([], [tensor], ['t'])));
      const file = await openOnnx(memorySource('m.onnx', bytes), noSiblings);
      expect(file.problems.map((found) => found.kind)).toEqual(['malformed-model']);
    }
  });
});

describe('decoding', () => {
  it('takes texts that are no UTF-8, as engines do', async () => {
    const bytes = concat(
      varintField(1, 8),
      field(2, [0xff, 65]),
      field(7, field(2, text('g')), field(12, field(1, text('y')))),
    );
    const { proto } = await openOnnx(memorySource('m.onnx', bytes), noSiblings);
    expect(proto.producerName).toBe('\ufffdA');
  });

  it('keeps fields that the product does not know', () => {
    const unknown = concat(sample, varintField(200, 77));
    expect(decodeOnnx(unknown).$unknown).toHaveLength(1);
  });
});

/** A length-delimited field around bytes; quicker than the general builder for deep nesting. */
function prefixed(number: number, value: Uint8Array): Uint8Array {
  const head = field(number);
  let rest = value.length;
  const length: number[] = [];
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
  length.push(rest);
  const out = new Uint8Array(head.length - 1 + length.length + value.length);
  out.set(head.subarray(0, head.length - 1));
  out.set(length, head.length - 1);
  out.set(value, head.length - 1 + length.length);
  return out;
}
