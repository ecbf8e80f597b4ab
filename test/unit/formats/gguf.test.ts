import { readFileSync } from 'node:fs';
import { gguf as readWithPackage } from '@huggingface/gguf';
import { describe, expect, it } from 'vitest';
import type { ByteSource, SiblingFiles } from '../../../src/core/bytes/byte-source.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem, problem, type Problem } from '../../../src/core/errors.js';
import { openGguf } from '../../../src/core/formats/gguf/open.js';
import type { TensorFile, WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { ggufFile, ggufWriter, type GgufInit, type GgufTensorInit } from './gguf-builder.js';

interface BlockCase {
  readonly type: string;
  readonly number: number;
  readonly blocks: Uint8Array;
  readonly weights: Float32Array;
}

/** Random blocks with the weights that an independent description of each type gives: fixtures/gguf/make_blocks.py. */
const blockCases: readonly BlockCase[] = (
  JSON.parse(readFileSync(new URL('../../fixtures/gguf/blocks.json', import.meta.url), 'utf8')) as {
    type: string;
    number: number;
    blocks: string;
    weights: string;
  }[]
).map(({ type, number, blocks, weights }) => ({
  type,
  number,
  blocks: Uint8Array.from(Buffer.from(blocks, 'base64')),
  weights: new Float32Array(Uint8Array.from(Buffer.from(weights, 'base64')).buffer),
}));

const open = (init: GgufInit, name = 'm.gguf'): Promise<TensorFile> => openGguf(memorySource(name, ggufFile(init)));
const problemOf = (bytes: Uint8Array): Promise<Problem> =>
  openGguf(memorySource('m.gguf', bytes)).then(
    () => ({ kind: 'internal' as const, message: 'It was opened.' }),
    (error: unknown) => asProblem(error),
  );
const tensorOf = (file: TensorFile, name: string): WeightTensor =>
  file.tensors.find((tensor) => tensor.name === name) ?? expect.fail(`no tensor ${name}`);
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('quantised blocks become the weights that they stand for', () => {
  it.each(blockCases.map((each) => [each.type, each] as const))('%s', async (type, { number, blocks, weights }) => {
    const file = await open({ tensors: [{ name: 'w', dims: [weights.length], type: number, data: blocks }] });
    const tensor = tensorOf(file, 'w');
    expect(tensor).toMatchObject({ dtype: type, bytes: blocks.length });
    expect(tensor.values?.type).toBe('float32');
    expect(await tensor.values?.read(0, weights.length)).toEqual(weights);
  });

  it('from any element to any other', async () => {
    for (const { number, blocks, weights } of blockCases) {
      const file = await open({ tensors: [{ name: 'w', dims: [weights.length], type: number, data: blocks }] });
      const { values } = tensorOf(file, 'w');
      for (const [start, end] of [
        [0, 1],
        [1, 2],
        [5, weights.length],
        [weights.length / 3 - 1, weights.length / 3 + 1],
        [weights.length - 1, weights.length],
        [7, 7],
      ] as const) {
        expect(await values?.read(start, end - start)).toEqual(weights.slice(start, end));
      }
    }
  });

  it('in many steps as in one', async () => {
    const { number, blocks, weights } = blockCases.find(({ type }) => type === 'Q4_K') ?? expect.fail();
    const repeats = 4000;
    const data = new Uint8Array(blocks.length * repeats);
    for (let i = 0; i < repeats; i++) data.set(blocks, i * blocks.length);
    const file = await open({ tensors: [{ name: 'w', dims: [repeats, weights.length], type: number, data }] });
    const numbers = await tensorOf(file, 'w').values?.read(100, repeats * weights.length - 100);
    expect(numbers).toHaveLength(repeats * weights.length - 100);
    expect(numbers?.slice(0, weights.length - 100)).toEqual(weights.slice(100));
    expect(numbers?.slice(-weights.length)).toEqual(weights);
  });

  it('whichever byte order the scales have', async () => {
    // Offsets of the numbers of more than one byte in a block, and their widths.
    const scales: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
      Q4_0: [[0, 2]],
      Q5_0: [
        [0, 2],
        [2, 4],
      ],
      Q5_1: [
        [0, 2],
        [2, 2],
        [4, 4],
      ],
      Q8_0: [[0, 2]],
      Q4_K: [
        [0, 2],
        [2, 2],
      ],
      Q6_K: [[208, 2]],
      Q8_K: [[0, 4]],
      IQ4_XS: [
        [0, 2],
        [2, 2],
      ],
      MXFP4: [],
    };
    for (const { type, number, blocks, weights } of blockCases) {
      const places = scales[type];
      if (places === undefined) continue;
      const swapped = Uint8Array.from(blocks);
      for (let block = 0; block < blocks.length; block += blocks.length / 3) {
        for (const [at, width] of places) swapped.subarray(block + at, block + at + width).reverse();
      }
      const file = await open({
        bigEndian: true,
        tensors: [{ name: 'w', dims: [weights.length], type: number, data: swapped }],
      });
      expect(await tensorOf(file, 'w').values?.read(0, weights.length)).toEqual(weights);
    }
  });
});

