import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { openPytorch } from '../../../src/core/formats/pytorch/open.js';
import type { TensorFile } from '../../../src/core/formats/tensor-file.js';
import * as make from './pickle-builder.js';
import { numbersOf, rejection, weight } from './weight-values.js';

const open = (bytes: Uint8Array, name = 'm.pt'): Promise<TensorFile> => openPytorch(memorySource(name, bytes));
const values = { 'data/0': make.floats(1, 2, 3, 4) };
const good = make.tensor(make.storage('0', 4), [4], [1]);
/** A checkpoint with one good tensor and something else. */
const beside = (other: make.Piece): Uint8Array =>
  make.archive(make.pickle(make.dict([make.text('w'), good], [make.text('x'), other])), values);

describe('pickles that would run code', () => {
  const system = make.global('os', 'system');
  const asks: [string, make.Piece, string][] = [
    ['a call of os.system', make.bytes(system, make.tuple(make.text('touch /tmp/owned')), make.REDUCE), 'os.system'],
    ['a call of eval', make.call('__builtin__', 'eval', make.text('1')), 'builtins.eval'],
    ['a call inside a call', make.call('builtins', 'exec', make.call('os', 'getcwd')), 'os.getcwd'],
    ['a call of what a call made', make.bytes(make.call('builtins', 'getattr', system), ')', 'R'), 'what “builtins'],
    ['an object of protocol 0', make.bytes('(', 'ios\nsystem\n'), 'os.system'],
    ['an object of protocol 1', make.bytes('(', system, make.text('ls'), 'o'), 'os.system'],
    ['a new object', make.bytes(make.global('subprocess', 'Popen'), make.tuple(make.text('ls')), [0x81]), 'Popen'],
    [
      'a new object with named arguments',
      make.bytes(make.global('subprocess', 'Popen'), ')', make.dict([make.text('shell'), [0x88]]), [0x92]),
      'Popen',
    ],
    ['a name from the stack', make.bytes(make.text('os'), make.text('system'), [0x93], ')', 'R'), 'os.system'],
    ['a state for a class', make.bytes(make.call('a', 'B'), make.dict([make.text('c'), good]), 'b'), 'a.B'],
    ['a registered extension', make.bytes([0x82, 7]), 'extension 7'],
    ['a name alone', system, 'os.system'],
    ['a class that only looks like a tensor', make.call('torch._utils', '_rebuild_tensor_v2x', good), '_v2x'],
    ['data outside of the pickle', make.bytes(make.text('x'), 'Q'), 'outside'],
    ['a reconstructed object', make.call('copy_reg', '_reconstructor', make.global('a', 'B'), 'N', 'N'), 'a.B'],
  ];
  it.each(asks)('do not: %s', async (_, piece, named) => {
    const file = await open(beside(piece));
    expect(await numbersOf(weight(file, 'w'))).toEqual([1, 2, 3, 4]);
    expect(file.problems.map(({ message }) => message).join()).toContain(named);
    expect(file.problems.every(({ kind }) => kind === 'skipped-object')).toBe(true);
  });

  it('name every class once, with how often it is asked for', async () => {
    const object = make.call('a', 'B');
    const { problems } = await open(beside(make.list(object, object, object, make.call('c', 'D'))));
    expect(problems.map(({ message }) => message)).toEqual([
      '“m.pt” asks for “a.B” 3 times; nothing was executed, and only the data in it are listed.',
      '“m.pt” asks for “c.D” once; nothing was executed, and only the data in it are listed.',
    ]);
  });

  it('give the tensors that stand in objects that are not made', async () => {
    const state = make.dict([make.text('weight'), good], [make.text('rate'), make.int(3)]);
    const file = await open(beside(make.bytes(make.call('a', 'Layer'), state, make.BUILD)));
    expect(file.tensors.map(({ name }) => name)).toEqual(['w', 'x.weight']);
    expect(file.metadata).toContainEqual({ key: 'x.rate', value: '3' });
  });

  it('that hold nothing else are no model, with the advice to convert', async () => {
    for (const bytes of [
      make.pickle(make.call('sklearn.svm', 'SVC')),
      make.archive(make.pickle(make.call('sklearn.svm', 'SVC'))),
      make.pickle(make.dict([make.text('epoch'), make.int(1)])),
      make.pickle('N'),
    ]) {
      const { kind, message, place, remedy } = await rejection(open(bytes));
      expect([kind, place]).toEqual(['not-a-model', 'byte 0 of m.pt']);
      expect(remedy).toContain('safetensors');
      if (bytes.length > 20 && !message.includes('epoch')) expect(message).toContain('holds no tensors');
    }
    expect((await rejection(open(make.pickle(make.call('sklearn.svm', 'SVC'))))).message).toContain('sklearn.svm.SVC');
  });
});

