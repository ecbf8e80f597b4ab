import { gzipSync, zipSync } from 'fflate';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { asProblem } from '../../../src/core/errors.js';
import { crc32 } from '../../../src/core/formats/zip/crc32.js';
import { openIdx } from '../../../src/core/formats/numpy/idx.js';
import { encodeNpy, openNpy } from '../../../src/core/formats/numpy/npy.js';
import { openNpz } from '../../../src/core/formats/numpy/npz.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { neededData } from '../shared-data.js';
import { NUMPY_FILES } from './numpy-files.js';

const file = (name: keyof typeof NUMPY_FILES) => memorySource(name, Buffer.from(NUMPY_FILES[name], 'base64'));
const kindOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => asProblem(error).kind,
  );
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('.npy files', () => {
  it.each([
    ['v1, little-endian float32', 'float32', [2, 3], [0, 1, 2, 3, 4, 5]],
    ['v2, column-major big-endian int16', 'int16', [2, 3], [0, 1, 2, 3, 4, 5]],
    ['v3, column-major, three axes, uint8', 'uint8', [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
    ['bool', 'bool', [2], [1, 0]],
    ['half', 'float16', [1], [0x3e00]],
    ['big-endian float64 without axes', 'float64', [], [2.25]],
    ['int64', 'int64', [1], [-(2n ** 62n)]],
  ] as const)('written by NumPy are read: %s', async (name, type, dims, values) => {
    const array = await openNpy(file(name));
    expect(array.type).toBe(type);
    expect(array.dims).toEqual(dims);
    const tensor = await array.read(0, dims[0] ?? 1);
    expect(tensor.dims).toEqual(dims);
    expect(Array.from(tensor.data as ArrayLike<unknown>)).toEqual(values);
  });

  it('give any rows, in either order of axes', async () => {
    const wide = await openNpy(file('v3, column-major, three axes, uint8'));
    expect(Array.from((await wide.read(1, 2)).data as Uint8Array)).toEqual(
      Array.from({ length: 12 }, (_, i) => 12 + i),
    );
    const flat = await openNpy(file('v1, little-endian float32'));
    expect(await flat.read(1, 2)).toEqual({ type: 'float32', dims: [1, 3], data: Float32Array.of(3, 4, 5) });
    expect((await flat.read(1, 1)).dims).toEqual([0, 3]);
    for (const [start, end] of [
      [0, 3],
      [-1, 1],
      [2, 1],
      [0, NaN],
    ] as const) {
      expect(await kindOf(flat.read(start, end))).toBe('invalid-inputs');
    }
  });

  it.each(['text', 'records', 'complex'] as const)('of %s are refused with what to do', async (name) => {
    expect(await kindOf(openNpy(file(name)))).toBe('malformed-model');
  });

  it('that hold pickled objects are never unpickled', async () => {
    const header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n";
    const bytes = Uint8Array.from([0x93, ...text('NUMPY'), 1, 0, header.length, 0, ...text(header), 0x80, 4, 0x2e]);
    expect(await kindOf(openNpy(memorySource('o.npy', bytes)))).toBe('malformed-model');
  });

  it('come back as they were written', async () => {
    const tensors: Tensor[] = [
      { type: 'float32', dims: [2, 1], data: Float32Array.of(1.5, NaN) },
      { type: 'int64', dims: [3], data: BigInt64Array.of(1n, -2n, 3n) },
      { type: 'bool', dims: [], data: Uint8Array.of(1) },
      { type: 'float16', dims: [1, 1, 2], data: Uint16Array.of(1, 2) },
      { type: 'uint8', dims: [0, 5], data: new Uint8Array(0) },
    ];
    for (const tensor of tensors) {
      const bytes = encodeNpy(tensor);
      expect((bytes.length - (tensor.data as Uint8Array).byteLength) % 64).toBe(0);
      expect(await (await openNpy(memorySource('t.npy', bytes))).read(0, tensor.dims[0] ?? 1)).toEqual(tensor);
    }
    expect(
      Buffer.from(encodeNpy({ type: 'int64', dims: [1], data: BigInt64Array.of(-(2n ** 62n)) })).toString('base64'),
    ).toBe(NUMPY_FILES.int64);
  });

  it('that lie about their size are refused before anything is allocated', async () => {
    const lying = (shape: string, descr = '<f4'): Uint8Array => {
      const header = `{'descr': '${descr}', 'fortran_order': True, 'shape': (${shape}), }\n`;
      return Uint8Array.from([
        0x93,
        ...text('NUMPY'),
        1,
        0,
        header.length & 255,
        header.length >> 8,
        ...text(header),
        0,
        0,
        0,
        0,
      ]);
    };
    for (const shape of ['2,', '1000000000000,', '9007199254740991,']) {
      expect(await kindOf(openNpy(memorySource('x.npy', lying(shape))))).toBe('truncated-file');
    }
    for (const shape of [
      '99999999999999999999',
      '4294967296, 4294967296, 4294967296',
      '9007199254740991, 2',
      `${'1, '.repeat(70)}`,
      '-1,',
      'x',
    ]) {
      expect(await kindOf(openNpy(memorySource('x.npy', lying(shape))))).toBe('malformed-model');
    }
    const none = await openNpy(memorySource('x.npy', lying('0, 9007199254740991', '|u1')));
    expect((await none.read(0, 0)).dims).toEqual([0, 9007199254740991]);
    const long = Uint8Array.from([0x93, ...text('NUMPY'), 2, 0, 0xff, 0xff, 0xff, 0xff]);
    expect(await kindOf(openNpy(memorySource('x.npy', long)))).toBe('malformed-model');
    const whole = Buffer.from(NUMPY_FILES['v1, little-endian float32'], 'base64');
    for (let length = 0; length < whole.length; length++) {
      expect(await kindOf(openNpy(memorySource('x.npy', whole.subarray(0, length))))).toMatch(
        /truncated-file|not-a-model/,
      );
    }
  });
});

describe('.npz archives', () => {
  it('written by NumPy are listed and read, packed or not', async () => {
    const packed = await openNpz(file('npz deflated'));
    expect(packed.names).toEqual(['x', 'labels']);
    expect(Array.from((await (await packed.open('labels')).read(0, 3)).data as BigInt64Array)).toEqual([0n, 1n, 2n]);
    expect((await (await packed.open('x')).read(199, 200)).data).toEqual(Float32Array.of(3));
    const stored = await openNpz(file('npz stored'));
    expect((await (await stored.open('x')).read(0, 4)).data).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(await kindOf(stored.open('y'))).toBe('not-applicable');
  });

  it('that would grow beyond what they say, or beyond all bounds, are refused', async () => {
    const array = encodeNpy({ type: 'uint8', dims: [1_000_000], data: new Uint8Array(1_000_000) });
    const bomb = zipSync({ 'x.npy': array });
    expect(bomb.length).toBeLessThan(3000);
    expect((await (await openNpz(memorySource('b.npz', bomb))).open('x')).dims).toEqual([1_000_000]);
    const directory = Buffer.from(bomb).readUInt32LE(bomb.length - 22 + 16);
    expect(Buffer.from(bomb.subarray(directory, directory + 4)).readUInt32LE()).toBe(0x02014b50);
    for (const stated of [100, 0xf0000000, 0x7fffffff]) {
      const lying = Uint8Array.from(bomb);
      new DataView(lying.buffer).setUint32(directory + 24, stated, true);
      const opened = openNpz(memorySource('b.npz', lying)).then((npz) => npz.open('x'));
      expect(await kindOf(opened)).toBe('malformed-model');
    }
  });

  it('that are damaged give typed errors, wherever the damage is', async () => {
    const whole = Buffer.from(NUMPY_FILES['npz deflated'], 'base64');
    let state = 3;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const kinds = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const bytes = Uint8Array.from(whole);
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const cut = random() < 0.2 ? bytes.slice(0, Math.floor(random() * bytes.length)) : bytes;
      kinds.add(
        await kindOf(
          openNpz(memorySource('d.npz', cut)).then(async (npz) => Promise.all(npz.names.map((name) => npz.open(name)))),
        ),
      );
    }
    expect([...kinds].sort()).toEqual(['malformed-model', 'none', 'truncated-file']);
  });

  it('are checked by CRC-32, whose check value is cbf43926', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
  });
});