describe('types that are not quantised', () => {
  const bytesOf = (array: ArrayBufferView, bigEndian: boolean, width: number): Uint8Array => {
    const bytes = new Uint8Array(array.buffer.slice(0) as ArrayBuffer);
    if (bigEndian) for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
    return bytes;
  };
  it.each([false, true])('are read as they are (big-endian: %s)', async (bigEndian) => {
    const cases = [
      ['F32', 0, 'float32', Float32Array.of(1.5, -2, NaN, Infinity)],
      ['F16', 1, 'float16', Uint16Array.of(0x3c00, 0xc000, 0, 1)],
      ['I8', 24, 'int8', Int8Array.of(-128, 127, 0, 1)],
      ['I16', 25, 'int16', Int16Array.of(-32768, 2, 3, 4)],
      ['I32', 26, 'int32', Int32Array.of(-(2 ** 31), 2, 3, 4)],
      ['I64', 27, 'int64', BigInt64Array.of(-(2n ** 63n), 2n, 3n, 2n ** 60n + 1n)],
      ['F64', 28, 'float64', Float64Array.of(Math.PI, 2, 3, 4)],
      ['BF16', 30, 'bfloat16', Uint16Array.of(0x3f80, 0xc120, 0, 1)],
    ] as const;
    const file = await open({
      bigEndian,
      tensors: cases.map(([name, type, , array]) => ({
        name,
        dims: [2, 2],
        type,
        data: bytesOf(array, bigEndian, array.BYTES_PER_ELEMENT),
      })),
    });
    for (const [name, , stored, array] of cases) {
      const { values, dtype } = tensorOf(file, name);
      expect([dtype, values?.type]).toEqual([name, stored]);
      expect(await values?.read(0, 4)).toEqual(array);
      expect(await values?.read(2, 1)).toEqual(array.slice(2, 3));
    }
  });

  it('give arrays that are the caller’s own', async () => {
    const file = await open({ tensors: [{ name: 'w', dims: [2], type: 0, data: floats(1, 2) }] });
    const first = await tensorOf(file, 'w').values?.read(0, 2);
    first?.fill(0 as never);
    expect(await tensorOf(file, 'w').values?.read(0, 2)).toEqual(Float32Array.of(1, 2));
  });
});