describe('checkpoints that lie', () => {
  const only = (piece: make.Piece): Uint8Array => make.archive(make.pickle(make.dict([make.text('w'), piece])), values);
  const huge = make.bytes([0x8a, 8], make.little(2n ** 62n, 8));

  it.each<[string, Uint8Array]>([
    ['more elements than the storage has', make.tensor(make.storage('0', 4), [5], [1])],
    ['elements behind the end', make.tensor(make.storage('0', 4), [2], [1], { offset: 3 })],
    ['strides beyond the end', make.tensor(make.storage('0', 4), [2, 2], [3, 1])],
    ['a storage that is not there', make.tensor(make.storage('7', 4), [4], [1])],
    ['a storage that says it is larger', make.tensor(make.storage('0', 1000), [1000], [1])],
    ['a shape near 2^31 with a stride of 2^31 − 1', make.tensor(make.storage('0', 4), [2, 2], [2 ** 31 - 1, 1])],
  ])('about %s: the tensor is listed, and why it cannot be read', async (_, piece) => {
    const file = await open(only(piece));
    expect(weight(file, 'w').unreadable).toBeTruthy();
    expect(file.problems).toHaveLength(1);
    expect(file.problems[0]?.message).toContain('“w”');
    expect(weight(file, 'w').bytes).toBeLessThanOrEqual(16);
  });

  it('about shapes beyond counting: not made, or listed without one', async () => {
    const sizes = make.tuple(huge, huge, huge);
    const tensor = make.call('torch._utils', '_rebuild_tensor', make.storage('0', 4), make.int(0), sizes, sizes);
    const notMade = await open(only(tensor));
    expect(notMade.problems[0]?.message).toContain('torch._utils._rebuild_tensor');
    expect(notMade.tensors.map(({ unreadable }) => unreadable)).toEqual([expect.stringContaining('no tensor gives')]);
    const large = make.tuple(...Array.from({ length: 3 }, () => make.int(2 ** 31 - 1)));
    const zeros = make.tuple(make.int(0), make.int(0), make.int(0));
    const expanded = make.call('torch._utils', '_rebuild_tensor', make.storage('0', 4), make.int(0), large, zeros);
    const file = await open(only(expanded));
    expect(weight(file, 'w').dims).toEqual([]);
    expect(weight(file, 'w').unreadable).toContain('more elements than can be counted');
  });

  it('about one element that is seen 2^40 times: both ends are read, and little memory is taken', async () => {
    const file = await open(only(make.tensor(make.storage('0', 4), [2 ** 20, 2 ** 20], [0, 0], { offset: 2 })));
    const { values: read, bytes } = weight(file, 'w');
    expect(bytes).toBe(4);
    expect(await read?.read(0, 2)).toEqual(Float32Array.of(3, 3));
    expect(await read?.read(2 ** 40 - 1, 1)).toEqual(Float32Array.of(3));
  });

  it.each([
    ['texts of 2^31 bytes', make.bytes('X', make.little(2 ** 31, 4), 'abc')],
    ['texts of 2^32 − 1 bytes', make.bytes('X', make.little(2 ** 32 - 1, 4), 'abc')],
    ['texts of 2^63 bytes', make.bytes([0x8d], make.little(2n ** 63n, 8), 'abc')],
    ['bytes of 2^63', make.bytes([0x8e], make.little(2n ** 63n, 8), 'abc')],
    ['bytes of 2^32', make.bytes([0x96], make.little(2n ** 32n, 8), 'abc')],
    ['a number of 2^31 bytes', make.bytes([0x8b], make.little(2 ** 31, 4), 'abc')],
    ['a frame of 2^64 − 1 bytes', make.bytes([0x95], make.little(2n ** 64n - 1n, 8))],
    ['an unknown instruction', make.bytes([0xff])],
    ['an empty stack', make.bytes('t')],
    ['a value that was never kept', make.bytes('j', make.little(2 ** 31, 4))],
    ['a list that is none', make.bytes('N', 'N', 'a')],
    ['half an entry', make.bytes('}', '(', 'N', 'u')],
    ['a call without arguments', make.bytes(make.global('a', 'B'), 'N', 'R')],
    ['a state for what takes none', make.bytes('N', 'N', 'b')],
    ['a number that is none', make.bytes('Iabc\n')],
    ['a line that never ends', make.bytes('c', 'a'.repeat(100_000))],
    ['a class without a name', make.bytes('N', 'N', [0x93])],
    ['a protocol of the future', make.bytes([0x80, 9])],
  ])('about %s are refused, with the byte', async (_, piece) => {
    for (const bytes of [beside(piece), make.legacy(make.pickle(piece), []), make.pickle(piece)]) {
      const { kind, place } = await rejection(open(bytes));
      expect(['malformed-model', 'truncated-file']).toContain(kind);
      expect(place).toMatch(/^byte \d+ of m\.pt/);
    }
  });

  it('about the number of their storages’ elements, or their order', async () => {
    const data = make.pickle(make.dict([make.text('w'), good]));
    const stored = make.floats(1, 2, 3, 4);
    const cases = [
      [{ key: '0', elements: 5, values: stored }],
      [{ key: '0', elements: 2 ** 40, values: stored }],
      [
        { key: '0', elements: 4, values: stored },
        { key: '0', elements: 4, values: stored },
      ],
      [{ key: 'other', elements: 4, values: stored }],
    ];
    for (const storages of cases) {
      const { kind, place } = await rejection(open(make.legacy(data, storages)));
      expect([kind, place?.startsWith('byte ')]).toEqual(['malformed-model', true]);
    }
  });
});