describe('IDX files', () => {
  const idx = Uint8Array.from([0, 0, 0x0b, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0xff, 0xff, 0x01, 0x00, 0x7f, 0xff]);
  it('are read plain and gzipped', async () => {
    for (const bytes of [idx, gzipSync(idx)]) {
      const array = await openIdx(memorySource('a-idx2', bytes));
      expect(array.dims).toEqual([2, 2]);
      expect((await array.read(1, 2)).data).toEqual(Int16Array.of(256, 32767));
      expect((await array.read(0, 1)).data).toEqual(Int16Array.of(1, -1));
    }
  });

  it('that are none, cut off or damaged are refused', async () => {
    const packed = gzipSync(idx);
    const damaged = Uint8Array.from(packed);
    damaged.fill(0xff, 12, 20);
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(0, 0, 7, 1),
      idx.slice(0, 10),
      idx.slice(0, 18),
      damaged,
      packed.slice(0, 20),
      text('hello world'),
    ]) {
      expect(await kindOf(openIdx(memorySource('x', bytes)))).toMatch(/invalid-inputs|malformed-model|truncated-file/);
    }
  });

  it('hold MNIST: 10,000 pictures of 28 × 28 with the known mean', async ({ skip }) => {
    const mnist = readFileSync(neededData('datasets/mnist/t10k-images-idx3-ubyte.gz', skip));
    const array = await openIdx(memorySource('mnist', mnist));
    expect(array.dims).toEqual([10_000, 28, 28]);
    const { data } = await array.read(0, 10_000);
    const mean = (data as Uint8Array).reduce((sum, value) => sum + value, 0) / data.length / 255;
    // The widely quoted mean of the test pictures is 0.1325.
    expect(mean).toBeCloseTo(0.1325, 4);
  });
});