const sample: GgufInit = {
  metadata: [
    ['general.architecture', { type: 'text', value: 'llama' }],
    ['general.name', { type: 'text', value: 'Ünïcode 模型' }],
    ['llama.context_length', { type: 'u32', value: 4096 }],
    ['llama.rope.freq_base', { type: 'f32', value: 0.1 }],
    ['u64', { type: 'u64', value: 2n ** 63n }],
    ['i64', { type: 'i64', value: -5n }],
    ['i8', { type: 'i8', value: -128 }],
    ['u16', { type: 'u16', value: 65535 }],
    ['i16', { type: 'i16', value: -1 }],
    ['f64', { type: 'f64', value: Math.PI }],
    ['flag', { type: 'bool', value: 1 }],
    ['few', { type: 'list', of: 'i32', value: [1, -2, 3].map((value) => ({ type: 'i32', value })) }],
    ['tags', { type: 'list', of: 'text', value: ['a', 'b'].map((value) => ({ type: 'text', value })) }],
    [
      'tokens',
      { type: 'list', of: 'text', value: Array.from({ length: 3000 }, (_, i) => ({ type: 'text', value: `t${i}` })) },
    ],
    [
      'scores',
      { type: 'list', of: 'f32', value: Array.from({ length: 3000 }, (_, i) => ({ type: 'f32', value: -i })) },
    ],
    [
      'nested',
      {
        type: 'list',
        of: 'list',
        value: [
          { type: 'list', of: 'u8', value: [{ type: 'u8', value: 7 }] },
          { type: 'list', of: 'text', value: [{ type: 'text', value: 'x' }] },
        ],
      },
    ],
  ],
  tensors: [
    { name: 'token_embd.weight', dims: [3, 5], type: 0, data: floats(...Array.from({ length: 15 }, (_, i) => i)) },
    { name: 'output_norm.weight', dims: [5], type: 0, data: floats(5, 4, 3, 2, 1) },
    { name: 'scalar', dims: [], type: 0, data: floats(9) },
    { name: 'empty', dims: [0, 7], type: 0, data: new Uint8Array(0) },
  ],
};