describe('checkpoints that blow up', () => {
  it('nest 100,000 deep: opened as far as anybody looks, or refused; never a crash', async () => {
    const deep = 100_000;
    const tuples = make.bytes('N', new Uint8Array(deep).fill(0x85));
    const file = await open(beside(tuples));
    expect(file.problems[0]?.message).toContain('deep');
    const marks = make.bytes(new Uint8Array(deep).fill(0x28), 'N');
    expect((await rejection(open(beside(marks)))).message).toContain('deep');
    const lists = make.bytes(new Uint8Array(deep).fill(0x5d), new Uint8Array(deep - 1).fill(0x61));
    expect((await open(beside(lists))).tensors).toHaveLength(1);
    const reduced = make.bytes(make.global('a', 'B'), Buffer.from(')R'.repeat(deep)));
    expect((await open(beside(reduced))).problems.length).toBeLessThan(60);
  });

  it('keep values under any number, None among them', async () => {
    const kept = make.bytes('N', 'r', make.little(2 ** 31, 4), '0', 'Nq\x00', '0', 'K\x07q\x01', '0');
    const got = make.list(['j'.charCodeAt(0), ...make.little(2 ** 31, 4)], 'h\x00', 'h\x01');
    expect((await open(beside(make.bytes(kept, got)))).metadata).toEqual([{ key: 'x', value: '[None, None, 7]' }]);
  });

  it('hold themselves', async () => {
    const self = make.bytes(']q\x01', 'h\x01', 'a', make.text('end'), 'a');
    const file = await open(beside(self));
    expect(file.tensors).toHaveLength(1);
    expect(file.problems[0]?.message).toContain('deep');
  });

  it('name the same tensors exponentially often: as many are listed as the file can account for', async () => {
    // Each list holds the one before twice: 2^60 tensors in some hundred bytes.
    let piece = make.bytes(good, 'q\x00');
    for (let level = 1; level <= 60; level++)
      piece = make.bytes(piece, '0', ']', '(', 'h', [level - 1], 'h', [level - 1], 'e', 'q', [level]);
    const start = performance.now();
    const file = await open(beside(piece));
    expect(performance.now() - start).toBeLessThan(2000);
    expect(file.tensors.length).toBeLessThan(25_000);
    expect(new Set(file.tensors.map(({ name }) => name)).size).toBe(file.tensors.length);
    expect(file.problems.at(-1)?.message).toContain('so often');
  });

  it('look through a long list that they name a million times once only', async () => {
    const long = make.bytes(']', '(', new Uint8Array(200_000).fill(0x4e), 'e', 'q\x00');
    const often = make.bytes(long, '0', ']', '(', Buffer.from('h\x00'.repeat(100_000), 'latin1'), 'e');
    const start = performance.now();
    expect((await open(beside(often))).tensors).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('make more of little than memory allows', async () => {
    for (const piece of [
      new Uint8Array(2_000_000).fill(0x7d), // dictionaries
      make.bytes('N', Buffer.from('\x85\x94'.repeat(1_000_000), 'latin1')), // tuples that are kept
      new Uint8Array(2_000_000).fill(0x4e), // Nones on the stack
      make.bytes(make.text('a'), 'q\x00', Buffer.from('h\x00h\x00\x93'.repeat(400_000), 'latin1')), // names
    ]) {
      const { kind, message } = await rejection(open(beside(piece)));
      expect([kind, message]).toEqual(['malformed-model', expect.stringMatching(/than its size allows|on a stack/)]);
    }
  });

  it('are archives that would unpack to gigabytes: refused before anything is unpacked, or read to the end that is asked for', async () => {
    const whole = new Uint8Array(40_000_000);
    const bomb = zipSync(
      {
        'archive/data.pkl': make.pickle(make.dict([make.text('w'), make.tensor(make.storage('0', 1e7), [1e7], [1])])),
        'archive/data/0': whole,
      },
      { level: 9 },
    );
    expect(bomb.length).toBeLessThan(50_000);
    const file = await open(bomb);
    expect(await weight(file, 'w').values?.read(5_000_000, 2)).toEqual(Float32Array.of(0, 0));
    // The directory may say anything of sizes: what cannot be is refused at once.
    const directory = Buffer.from(bomb).readUInt32LE(bomb.length - 22 + 16);
    const view = new DataView(bomb.buffer, bomb.byteOffset);
    const entries: number[] = [];
    for (let at = directory; view.getUint32(at, true) === 0x02014b50; at += 46 + view.getUint16(at + 28, true))
      entries.push(at);
    for (const size of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2]) {
      const lying = Uint8Array.from(bomb);
      new DataView(lying.buffer).setUint32((entries[1] ?? 0) + 24, size, true);
      const { kind, place } = await rejection(open(lying));
      expect([kind, place]).toEqual(['malformed-model', `byte ${entries[1]} of m.pt`]);
    }
  });

  it('have names with markup, of 10 MB, and that run from right to left: kept as they are, shortened in messages', async () => {
    const markup = '<img src=x onerror=alert(1)>';
    const reversed = '\u202egnp.exe';
    const long = 'n'.repeat(10_000_000);
    const data = make.pickle(
      make.dict(
        [make.text(markup), good],
        [make.text(reversed), make.tensor(make.storage('9', 4), [4], [1])],
        [make.text(long), good],
        [make.text('note'), make.text(long)],
      ),
    );
    const file = await open(make.archive(data, values));
    expect(file.tensors.map(({ name }) => name).slice(0, 2)).toEqual([markup, reversed]);
    expect(file.tensors[2]?.name.length).toBeLessThan(5000);
    expect(file.metadata[0]?.value.length).toBeLessThan(2000);
    expect(file.problems[0]?.message).toContain('“\ufffdgnp.exe”');
  });
});

describe('checkpoints that are cut off', () => {
  it.each(['training.pt', 'training-legacy.pth', 'arrays-protocol-0.pkl', 'arrays-protocol-4.pkl'])(
    'anywhere are said to be: %s',
    async (name) => {
      const whole = readFileSync(new URL(`../../fixtures/pytorch/${name}`, import.meta.url));
      for (let length = 0; length < whole.length; length += 7) {
        const { kind, place } = await rejection(
          open(whole.subarray(0, length), name).then((file) => {
            // The older form opens as far as it goes, and says what is missing.
            expect(file.problems.length).toBeGreaterThan(0);
          }),
        );
        expect(['opened', 'empty-file', 'truncated-file', 'malformed-model', 'not-a-model']).toContain(kind);
        if (kind !== 'opened') expect(place).toMatch(/^byte \d+ of /);
      }
    },
  );
});

describe('what is no checkpoint', () => {
  it.each<[string, Uint8Array, string]>([
    ['a text', make.bytes('Hello, this is a text.\n'), 'Choose'],
    ['zeros', new Uint8Array(1000), 'Choose'],
    [
      'a Git LFS pointer',
      make.bytes('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      'git lfs pull',
    ],
    ['a web page', make.bytes('<!DOCTYPE html><html></html>'), 'Download'],
    [
      'a tar archive',
      Uint8Array.from(Buffer.concat([Buffer.alloc(257, 'sys_info\0'), Buffer.from('ustar\0'), Buffer.alloc(300)])),
      'torch.load',
    ],
    ['an archive of pictures', zipSync({ 'a.png': new Uint8Array(3) }), 'Unpack'],
    ['an archive of models', zipSync({ 'a/b.onnx': new Uint8Array(3) }), 'Unpack'],
    ['a program of torch.export', zipSync({ 'x/archive_format': make.bytes('pt2') }), 'torch.onnx.export'],
    ['a package', zipSync({ 'x/.data/extern_modules': new Uint8Array(0) }), 'safetensors'],
  ])('is named, with what to do: %s', async (_, bytes, advice) => {
    const { kind, place, remedy } = await rejection(open(bytes));
    expect([kind, place]).toEqual(['not-a-model', 'byte 0 of m.pt']);
    expect(remedy).toContain(advice);
  });
});
