/** Files that state lengths and sizes near 2^31, 2^32 and 2^63: nothing is allocated for them. */
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { encodeTag } from '../../../src/core/formats/onnx/wire.js';
import { ggufFile, ggufWriter } from '../formats/gguf-builder.js';
import { concat, field, varintField } from '../formats/onnx-builder.js';
import * as make from '../formats/pickle-builder.js';
import { borne, described, npyHeader, npyOf, opened, rejected, safetensorsOf } from './expected.js';

/** As whole numbers, to be written in as many bytes as a format has. */
const LENGTHS: readonly [string, bigint][] = [
  ['2^31 − 1', 2n ** 31n - 1n],
  ['2^31', 2n ** 31n],
  ['2^32 − 1', 2n ** 32n - 1n],
  ['2^32', 2n ** 32n],
  ['2^53 + 1', 2n ** 53n + 1n],
  ['2^63 − 1', 2n ** 63n - 1n],
  ['2^63', 2n ** 63n],
  ['2^64 − 1', 2n ** 64n - 1n],
];
const varint = (value: bigint): number[] =>
  value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
const fits = (length: bigint): boolean => length < 2n ** 32n;

describe.each(LENGTHS)('the length %s', (_, length) => {
  it('of a message in ONNX', async () => {
    const at = (number: number): Uint8Array => concat(encodeTag(number, 2), varint(length), [1, 2, 3]);
    const graph = (inside: Uint8Array): Uint8Array => concat(varintField(1, 8), field(7, inside));
    for (const bytes of [
      concat(varintField(1, 8), at(7)),
      graph(at(1)),
      graph(concat(field(10, new Uint8Array(5000).fill(97)), at(5))),
      graph(field(5, field(8, [119]), at(9))),
      graph(at(11)),
    ])
      await rejected({ name: 'm.onnx', bytes });
  });

  it('of an axis in ONNX', async () => {
    const dims = [8, ...varint(length)];
    const tensor = field(5, concat(dims, dims, varintField(2, 1), field(8, [119]), field(9, [1, 2, 3, 4])));
    const graph = field(7, tensor, field(12, field(1, [119])));
    const { unreadable } = await opened({ name: 'm.onnx', bytes: concat(varintField(1, 8), graph) });
    expect(unreadable).toEqual(['w']);
  });

  it('of an axis, a number and an external file in ONNX as text', async () => {
    const graph = (inside: string): Uint8Array =>
      Buffer.from(`ir_version: 8\ngraph { name: "g" output { name: "w" } ${inside} }\n`);
    const tensor = `initializer { name: "w" data_type: 1 dims: ${length} raw_data: "abcd" }`;
    await borne({ name: 'm.onnxtxt', bytes: graph(tensor) });
    await borne({ name: 'm.onnxtxt', bytes: graph(`node { op_type: "A" attribute { name: "a" i: ${length} } }`) });
    const external = `initializer { name: "w" data_type: 1 dims: 4 data_location: EXTERNAL
      external_data { key: "location" value: "w.bin" } external_data { key: "offset" value: "${length}" } }`;
    const siblings = { 'w.bin': new Uint8Array(16) };
    expect((await opened({ name: 'm.onnxtxt', bytes: graph(external), siblings })).problems).not.toEqual([]);
  });

  it('of a header, a range and an axis in safetensors', async () => {
    const values = new Uint8Array(8);
    await rejected({ name: 'm.safetensors', bytes: safetensorsOf('{}', values, length) });
    for (const entry of [
      described(`${length}`, '0, 8'),
      described(`${length}, 0`, '0, 8'),
      described('8', `0, ${length}`),
      described('8', `${length}, ${length}`),
      described(`${length}`, `0, ${length}`),
      described(`${length}, ${length}`, '0, 8'),
    ])
      await rejected({ name: 'm.safetensors', bytes: safetensorsOf(`{"w": ${entry}}`, values) });
  });

  it('of counts, texts, lists, axes and offsets in GGUF', async () => {
    const start = (tensors: bigint, keys: bigint) => {
      const writer = ggufWriter();
      writer.bytes([0x47, 0x47, 0x55, 0x46]);
      writer.u32(3);
      writer.u64(tensors);
      writer.u64(keys);
      return writer;
    };
    const counts = [start(length, 0n), start(0n, length)];
    const texts = start(0n, 1n);
    texts.u64(length);
    const lists = start(0n, 1n);
    lists.text('k');
    for (const number of [9, 4]) lists.u32(number);
    lists.u64(length);
    const name = start(1n, 0n);
    name.u64(length);
    const axis = start(1n, 0n);
    axis.text('w');
    axis.u32(2);
    for (const dim of [length, length]) axis.u64(dim);
    for (const writer of [...counts, texts, lists, name, axis]) {
      writer.bytes(new Uint8Array(40));
      await rejected({ name: 'm.gguf', bytes: writer.done() });
    }
    const far = ggufFile({ tensors: [{ name: 'w', dims: [4], type: 0, data: new Uint8Array(16), offset: length }] });
    await rejected({ name: 'm.gguf', bytes: far });
  });

  it('of a header and an axis in NumPy', async () => {
    if (fits(length)) await rejected({ name: 'm.npy', bytes: npyOf(npyHeader('4'), [1, 2, 3, 4], Number(length)) });
    for (const shape of [`${length},`, `${length}, ${length}`, `${length}, 0, ${length}`]) {
      const { seen, rejected: reason } = await borne({ name: 'm.npy', bytes: npyOf(npyHeader(shape), [1, 2, 3, 4]) });
      expect(reason !== undefined || shape.includes(' 0')).toBe(true);
      expect(seen?.tensors.length ?? 0).toBeLessThanOrEqual(1);
    }
  });

  it.each(fits(length) ? ['npz', 'pt'] : [])('of a member in an archive: .%s', async (kind) => {
    const npy = npyOf(npyHeader('4,'), [1, 2, 3, 4]);
    const data = make.pickle(make.dict([make.text('w'), make.tensor(make.storage('0', 1), [1], [1])]));
    const good =
      kind === 'npz' ? zipSync({ 'a.npy': npy }, { level: 0 }) : make.archive(data, { 'data/0': make.floats(1) });
    expect((await opened({ name: `m.${kind}`, bytes: good })).tensors).toHaveLength(1);
    const end = good.length - 22;
    const directory = new DataView(good.buffer, good.byteOffset).getUint32(end + 16, true);
    const places = [directory + 20, directory + 24, directory + 42, end + 12, end + 16];
    for (const place of places) {
      const bytes = Uint8Array.from(good);
      new DataView(bytes.buffer).setUint32(place, Number(length), true);
      await rejected({ name: `m.${kind}`, bytes });
    }
  });

  it('of a member in an archive, in 64 bits', async () => {
    const npy = npyOf(npyHeader('4,'), [1, 2, 3, 4]);
    const wide = make.bytes(...Array.from({ length: 3 }, () => make.little(length, 8)));
    for (const [kind, content] of [
      ['npz', { 'a.npy': npy }],
      ['pt', { 'archive/data.pkl': make.pickle('N') }],
    ] as const) {
      const [[name, value]] = Object.entries(content) as [[string, Uint8Array]];
      const archive = zipSync({ [name]: [value, { extra: { 1: wide } }] }, { level: 0 });
      const end = archive.length - 22;
      const view = new DataView(archive.buffer, archive.byteOffset);
      const directory = view.getUint32(end + 16, true);
      for (const place of [20, 24, 42]) view.setUint32(directory + place, 0xffffffff, true);
      expect(await rejected({ name: `m.${kind}`, bytes: archive })).toContain('malformed-model');
    }
  });

  it('of a text, a shape and a storage in a pickle', async () => {
    const four = fits(length) ? [make.bytes('X', make.little(length, 4), 'abc')] : [];
    const eight = [0x8d, 0x8e, 0x96, 0x95].map((opcode) => make.bytes([opcode], make.little(length, 8), 'abc'));
    for (const piece of [...four, ...eight]) {
      await rejected({ name: 'm.pt', bytes: make.archive(make.pickle(piece)) });
      await rejected({ name: 'm.pth', bytes: make.legacy(make.pickle(piece), []) });
    }
    const number = make.bytes([0x8a, 9], make.little(length, 9));
    const sizes = make.tuple(number, number);
    const shape = make.call('torch._utils', '_rebuild_tensor', make.storage('0', 1), make.int(0), sizes, sizes);
    const bytes = make.archive(make.pickle(make.dict([make.text('w'), shape])), { 'data/0': make.floats(1) });
    expect((await opened({ name: 'm.pt', bytes })).problems).not.toEqual([]);
    const data = make.pickle(make.dict([make.text('w'), make.tensor(make.storage('0', 1), [1], [1])]));
    const keys = make.bytes(make.legacy(data, []).slice(0, -6), make.pickle(make.list(make.text('0'))));
    await rejected({ name: 'm.pth', bytes: make.bytes(keys, make.little(length, 8), make.floats(1)) });
  });
});