describe('a GGUF file', () => {
  it.each([
    [1, false],
    [2, false],
    [3, false],
    [2, true],
    [3, true],
  ] as const)('of version %s (big-endian: %s) tells its metadata and its tensors', async (version, bigEndian) => {
    const init = { ...sample, version, bigEndian };
    const file = await openGguf(memorySource('m.gguf', ggufFile({ ...init, tensors: [] })));
    expect(file).toMatchObject({
      format: 'gguf',
      formatName: `GGUF version ${version}${bigEndian ? ', big-endian' : ''}`,
      files: ['m.gguf'],
      externalBytes: 0,
      problems: [],
    });
    expect(Object.fromEntries(file.metadata.map(({ key, value }) => [key, value]))).toEqual({
      'general.architecture': 'llama',
      'general.name': 'Ünïcode 模型',
      'llama.context_length': '4096',
      'llama.rope.freq_base': '0.1',
      u64: '9223372036854775808',
      i64: '-5',
      i8: '-128',
      u16: '65535',
      i16: '-1',
      f64: String(Math.PI),
      flag: 'true',
      few: '1, -2, 3',
      tags: 'a, b',
      tokens: '3,000 texts',
      scores: '3,000 numbers',
      nested: '[7], [x]',
    });
  });

  it.each([8, 32, 64, 4096])('aligned to %s bytes has its values where it says', async (alignment) => {
    const file = await open({ ...sample, alignment });
    expect(file.tensors.map(({ name, dims }) => [name, dims])).toEqual([
      ['token_embd.weight', [3, 5]],
      ['output_norm.weight', [5]],
      ['scalar', []],
      ['empty', [0, 7]],
    ]);
    expect(await tensorOf(file, 'token_embd.weight').values?.read(13, 2)).toEqual(Float32Array.of(13, 14));
    expect(await tensorOf(file, 'output_norm.weight').values?.read(0, 5)).toEqual(Float32Array.of(5, 4, 3, 2, 1));
    expect(await tensorOf(file, 'scalar').values?.read(0, 1)).toEqual(Float32Array.of(9));
    expect(await tensorOf(file, 'empty').values?.read(0, 0)).toEqual(new Float32Array(0));
  });

  it('is understood as @huggingface/gguf understands it', async () => {
    for (const version of [1, 2, 3] as const) {
      for (const bigEndian of version === 1 ? [false] : [false, true]) {
        const bytes = ggufFile({ ...sample, version, bigEndian, alignment: 64 });
        const theirs = await readWithPackage('https://local/m.gguf', { fetch: fetchFrom(bytes) });
        const ours = await openGguf(memorySource('m.gguf', bytes));
        expect(ours.tensors.map(({ name, dims }) => ({ name, dims }))).toEqual(
          theirs.tensorInfos.map(({ name, shape }) => ({ name, dims: shape.map(Number).reverse() })),
        );
        const info = theirs.tensorInfos[1] ?? expect.fail();
        const start = Number(theirs.tensorDataOffset + info.offset);
        const view = new DataView(bytes.buffer, start);
        expect(await tensorOf(ours, 'output_norm.weight').values?.read(0, 1)).toEqual(
          Float32Array.of(view.getFloat32(0, !bigEndian)),
        );
        const plain = [
          'general.architecture',
          'general.name',
          'llama.context_length',
          'u64',
          'i64',
          'i8',
          'f64',
          'flag',
        ];
        const mine = new Map(ours.metadata.map(({ key, value }) => [key, value]));
        const metadata = theirs.metadata as unknown as Readonly<Record<string, unknown>>;
        for (const key of plain) expect(mine.get(key)).toBe(String(metadata[key]));
        expect(mine.get('few')).toBe((metadata['few'] as number[]).join(', '));
      }
    }
  });

  it('has types without values where code books are not at hand, or the type is not known', async () => {
    const file = await open({
      tensors: [
        { name: 'codes', dims: [256], type: 16, data: new Uint8Array(66) },
        { name: 'newer', dims: [1000], type: 200, data: new Uint8Array(77) },
        { name: 'w', dims: [1], type: 0, data: floats(1) },
      ],
    });
    const [codes, newer, w] = file.tensors;
    expect(codes).toMatchObject({ dtype: 'IQ2_XXS', bytes: 66, unreadable: expect.stringContaining('code books') });
    expect(codes?.values).toBeUndefined();
    expect(newer).toMatchObject({ dtype: 'type 200', bytes: 96, unreadable: expect.stringContaining('type 200') });
    expect(await w?.values?.read(0, 1)).toEqual(Float32Array.of(1));
  });

  it('is opened by reading its header, whatever its weights and vocabulary take', async () => {
    const tensors = Array.from({ length: 4 }, (_, i): GgufTensorInit => ({
      name: `w${i}`,
      dims: [1 << 20],
      type: 0,
      data: new Uint8Array(4 << 20),
    }));
    const bytes = ggufFile({
      metadata: [['scores', { type: 'list', of: 'f32', value: Array(1_000_000).fill({ type: 'f32', value: 0 }) }]],
      tensors,
    });
    let read = 0;
    const memory = memorySource('m.gguf', bytes);
    const counted: ByteSource = {
      ...memory,
      read: (offset, length) => {
        read += length;
        return memory.read(offset, length);
      },
    };
    const file = await openGguf(counted);
    expect(file.tensors).toHaveLength(4);
    expect(file.fileBytes).toBeGreaterThan(20e6);
    expect(read).toBeLessThan(3.2e6);
  });

  it('may have 100,000 tensors', async () => {
    const tensors = Array.from({ length: 100_000 }, (_, i): GgufTensorInit => ({
      name: `blk.${i}.weight`,
      dims: [1],
      type: 24,
      data: Uint8Array.of(i & 127),
    }));
    const file = await open({ alignment: 8, tensors });
    expect(file.tensors).toHaveLength(100_000);
    expect(await tensorOf(file, 'blk.99999.weight').values?.read(0, 1)).toEqual(Int8Array.of(99_999 & 127));
  });

  it('shows long texts up to a limit and says how long they are', async () => {
    const file = await open({ metadata: [['tokenizer.chat_template', { type: 'text', value: 'ab'.repeat(100_000) }]] });
    expect(file.metadata[0]?.value).toHaveLength(64 * 1024 + '… (200,000 bytes)'.length);
    expect(file.metadata[0]?.value).toMatch(/abab… \(200,000 bytes\)$/);
  });

  it('stops opening when it is cancelled', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(openGguf(memorySource('m.gguf', ggufFile(sample)), undefined, controller.signal)).rejects.toThrow(
      'Cancelled',
    );
  });
});

