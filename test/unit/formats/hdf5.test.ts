import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ByteSource } from '../../../src/core/bytes/byte-source.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { CancelledError, problem } from '../../../src/core/errors.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { onnxWeights } from '../../../src/core/formats/onnx/weights.js';
import type { TensorFile } from '../../../src/core/formats/tensor-file.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { openHdf5 } from '../../../src/node/hdf5/open.js';
import { hdf5Thread } from '../../../src/node/hdf5/question-thread.js';
import { boxes } from '../../../src/node/hdf5/values.js';
import { openFormat } from '../../../src/node/open-format.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { neededData } from '../shared-data.js';
import { bundleHdf5Thread } from './hdf5-script.js';
import { counting, numbersOf, rejection, weight } from './weight-values.js';

let script: URL;
beforeAll(async () => {
  script = await bundleHdf5Thread();
});
afterAll(() => rmSync(dirname(fileURLToPath(script)), { recursive: true }));

const fixture = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../../fixtures/hdf5/${name}`, import.meta.url)));
const nothingBeside = siblingFiles('/nonexistent');
/** Opens a file, and closes it when the work is done. */
async function using<T>(source: ByteSource, work: (file: TensorFile) => Promise<T> | T): Promise<T> {
  const { weights } = await openFormat(source, nothingBeside, undefined, script);
  try {
    return await work(weights);
  } finally {
    await weights.close();
  }
}
const usingFixture = <T>(name: string, work: (file: TensorFile) => Promise<T> | T): Promise<T> =>
  using(memorySource(name, fixture(name)), work);
/** What fixtures/hdf5/make_files.py fills datasets with. */
const pattern = (count: number): number[] => Array.from({ length: count }, (_, index) => index * 3 - 7);

describe('datasets become tensors', () => {
  it('of every type of number, in both byte orders', async () => {
    await usingFixture('types.h5', async (file) => {
      expect(file.format).toBe('hdf5');
      for (const [code, dtype] of Object.entries({
        f2: 'float16',
        f4: 'float32',
        f8: 'float64',
        i1: 'int8',
        i2: 'int16',
        i4: 'int32',
        i8: 'int64',
        u1: 'uint8',
        u2: 'uint16',
        u4: 'uint32',
        u8: 'uint64',
      })) {
        for (const order of ['little', 'big']) {
          const tensor = weight(file, `plain/${order}/${code}`);
          expect(tensor).toMatchObject({ dims: [12], dtype, bytes: 12 * Number(code.slice(1)) });
          const expected = code.startsWith('u') ? pattern(12).map((value) => value + 7) : pattern(12);
          expect((await numbersOf(tensor)).map(Number)).toEqual(expected);
        }
      }
      expect(await numbersOf(weight(file, 'plain/bool'))).toEqual(
        pattern(12).map((value) => (value % 2 === 0 ? 1 : 0)),
      );
      expect(weight(file, 'plain/bfloat16').dtype).toBe('bfloat16');
      expect(await numbersOf(weight(file, 'plain/bfloat16'))).toEqual(pattern(12));
      expect(weight(file, 'plain/scalar').dims).toEqual([]);
      expect(await numbersOf(weight(file, 'plain/scalar'))).toEqual([2.5]);
      expect(weight(file, 'plain/none').dims).toEqual([0, 3]);
      expect(await numbersOf(weight(file, 'plain/none'))).toEqual([]);
      expect(await numbersOf(weight(file, 'plain/enum'))).toEqual([0, 2]);
    });
  });

  it('and what holds no numbers says why', async () => {
    await usingFixture('types.h5', (file) => {
      const others = file.tensors.filter(({ name }) => name.startsWith('other/'));
      expect(others.map(({ name }) => name.slice(6)).sort()).toEqual(
        ['complex', 'compound', 'empty', 'fixed', 'lists', 'opaque', 'reference', 'texts'].sort(),
      );
      for (const { values, unreadable, name } of others.filter(({ name }) => name !== 'other/empty')) {
        expect(values, name).toBeUndefined();
        expect(unreadable, name).toMatch(/^[A-Z].+\.$/);
      }
      expect(weight(file, 'other/empty').dims).toEqual([0]);
      expect(file.problems).toEqual([]);
    });
  });

  it('with the attributes as metadata, long ones cut', async () => {
    await usingFixture('types.h5', (file) => {
      const values = Object.fromEntries(file.metadata.map(({ key, value }) => [key, value]));
      expect(values).toMatchObject({
        keras_version: '3.3.3',
        backend: 'tensorflow',
        many: '100 numbers',
        few: '1.5, -2.5',
        names: 'one, two',
        'model_weights.layer_names': 'dense, out',
      });
      expect(values['long']).toMatch(/^é{32768}… \(80,000 bytes\)$/);
      expect(values).not.toHaveProperty('nothing');
      expect(file.formatName).toBe('HDF5 (Keras 3.3.3)');
    });
  });
});

describe('values are read by range', () => {
  it.each(['contiguous', 'packed'])('from any element to any other: %s', async (name) => {
    const expected = pattern(7 * 11 * 13);
    await usingFixture('layout.h5', async (file) => {
      const tensor = weight(file, name);
      expect(tensor.dims).toEqual([7, 11, 13]);
      for (const [start, end] of [
        [0, 1001],
        [0, 1],
        [1000, 1001],
        [5, 17],
        [140, 145],
        [142, 287],
        [13, 26],
        [100, 900],
        [77, 77],
      ] as const)
        expect([...((await tensor.values?.read(start, end - start)) ?? [])]).toEqual(expected.slice(start, end));
    });
  });

  it('unpacked by the filters that the library has, and with what is not stored', async () => {
    await usingFixture('layout.h5', async (file) => {
      expect(await numbersOf(weight(file, 'scaled'), 70)).toEqual(pattern(300));
      expect(await numbersOf(weight(file, 'resizable'))).toEqual(pattern(50));
      const partly = await numbersOf(weight(file, 'partly'));
      const inside = (index: number): boolean => index >= 10 && index < 20;
      expect(partly).toEqual(
        Array.from({ length: 1600 }, (_, at) => (inside(Math.floor(at / 40)) && inside(at % 40) ? 5 : -1)),
      );
    });
    await usingFixture('large.h5', async (file) => {
      const zeros = await numbersOf(weight(file, 'zeros'), 700_001);
      expect(zeros).toHaveLength(3_000_000);
      expect(zeros.findIndex((value) => value !== 0)).toBe(700 * 2000);
      expect(zeros.filter((value) => value === 1)).toHaveLength(2000);
    });
  });

  it('asking for what does not exist is a defect', async () => {
    await usingFixture('layout.h5', async (file) => {
      await expect(weight(file, 'contiguous').values?.read(1000, 2)).rejects.toThrow(RangeError);
    });
  });

  it('as boxes that together are the range', () => {
    const dims = [3, 4, 5];
    for (let from = 0; from <= 60; from++) {
      for (let to = from; to <= 60; to++) {
        const found = boxes(dims, from, to).flatMap(
          ({ offset: [a = 0, b = 0, c = 0], count: [d = 0, e = 0, f = 0] }) => {
            const elements: number[] = [];
            for (let i = a; i < a + d; i++)
              for (let j = b; j < b + e; j++) for (let k = c; k < c + f; k++) elements.push((i * 4 + j) * 5 + k);
            return elements;
          },
        );
        expect(found).toEqual(Array.from({ length: to - from }, (_, index) => from + index));
      }
    }
    expect(boxes(dims, 3, 58).length).toBeLessThanOrEqual(5);
  });
});

describe('nothing but the file itself is read', () => {
  it('links to other files, and values in other files, are told and not followed', async () => {
    await usingFixture('links.h5', async (file) => {
      const names = file.tensors.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['virtual', 'elsewhere']));
      // Whichever name the library comes to first.
      expect(names.filter((name) => name === 'hard' || name === 'own/values')).not.toEqual([]);
      expect(names).not.toContain('soft');
      expect(names.some((name) => name.startsWith('external'))).toBe(false);
      expect(names.some((name) => name.includes('cycle'))).toBe(false);
      expect(file.problems.map(({ message }) => message)).toEqual([
        'The object “external” is a link to the file “/etc/hostname”, which is not opened.',
        'The object “externalHere” is a link to the file “types.h5”, which is not opened.',
      ]);
      expect(weight(file, 'virtual').unreadable).toMatch(/other datasets/);
      expect(await rejection(numbersOf(weight(file, 'elsewhere')))).toMatchObject({
        kind: 'malformed-model',
        place: '“elsewhere” in links.h5',
      });
    });
  });
});

describe('real files', () => {
  it.for([
    ['textgenrnn_weights.hdf5', 'textgenrnn_base.onnx'],
    ['hacker_news.hdf5', 'textgenrnn_hacker_news.onnx'],
    ['reddit_apple_android.hdf5', 'textgenrnn_reddit_apple_android.onnx'],
  ] as const)('%s holds the weights of %s, and opening it reads little', async ([hdf5, onnx], { skip }) => {
    const path = neededData(`small-lm/textgenrnn/${hdf5}`, skip);
    const converted = neededData(`derived/${onnx}`, skip);
    const source = counting(await openFileSource(path));
    const model = onnxWeights(await openOnnx(await openFileSource(converted), siblingFiles(dirname(converted))));
    const numbers = async (file: TensorFile, name: string): Promise<number[]> =>
      (await numbersOf(weight(file, name))).map(Number);
    await using(source, async (file) => {
      expect(source.bytesRead()).toBeLessThan(400_000);
      expect(file.formatName).toBe('HDF5 (Keras 2.1.5)');
      expect(file.tensors).toHaveLength(10);
      const nameOf = (layer: string, variable: string): string =>
        file.tensors.find(({ name }) => name.startsWith(`${layer}/`) && name.endsWith(`/${variable}:0`))?.name ?? '';
      for (const [layer, variable, converted] of [
        ['attention', 'attention_W', 'attention.W'],
        ['embedding', 'embeddings', 'embedding'],
        ['output', 'bias', 'output.bias'],
        ['output', 'kernel', 'output.kernel'],
      ] as const)
        expect(await numbers(file, nameOf(layer, variable))).toEqual(await numbers(model, converted));
      for (const layer of ['rnn_1', 'rnn_2']) {
        for (const [name, converted] of [
          ['kernel', 'W'],
          ['recurrent_kernel', 'R'],
        ] as const) {
          const tensor = weight(file, nameOf(layer, name));
          const stored = await numbers(file, tensor.name);
          expect(lstmMatrix(stored, tensor.dims[0] ?? 0)).toEqual(await numbers(model, `${layer}.${converted}`));
        }
      }
    });
  });
});

/**
 * A matrix of a Keras CuDNNLSTM with 128 units, [inputs, 4 × 128] with the gates in the order input, forget, cell, output,
 * as ONNX has it: [4 × 128, inputs], gates in the order input, output, forget, cell. CuDNN keeps the numbers of a gate in
 * the order in which ONNX has them, whatever shape Keras gives them.
 */
function lstmMatrix(stored: readonly number[], inputs: number): number[] {
  return [0, 3, 1, 2].flatMap((gate) =>
    Array.from({ length: inputs }, (_, row) =>
      stored.slice(row * 512 + gate * 128, row * 512 + gate * 128 + 128),
    ).flat(),
  );
}

describe('a .keras file', () => {
  const member = (level: 0 | 6): Uint8Array =>
    zipSync({
      'metadata.json': new TextEncoder().encode('{"keras_version": "3.9.0", "date_saved": "2025-03-01@10:00:00"}'),
      'config.json': new TextEncoder().encode(JSON.stringify({ class_name: 'Sequential', pad: 'x'.repeat(100_000) })),
      'model.weights.h5': [fixture('layout.h5'), { level }],
    });

  it.each([
    ['stored', 0],
    ['deflated', 6],
  ] as const)('opens with its weights %s', async (_, level) => {
    const bytes = member(level);
    await using(memorySource('model.keras', bytes), async (file) => {
      expect(file).toMatchObject({ format: 'hdf5', formatName: 'Keras 3.9.0', fileBytes: bytes.length, problems: [] });
      expect(file.files).toEqual(['model.keras']);
      expect(file.metadata[0]).toEqual({
        key: 'metadata.json',
        value: '{"keras_version": "3.9.0", "date_saved": "2025-03-01@10:00:00"}',
      });
      expect(file.metadata[1]?.value).toMatch(/^\{"class_name":"Sequential".*… \(100,\d+ bytes\)$/);
      expect(await numbersOf(weight(file, 'packed'))).toEqual(pattern(7 * 11 * 13));
    });
  });
});

describe('hostile files', () => {
  it('that end early or are damaged are problems', async () => {
    const bytes = fixture('layout.h5');
    const cut = await rejection(using(memorySource('cut.h5', bytes.slice(0, 2000)), () => undefined));
    expect(cut).toMatchObject({ kind: 'malformed-model', place: 'the structure of cut.h5' });
    expect(cut.message).toMatch(/^“cut.h5” cannot be read: .+\.$/);
    const signature = await rejection(using(memorySource('signature.h5', bytes.slice(0, 8)), () => undefined));
    expect(signature.kind).toBe('malformed-model');
  });

  it('that change while they are open say so', async () => {
    let changed = false;
    const bytes = fixture('layout.h5');
    const source: ByteSource = {
      name: 'changing.h5',
      size: bytes.length,
      async read(offset, length) {
        if (changed) throw problem('file-changed', 'It changed.', { place: 'changing.h5' });
        return bytes.slice(offset, offset + length);
      },
    };
    const thread = hdf5Thread(script);
    const questions = thread.about(source);
    changed = true;
    expect((await rejection(questions.contents())).kind).toBe('file-changed');
    changed = false;
    // Another thread, and as if nothing had been.
    expect((await questions.contents()).datasets).toHaveLength(5);
    await thread.close();
  });

  const scripted = async (code: string): Promise<{ kind: string; message: string }> => {
    const path = fileURLToPath(new URL(`./fake-${Math.random()}.mjs`, script));
    writeFileSync(
      path,
      `import { parentPort } from 'node:worker_threads';\nparentPort.postMessage({ said: 'ready' });\n${code}`,
    );
    const thread = hdf5Thread(new URL(basename(path), script), { patienceMilliseconds: 300 });
    return rejection(openHdf5(memorySource('x.h5', new Uint8Array(100)), thread));
  };

  it('on which the library hangs, ends or throws end its thread and nothing else', async () => {
    const started = performance.now();
    expect(await scripted(`parentPort.on('message', () => { for (;;); });`)).toMatchObject({
      kind: 'malformed-model',
      message: '“x.h5” cannot be read: the library does not come to an end.',
    });
    expect(performance.now() - started).toBeLessThan(5000);
    expect((await scripted(`parentPort.on('message', () => process.exit(1));`)).kind).toBe('malformed-model');
    expect((await scripted(`parentPort.on('message', () => { throw new Error('x'); });`)).kind).toBe('malformed-model');
  });

  it('that cannot be read to the end are given up, and opening them can be cancelled', async () => {
    const source: ByteSource = { name: 'slow.h5', size: 100_000, read: () => new Promise(() => undefined) };
    const slow = hdf5Thread(script, { patienceMilliseconds: 50 });
    expect((await rejection(openHdf5(source, slow))).message).toBe(
      '“slow.h5” cannot be read: reading it takes too long.',
    );
    const abort = new AbortController();
    const opening = openHdf5(source, hdf5Thread(script), abort.signal);
    setTimeout(() => abort.abort(), 200);
    await expect(opening).rejects.toBeInstanceOf(CancelledError);
  });

  it('on which the library was lost three times are not asked about again', async () => {
    const path = fileURLToPath(new URL('./fake-often.mjs', script));
    writeFileSync(
      path,
      `import { parentPort } from 'node:worker_threads';
       parentPort.postMessage({ said: 'ready' });
       parentPort.on('message', () => parentPort.postMessage({ said: 'failure', reason: 'it broke', lost: true }));`,
    );
    const thread = hdf5Thread(new URL('./fake-often.mjs', script));
    const [bad, other] = [1, 2].map((size) => thread.about(memorySource('x.h5', new Uint8Array(size))));
    const reasons: string[] = [];
    for (let times = 0; times < 4; times++) reasons.push((await rejection(bad?.contents() ?? expect.fail())).message);
    expect(reasons).toEqual([
      ...Array.from({ length: 3 }, () => '“x.h5” cannot be read: it broke.'),
      '“x.h5” cannot be read: the library failed on it too often.',
    ]);
    expect((await rejection(other?.contents() ?? expect.fail())).message).toContain('it broke');
    await thread.close();
  });

  it('a file that is closed answers nothing, and what was asked ends', async () => {
    const { weights } = await openFormat(
      memorySource('large.h5', fixture('large.h5')),
      nothingBeside,
      undefined,
      script,
    );
    const asked = rejection(numbersOf(weight(weights, 'zeros')));
    await weights.close();
    expect((await asked).kind).toBe('malformed-model');
    expect((await rejection(numbersOf(weight(weights, 'zeros')))).message).toMatch(/closed/);
  });
});
