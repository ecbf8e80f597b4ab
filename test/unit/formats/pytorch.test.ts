import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { problem, ProblemError } from '../../../src/core/errors.js';
import { detectFormat } from '../../../src/core/formats/detect.js';
import { recogniseDictionary } from '../../../src/core/formats/dictionary-signature.js';
import { openPytorch } from '../../../src/core/formats/pytorch/open.js';
import { openSafetensors } from '../../../src/core/formats/safetensors/open.js';
import type { TensorFile } from '../../../src/core/formats/tensor-file.js';
import { neededData, sharedData } from '../shared-data.js';
import * as make from './pickle-builder.js';
import { counting, numbersOf, weight } from './weight-values.js';

interface Expected {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: string;
  /** null: no numbers that are read. */
  readonly values: readonly (number | string)[] | null;
}

const FIXTURES = new URL('../../fixtures/pytorch/', import.meta.url);
const EXPECTED = JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8')) as Record<string, Expected[]>;

const open = (bytes: Uint8Array, name = 'm.pt'): Promise<TensorFile> => openPytorch(memorySource(name, bytes));
const openFixture = (name: string): Promise<TensorFile> => open(readFileSync(new URL(name, FIXTURES)), name);

/** Spelled as Python's JSON has them. */
function spelled(value: number | bigint): number | string {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return Number.isFinite(value) ? value : String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

describe('checkpoints of PyTorch', () => {
  it.each(Object.keys(EXPECTED))('hold what PyTorch and NumPy say they do: %s', async (name) => {
    const file = await openFixture(name);
    const expected = EXPECTED[name] ?? [];
    expect(file.tensors.map(({ name, dims, dtype }) => ({ name, dims, dtype }))).toEqual(
      expected.map(({ name, dims, dtype }) => ({ name, dims, dtype })),
    );
    for (const [index, tensor] of file.tensors.entries()) {
      const { values } = expected[index] ?? { values: null };
      if (values === null) {
        expect(tensor.unreadable).toBeTruthy();
        continue;
      }
      expect((await numbersOf(tensor)).map(spelled), tensor.name).toEqual(values);
      expect((await numbersOf(tensor, 3)).map(spelled), tensor.name).toEqual(values);
    }
    await file.close();
  });

  it('of other people hold the same weights as their safetensors twins', async ({ skip }) => {
    let compared = 0;
    for (const name of [
      'captum_cifar_torchvision',
      'captum_titanic_model',
      'modadd113_seed0',
      'modadd113_seed1',
      'rib_mnist_mlp',
      'sehajr_toy_sae',
      'sehajr_toy_transformer',
    ]) {
      const [checkpoint, twin] = [sharedData(`toy-interp/${name}.pt`), sharedData(`derived/${name}.safetensors`)];
      if (checkpoint === undefined || twin === undefined) continue;
      const file = await open(readFileSync(checkpoint), name);
      const other = await openSafetensors(memorySource(name, readFileSync(twin)));
      expect(file.problems).toEqual([]);
      // A constant of the attention mask, which the twins do without.
      const names = file.tensors.map((tensor) => tensor.name).filter((name) => !name.endsWith('.IGNORE'));
      expect(names.sort()).toEqual(other.tensors.map((tensor) => tensor.name).sort());
      for (const tensor of other.tensors) {
        const own = weight(file, tensor.name);
        expect(own.dims).toEqual(tensor.dims);
        expect(await numbersOf(own), `${name} ${tensor.name}`).toEqual(await numbersOf(tensor));
        compared++;
      }
    }
    if (compared === 0) skip('needs toy-interp and derived of the shared data (MODEL_INSPECTOR_DATA)');
    expect(compared).toBeGreaterThan(50);
  });

  it('of every form that people have open whole, with all of their bytes accounted for', async ({ skip }) => {
    const forms: Record<string, [string, number]> = {
      'resnet20-12fca82f.th': ['PyTorch checkpoint (before 1.6)', 97],
      'resnet56-4bfd9763.th': ['PyTorch checkpoint (before 1.6)', 277],
      'autolirpa_kw_mnist.pth': ['PyTorch checkpoint (before 1.6)', 8],
      'autolirpa_mnist_fc_3layer.pth': ['PyTorch checkpoint (zip)', 6],
    };
    for (const [name, [formatName, tensors]] of Object.entries(forms)) {
      const file = await open(readFileSync(neededData(`toy-interp/${name}`, skip)), name);
      expect([file.formatName, file.tensors.length, file.problems]).toEqual([formatName, tensors, []]);
      for (const tensor of file.tensors) {
        const numbers = await numbersOf(tensor);
        expect(numbers.every((value) => Number.isFinite(Number(value)))).toBe(true);
        expect(tensor.bytes).toBe(numbers.length * (tensor.dtype === 'int64' ? 8 : 4));
      }
    }
  });

  it('give their plain values as metadata, by path', async () => {
    for (const name of ['training.pt', 'training-legacy.pth', 'training-protocol-5.pt']) {
      const { metadata, problems } = await openFixture(name);
      const values = Object.fromEntries(metadata.map(({ key, value }) => [key, value]));
      expect(values).toMatchObject({
        epoch: '12',
        lr: '0.1',
        name: 'über “x”',
        done: 'False',
        nothing: 'None',
        large: String(2n ** 70n),
        negative: String(-(2 ** 40)),
        betas: '(0.9, 0.999)',
        classes: '[cat, dog]',
        size: '(2, 3)',
        dtype: 'torch.float16',
        device: 'cuda:1',
        accuracy: '0.75',
        count: '-3',
        'optimizer.param_groups.0.lr': '0.1',
        'optimizer.param_groups.0.params': '[0]',
      });
      expect(problems).toEqual([]);
    }
  });

  it('count the bytes of a storage once, however many tensors share it', async () => {
    for (const name of ['views.pt', 'views-legacy.pth']) {
      const file = await openFixture(name);
      expect(weight(file, 'base').bytes).toBe(240);
      for (const shared of ['same', 'transposed', 'part', 'expanded', 'overlapping', 'none'])
        expect(weight(file, shared).bytes).toBe(0);
      // Four elements of 8 bytes, of the sixteen that the file holds.
      expect(weight(file, 'diagonal').bytes).toBe(32);
      expect(file.tensors.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(file.fileBytes);
    }
  });

  it('that hold modules name their classes, once each, and still give their weights', async () => {
    for (const name of ['module.pt', 'module-legacy.pth']) {
      const { problems } = await openFixture(name);
      expect(problems.map(({ kind }) => kind)).toEqual(['skipped-object', 'skipped-object']);
      expect(problems.map(({ message }) => message.includes('__main__.Net” once'))).toContain(true);
      expect(problems[0]?.remedy).toContain('safetensors');
    }
  });

  it('are named for what they are', async () => {
    expect((await openFixture('traced.pt')).formatName).toBe('TorchScript program');
    expect((await openFixture('traced.pt')).problems).toEqual([]);
    expect((await openFixture('types.pt')).formatName).toBe('PyTorch checkpoint (zip)');
    expect((await openFixture('types-legacy.pth')).formatName).toBe('PyTorch checkpoint (before 1.6)');
    expect((await openFixture('arrays-protocol-0.pkl')).formatName).toBe('Python pickle');
  });

  it('are read by range: little more than the elements that were asked for', async () => {
    const elements = 500_000;
    const data = make.pickle(make.dict([make.text('w'), make.tensor(make.storage('0', elements), [elements], [1])]));
    const values = Float32Array.from({ length: elements }, (_, index) => index);
    for (const bytes of [
      make.archive(data, { 'data/0': new Uint8Array(values.buffer) }),
      make.legacy(data, [{ key: '0', elements, values: new Uint8Array(values.buffer) }]),
    ]) {
      const source = counting(memorySource('m.pt', bytes));
      const tensor = weight(await openPytorch(source), 'w');
      expect(source.bytesRead()).toBeLessThan(100_000);
      const before = source.bytesRead();
      expect(await tensor.values?.read(400_000, 10)).toEqual(values.slice(400_000, 400_010));
      expect(source.bytesRead() - before).toBeLessThan(100);
    }
  });
});

describe('behind a line of JSON, as saev writes dictionaries', () => {
  const shapes = { W_enc: [3, 8], b_enc: [8], W_dec: [8, 3], b_dec: [3] };
  const entries = Object.entries(shapes).map(([name, dims], key) => {
    const elements = dims.reduce((product, size) => product * size, 1);
    const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
    return { name, elements, piece: make.tensor(make.storage(String(key), elements), dims, strides) };
  });
  const numbers = (key: number, elements: number): number[] =>
    Array.from({ length: elements }, (_, index) => 100 * key + index);
  const zip = make.archive(
    make.pickle(make.dict(...entries.map(({ name, piece }) => [make.text(name), piece] as const))),
    Object.fromEntries(entries.map(({ elements }, key) => [`data/${key}`, make.floats(...numbers(key, elements))])),
  );
  const header = {
    schema: 5,
    cfg: { d_model: 3, d_sae: 8, activation: { kind: 'relu' } },
    commit: 'abc',
    lib: '0.2.0',
  };
  const headed = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), zip]);

  it('the same tensors are there, and what the line says', async () => {
    expect(await detectFormat(memorySource('sae.pt', headed))).toBe('pytorch');
    const [file, alone] = [await open(headed, 'sae.pt'), await open(zip, 'sae.pt')];
    expect(file.tensors.map(({ name, dims }) => [name, dims])).toEqual(Object.entries(shapes));
    for (const [key, { name, elements }] of entries.entries()) {
      expect(await numbersOf(weight(file, name))).toEqual(numbers(key, elements));
    }
    const stated = file.metadata.filter((entry) => alone.metadata.every(({ key }) => key !== entry.key));
    expect(Object.fromEntries(stated.map(({ key, value }) => [key, value]))).toEqual({
      'header.schema': '5',
      'header.cfg.d_model': '3',
      'header.cfg.d_sae': '8',
      'header.cfg.activation.kind': 'relu',
      'header.commit': 'abc',
      'header.lib': '0.2.0',
    });
  });

  it('it is recognised as a dictionary', async () => {
    const found = await recogniseDictionary(await open(headed, 'sae.pt'), {
      open: () => Promise.reject(problem('missing-external-data', 'There is none.')),
    });
    expect(found).toMatchObject({ kind: 'SAE', family: 'saev', features: 8, inputWidth: 3 });
  });

  it('a line that is cut off, or is no JSON, is no reason to fail in another way', async () => {
    expect((await open(Buffer.concat([Buffer.from('{not json}\n'), zip]))).tensors).toHaveLength(4);
    await expect(open(headed.subarray(0, 40))).rejects.toThrow(ProblemError);
    await expect(open(headed.subarray(0, headed.length - 200))).rejects.toThrow(ProblemError);
  });
});