describe('a model in several files', () => {
  const part = (index: number, total = 3): Uint8Array =>
    ggufFile({
      metadata: [
        ...(index === 1 ? [['general.name', { type: 'text', value: 'whole' }] as const] : []),
        ['split.no', { type: 'u16', value: index - 1 }],
        ['split.count', { type: 'u16', value: total }],
      ],
      tensors: [{ name: `blk.${index}.weight`, dims: [2], type: 0, data: floats(index, -index) }],
    });
  const name = (index: number, total = 3): string =>
    `m-${String(index).padStart(5, '0')}-of-${String(total).padStart(5, '0')}.gguf`;
  const folder = (files: Readonly<Record<string, Uint8Array>>): SiblingFiles => ({
    open(path) {
      const bytes = files[path];
      return bytes === undefined
        ? Promise.reject(problem('missing-external-data', `The file “${path}” is missing.`))
        : Promise.resolve(memorySource(path, bytes));
    },
  });
  const all = { [name(1)]: part(1), [name(2)]: part(2), [name(3)]: part(3) };

  it.each([1, 2, 3])('opens as a whole from file %s', async (index) => {
    const file = await openGguf(memorySource(name(index), part(index)), folder(all));
    expect(file.problems).toEqual([]);
    expect(file.tensors.map((tensor) => [tensor.name, tensor.file])).toEqual([
      ['blk.1.weight', name(1)],
      ['blk.2.weight', name(2)],
      ['blk.3.weight', name(3)],
    ]);
    expect(await tensorOf(file, 'blk.2.weight').values?.read(0, 2)).toEqual(Float32Array.of(2, -2));
    expect(file.metadata.find(({ key }) => key === 'general.name')?.value).toBe('whole');
    expect(file.files[0]).toBe(name(index));
    expect(file.files).toHaveLength(3);
    expect(file.fileBytes + file.externalBytes).toBe(Object.values(all).reduce((sum, bytes) => sum + bytes.length, 0));
  });

  it('shows what is there when a file is missing or damaged', async () => {
    const files = { [name(1)]: part(1), [name(3)]: part(3).slice(0, 50) };
    const file = await openGguf(memorySource(name(1), part(1)), folder(files));
    expect(file.tensors.map((tensor) => tensor.name)).toEqual(['blk.1.weight']);
    expect(file.problems.map(({ kind }) => kind)).toEqual(['missing-external-data', 'truncated-file']);
    expect(file.problems[0]?.message).toContain(name(2));
  });

  it('says so when its name does not tell the others', async () => {
    const file = await openGguf(memorySource('renamed.gguf', part(1)), folder(all));
    expect(file.tensors).toHaveLength(1);
    expect(file.problems).toMatchObject([
      { kind: 'missing-external-data', message: expect.stringContaining('3 files') },
    ]);
  });

  it('has each tensor once', async () => {
    const file = await openGguf(memorySource(name(1), part(1)), folder({ ...all, [name(2)]: part(1) }));
    expect(file.tensors.map((tensor) => tensor.name)).toEqual(['blk.1.weight', 'blk.3.weight']);
    expect(file.problems).toMatchObject([
      { kind: 'malformed-model', message: expect.stringContaining('blk.1.weight') },
    ]);
  });
});