describe('older and rarer forms', () => {
  const values = make.floats(1, 2, 3, 4, 5, 6);
  const named = (value: make.Piece): Uint8Array => make.pickle(make.dict([make.text('w'), value]));

  it('give tensors without gradients and hooks', async () => {
    const tensor = make.tensor(make.storage('0', 6), [2, 2], [3, 1], { offset: 1, name: '_rebuild_tensor' });
    const file = await open(make.legacy(named(tensor), [{ key: '0', elements: 6, values }]));
    expect(await numbersOf(weight(file, 'w'))).toEqual([2, 3, 5, 6]);
  });

  it('make a storage a part of another', async () => {
    const part = make.tuple(make.text('1'), make.int(2), make.int(3));
    const inside = make.tensor(make.storage('0', 6, 'FloatStorage', part), [2], [1], { offset: 1 });
    const beyond = make.tensor(make.storage('0', 6, 'FloatStorage', part), [3], [1], { offset: 1 });
    const both = make.pickle(make.dict([make.text('in'), inside], [make.text('out'), beyond]));
    const file = await open(make.legacy(both, [{ key: '0', elements: 6, values }]));
    expect(await numbersOf(weight(file, 'in'))).toEqual([4, 5]);
    expect(weight(file, 'out').unreadable).toContain('beyond the end');
    const impossible = make.tuple(make.text('1'), make.int(4), make.int(3));
    const tensor = make.tensor(make.storage('0', 6, 'FloatStorage', impossible), [2], [1]);
    await expect(open(make.legacy(named(tensor), [{ key: '0', elements: 6, values }]))).rejects.toThrow(/no tensors/);
  });

  it('hold types that only newer versions know, in storages without a type', async () => {
    const v3 = (dtype: string, dims: readonly number[], size: number): Uint8Array =>
      make.call(
        'torch._utils',
        '_rebuild_tensor_v3',
        make.storage('0', size, 'UntypedStorage'),
        make.int(0),
        make.tuple(...dims.map(make.int)),
        make.tuple(make.int(1)),
        [0x89],
        make.call('collections', 'OrderedDict'),
        make.global('torch', dtype),
      );
    const cases: [string, number[], number[]][] = [
      ['float8_e4m3fn', [0x38, 0xc0, 0x7e], [1, -2, 448]],
      ['float8_e5m2', [0x3c, 0x7c, 0xc0], [1, Infinity, -2]],
      ['uint16', [1, 0, 0xff, 0xff], [1, 65535]],
    ];
    for (const [dtype, stored, expected] of cases) {
      const file = await open(
        make.archive(named(v3(dtype, [expected.length], stored.length)), { 'data/0': Uint8Array.from(stored) }),
      );
      expect(weight(file, 'w').dtype).toBe(dtype);
      expect(await numbersOf(weight(file, 'w'))).toEqual(expected);
    }
  });

  it('written on a machine of the other byte order', async () => {
    const data = named(make.tensor(make.storage('0', 2), [2], [1]));
    const swapped = Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0);
    const file = await open(make.archive(data, { 'data/0': swapped, byteorder: make.bytes('big') }));
    expect(await numbersOf(weight(file, 'w'))).toEqual([1, -2]);
  });

  it('packed with deflate, which PyTorch itself never does', async () => {
    const data = named(make.tensor(make.storage('0', 6), [3, 2], [1, 3]));
    const file = await open(make.archive(data, { 'data/0': values }, { level: 9 }));
    expect(await numbersOf(weight(file, 'w'))).toEqual([1, 4, 2, 5, 3, 6]);
  });
});