describe('a hostile GGUF file', () => {
  const header = (
    tensors: number | bigint,
    keys: number | bigint,
    rest: (writer: ReturnType<typeof ggufWriter>) => void = () => {},
  ) => {
    const writer = ggufWriter();
    writer.bytes([0x47, 0x47, 0x55, 0x46]);
    writer.u32(3);
    writer.size(tensors);
    writer.size(keys);
    rest(writer);
    return writer.done();
  };
  const key = (writer: ReturnType<typeof ggufWriter>, type: number): void => {
    writer.text('k');
    writer.u32(type);
  };
  const lengths = [
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n,
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 64n - 1n,
  ];

  it.each(lengths)(
    'may state the length %s anywhere: a typed error with its place, nothing allocated',
    async (length) => {
      const files = [
        header(length, 0),
        header(0, length),
        header(0, 1, (writer) => writer.u64(length)),
        header(0, 1, (writer) => (key(writer, 8), writer.u64(length))),
        header(0, 1, (writer) => (key(writer, 9), writer.u32(8), writer.u64(length))),
        header(0, 1, (writer) => (key(writer, 9), writer.u32(4), writer.u64(length))),
        header(0, 1, (writer) => (key(writer, 9), writer.u32(9), writer.u64(length))),
        header(1, 0, (writer) => writer.u64(length)),
        header(1, 0, (writer) => (writer.text('t'), writer.u32(1), writer.u64(length), writer.u32(0), writer.u64(0n))),
        header(
          1,
          0,
          (writer) => (
            writer.text('t'),
            writer.u32(2),
            writer.u64(length),
            writer.u64(length),
            writer.u32(12),
            writer.u64(0n)
          ),
        ),
        header(1, 0, (writer) => (writer.text('t'), writer.u32(1), writer.u64(4n), writer.u32(0), writer.u64(length))),
        header(1, 0, (writer) => (writer.text('t'), writer.u32(Number(length & 0xffffffffn)), writer.u64(1n))),
      ];
      for (const bytes of files) {
        const found = await problemOf(bytes);
        expect(['malformed-model', 'truncated-file']).toContain(found.kind);
        expect(found.place).toMatch(/byte/);
        expect(found.remedy).toBeTruthy();
      }
    },
  );

  it.each<[string, Uint8Array, string, string]>([
    ['empty', new Uint8Array(0), 'empty-file', ''],
    ['three bytes', Uint8Array.of(0x47, 0x47, 0x55), 'not-a-model', ''],
    ['another file', new TextEncoder().encode('version https://git-lfs'), 'not-a-model', 'begin'],
    ['only a magic number', Uint8Array.of(0x47, 0x47, 0x55, 0x46), 'truncated-file', 'byte 4'],
    ['version 4', header(0, 0).map((byte, at) => (at === 4 ? 4 : byte)), 'malformed-model', 'version 4'],
    ['version 0', header(0, 0).map((byte, at) => (at === 4 ? 0 : byte)), 'malformed-model', 'version 0'],
    ['metadata of no type', header(0, 1, (w) => (key(w, 13), w.u64(0n))), 'malformed-model', 'type 13'],
    ['a list of no type', header(0, 1, (w) => (key(w, 9), w.u32(13), w.u64(1n))), 'malformed-model', 'type 13'],
    [
      'an alignment of 0',
      header(0, 1, (w) => (w.text('general.alignment'), w.u32(4), w.u32(0))),
      'malformed-model',
      'alignment 0',
    ],
    [
      'an alignment of 24',
      header(0, 1, (w) => (w.text('general.alignment'), w.u32(4), w.u32(24))),
      'malformed-model',
      'alignment 24',
    ],
    [
      'an alignment of −32',
      header(0, 1, (w) => (w.text('general.alignment'), w.u32(5), w.u32(2 ** 32 - 32))),
      'malformed-model',
      'alignment -32',
    ],
    [
      'an alignment in words',
      header(0, 1, (w) => (w.text('general.alignment'), w.u32(8), w.text('32'))),
      'malformed-model',
      'text',
    ],
    [
      'nine axes',
      header(1, 0, (w) => (w.text('t'), w.u32(9), w.bytes(new Uint8Array(100)))),
      'malformed-model',
      '9 axes',
    ],
    [
      'half a block',
      ggufFile({ tensors: [{ name: 't', dims: [2, 16], type: 2, data: new Uint8Array(18) }] }),
      'malformed-model',
      'blocks of Q4_0',
    ],
  ])('is refused with a reason: %s', async (_, bytes, kind, text) => {
    const found = await problemOf(bytes);
    expect(found.kind).toBe(kind);
    expect(`${found.message} ${found.place}`).toContain(text);
  });

  it('with two tensors of one name, or in the same bytes, is refused; values beyond its end, too', async () => {
    const w = { name: 'w', dims: [8], type: 0, data: new Uint8Array(32) };
    const twice = await problemOf(ggufFile({ tensors: [w, w] }));
    expect(twice).toMatchObject({ kind: 'malformed-model', message: expect.stringContaining('two tensors') });
    const overlapping = await problemOf(ggufFile({ tensors: [w, { ...w, name: 'v', offset: 16n }] }));
    expect(overlapping).toMatchObject({
      kind: 'malformed-model',
      message: expect.stringMatching(/“w” and “v” in the same bytes at byte \d+/),
    });
    const same = await problemOf(ggufFile({ tensors: [w, { ...w, name: 'v', type: 99, offset: 0n }] }));
    expect(same.kind).toBe('malformed-model');
    const beyond = await problemOf(ggufFile({ tensors: [{ ...w, offset: 32n }] }));
    expect(beyond).toMatchObject({
      kind: 'truncated-file',
      place: expect.stringMatching(/bytes \d+ to \d+ of m\.gguf/),
    });
    const cut = ggufFile({ tensors: [w] });
    expect((await problemOf(cut.subarray(0, cut.length - 1))).kind).toBe('truncated-file');
  });

  it('may nest lists 10,000 deep, or hold millions of empty texts', async () => {
    const deep = header(0, 1, (writer) => {
      key(writer, 9);
      for (let i = 0; i < 10_000; i++) {
        writer.u32(9);
        writer.u64(1n);
      }
    });
    expect(await problemOf(deep)).toMatchObject({ kind: 'malformed-model', message: expect.stringContaining('deep') });
    const many = new Uint8Array(8 * 9_000_000 + 100);
    many.set(header(0, 1, (writer) => (key(writer, 9), writer.u32(8), writer.u64(9_000_000n))));
    expect(await problemOf(many)).toMatchObject({
      kind: 'malformed-model',
      message: expect.stringContaining('8000000'),
    });
  });

  it('may have names of any text: they come back as they are, and messages stay short', async () => {
    const odd = '<img src=x onerror=alert(1)>\u202egnp.exe\u0000';
    const file = await open({ tensors: [{ name: odd, dims: [1], type: 0, data: floats(1) }] });
    expect(file.tensors[0]?.name).toBe(odd);
    const long = 'x'.repeat(4000);
    const twice = await problemOf(
      ggufFile({ tensors: [long, long].map((name) => ({ name, dims: [1], type: 0, data: floats(1) })) }),
    );
    expect(twice.message.length).toBeLessThan(300);
    const endless = await problemOf(
      ggufFile({ tensors: [{ name: 'x'.repeat(10e6), dims: [1], type: 0, data: floats(1) }] }),
    );
    expect(endless).toMatchObject({ kind: 'malformed-model', message: expect.stringContaining('10000000 bytes') });
  });

  it('is said to be cut off wherever it is cut', async () => {
    const bytes = ggufFile(sample);
    for (let part = 1; part < 60; part++) {
      const found = await problemOf(bytes.slice(0, Math.floor((bytes.length * part) / 60)));
      expect(found.kind).toBe('truncated-file');
      expect(found.place).toMatch(/byte/);
    }
  });
});

/** What @huggingface/gguf fetches with: ranges of bytes in memory. */
function fetchFrom(bytes: Uint8Array): typeof fetch {
  return (_, init) => {
    const range = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '');
    const body = bytes.slice(Number(range?.[1]), Number(range?.[2]) + 1);
    return Promise.resolve(new Response(body, { headers: { 'content-range': `bytes 0-0/${bytes.length}` } }));
  };
}
