import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode as encodePng } from 'fast-png';
import { toBinary } from '@bufbuild/protobuf';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipeForChosen } from '../../../src/core/dataset/chosen.js';
import { describeInputs, preparationText } from '../../../src/core/dataset/describe.js';
import { guessPreparation } from '../../../src/core/dataset/guess-preparation.js';
import { guessRecipe } from '../../../src/core/dataset/guess.js';
import { imageForm, type InputHint, type ModelInput } from '../../../src/core/dataset/model-input.js';
import { openDataset } from '../../../src/core/dataset/open-dataset.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import { fillRoles } from '../../../src/core/dataset/roles.js';
import { parseTokenizer } from '../../../src/core/dataset/token-text.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { TensorProtoSchema } from '../../../src/core/formats/onnx/onnx_pb.js';
import { tensorToProto } from '../../../src/core/formats/onnx/tensor-proto.js';
import { dataFiles } from '../../../src/node/data-files.js';
import { memoryFiles } from './memory-files.js';

const input = (name: string, type: string, shape: (number | string)[]): ModelInput => ({ name, type, shape });
const picture = input('image', 'float32', ['batch', 3, 64, 64]);
const solid = encodePng({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4) });
const zeros = (dims: number[]): Float32Array => new Float32Array(dims.reduce((a, b) => a * b, 1));
const npy = (...dims: number[]): Uint8Array => encodeNpy({ type: 'float32', dims, data: zeros(dims) });
const ids = (...dims: number[]): Uint8Array =>
  encodeNpy({ type: 'int64', dims, data: new BigInt64Array(dims.reduce((a, b) => a * b, 1)) });
const pb = (name: string, dims: number[]): Uint8Array =>
  toBinary(TensorProtoSchema, tensorToProto(name, { type: 'float32', dims, data: zeros(dims) }));
const guess = (inputs: ModelInput[], content: Record<string, Uint8Array | string>): Promise<Recipe> =>
  guessRecipe(inputs, memoryFiles(content), { modelName: 'net' });

describe('guessing inputs from what lies beside the model', () => {
  it('prefers ONNX test data that fits', async () => {
    const beside = { 'test_data_set_0/input_0.pb': pb('', [1, 3, 64, 64]), 'images/a.png': solid };
    expect((await guess([picture], beside)).inputs['image']).toEqual({ source: 'test-data', path: '.' });
    const other = { 'test_data_set_0/input_0.pb': pb('', [1, 7]), 'images/a.png': solid };
    expect((await guess([picture], other)).inputs['image']).toMatchObject({ source: 'images', path: 'images' });
  });

  it('takes a folder of pictures for an input of pictures only, with the labels beside it', async () => {
    const beside = { 'images/a.png': solid, 'labels.csv': 'file,label\na.png,cat\n', 'classes.txt': 'cat\n' };
    const recipe = await guess([picture], beside);
    expect(recipe.inputs['image']).toMatchObject({
      source: 'images',
      resize: 'stretch',
      channels: 'rgb',
      layout: 'nchw',
    });
    expect(recipe.labels).toEqual({ path: 'labels.csv', classes: 'classes.txt' });
    expect((await guess([input('x', 'float32', ['batch', 10])], beside)).inputs['x']).toMatchObject({
      source: 'synthetic',
    });
    expect((await guess([picture], { 'images/notes.txt': 'x' })).inputs['image']).toMatchObject({
      source: 'synthetic',
    });
  });

  it('takes an array whose examples have the input’s shape, not its labels or weights', async () => {
    const x = input('x', 'float32', ['batch', 10]);
    expect(
      (await guess([x], { 'a.npy': npy(5, 9), 'b.npy': npy(5, 10), 'labels.npy': npy(5, 10) })).inputs['x'],
    ).toEqual({
      source: 'array',
      path: 'b.npy',
    });
    expect((await guess([x], { 'y_labels.npy': npy(5, 10), 'broken.npy': 'no array' })).inputs['x']).toMatchObject({
      source: 'synthetic',
    });
  });

  it('fills several inputs from one archive by their names', async () => {
    const archive = zipSync({ 'a.npy': npy(4, 3), 'b.npy': npy(4, 3), 'c.npy': npy(4, 3) });
    const inputs = [input('b', 'float32', ['n', 3]), input('c', 'float32', ['n', 3])];
    expect((await guess(inputs, { 'data.npz': archive })).inputs).toEqual({
      b: { source: 'array', path: 'data.npz', key: 'b' },
      c: { source: 'array', path: 'data.npz', key: 'c' },
    });
  });

  it('reads token ids as tokens, with the tokenizer beside the model', async () => {
    const tokens = input('input_ids', 'int64', ['batch', 'length']);
    const recipe = await guess([tokens], { 'ids.npy': ids(2, 5), 'tokenizer.json': '{"vocab": ["a", "b"]}' });
    expect(recipe).toMatchObject({
      inputs: { input_ids: { source: 'tokens', path: 'ids.npy' } },
      tokenizer: 'tokenizer.json',
    });
    expect((await guess([tokens], { 'tokenizer.json': 'broken' })).tokenizer).toBeUndefined();
  });

  it('otherwise draws random values of the right kind, and writes open sizes out', async () => {
    const table: [ModelInput, InputHint, object][] = [
      [picture, {}, { distribution: 'normal' }],
      [picture, { rescales: true }, { distribution: 'uniform', low: 0, high: 255 }],
      [input('x', 'float32', [1, 1, 28, 28]), {}, { distribution: 'uniform', low: 0, high: 1 }],
      [input('x', 'uint8', [1, 3, 28, 28]), {}, { distribution: 'integers', low: 0, high: 255 }],
      [
        input('ids', 'int64', ['b', 't']),
        { vocabulary: 512 },
        { distribution: 'integers', low: 0, high: 511, shape: [64] },
      ],
      [input('ids', 'float32', ['b', 9]), { vocabulary: 5 }, { distribution: 'integers', high: 4 }],
      [input('x', 'float32', ['b', '?', '?', '?']), {}, { shape: [3, 224, 224] }],
      [input('x', 'float32', ['b', 3, 'h', 'w']), {}, { shape: [3, 224, 224] }],
      [input('flag', 'bool', ['b', 2]), {}, { distribution: 'integers', low: 0, high: 1 }],
    ];
    for (const [each, hint, wanted] of table) {
      const recipe = await guessRecipe([each], memoryFiles({}), {
        modelName: 'net',
        hints: new Map([[each.name, hint]]),
      });
      expect(recipe.inputs[each.name]).toMatchObject({ source: 'synthetic', seed: 1, ...wanted });
    }
  });
});

describe('inputs with a role', () => {
  it('are filled in and explained, data is not', () => {
    const inputs = [
      input('input_ids', 'int64', ['b', 't']),
      input('attention_mask', 'int64', ['b', 't']),
      input('token_type_ids', 'int64', ['b', 't']),
      input('position_ids', 'int64', ['b', 't']),
      input('past_key_values.0.value', 'float32', ['b', 2, 'p', 4]),
      input('sr', 'int64', []),
      input('state', 'float32', [2, 'b', 128]),
      input('conv_cache', 'float32', [2, 1, 16]),
    ];
    const filled = fillRoles(inputs, { version: 1, inputs: {} });
    expect(filled.map(({ recipe }) => (recipe.source === 'constant' ? recipe.value : recipe.source))).toEqual([
      'synthetic',
      1,
      0,
      'range',
      0,
      16000,
      0,
      0,
    ]);
    for (const each of filled) expect(each.filled).toMatch(/guessed from the input’s name|nothing else was found/);
  });

  it('are data when they are all that the model has, or when the recipe says so', () => {
    const state = input('state', 'float32', ['b', 4]);
    expect(fillRoles([state], { version: 1, inputs: {} })[0]).toMatchObject({ conventional: false });
    const own: Recipe = { version: 1, inputs: { state: { source: 'synthetic', distribution: 'normal', seed: 0 } } };
    expect(fillRoles([input('x', 'float32', ['b']), state], own)[1]).toMatchObject({
      conventional: false,
      recipe: own.inputs['state'],
    });
  });

  it('count examples along the axis that the data’s batch has in them', async () => {
    const inputs = [
      input('input', 'float32', ['?', '?']),
      input('state', 'float32', [2, '?', 8]),
      input('sr', 'int64', []),
    ];
    const dataset = await openDataset({ version: 1, inputs: {} }, inputs, memoryFiles({}), { limit: 5 });
    const { feeds } = await dataset.batch(0, 3);
    expect([feeds['input']?.dims, feeds['state']?.dims, feeds['sr']?.dims]).toEqual([[3, 512], [2, 3, 8], []]);
    expect(feeds['sr']?.data).toEqual(BigInt64Array.of(16000n));
  });

  it('of a fixed single example allow one at a time', async () => {
    const inputs = [input('x', 'float32', ['b', 4]), input('h0', 'float32', [1, 1, 8])];
    const dataset = await openDataset({ version: 1, inputs: {} }, inputs, memoryFiles({}), { limit: 5 });
    expect(dataset.maximumBatch).toBe(1);
  });
});

describe('the preparation of pictures', () => {
  const of = (type: string, shape: (number | string)[], hint: InputHint = {}, name = 'x'): string => {
    const each = input(name, type, shape);
    const form = imageForm(each);
    return form === undefined
      ? 'no picture'
      : `${form.layout} ${form.channels}: ${preparationText(guessPreparation(each, form, hint))}`;
  };
  it('is guessed from shape, type, name and the graph’s own rescaling', () => {
    expect(of('float32', ['n', 3, 224, 224])).toBe('nchw 3: (x/255 − [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]');
    expect(of('float32', [1, 3, 32, 32])).toBe('nchw 3: (x/255 − [0.4914, 0.4822, 0.4465]) / [0.247, 0.2435, 0.2616]');
    expect(of('float32', [1, 3, 64, 64])).toBe('nchw 3: x/255');
    expect(of('float32', [1, 1, 28, 28])).toBe('nchw 1: x/255');
    expect(of('float32', ['n', 28, 28, 1])).toBe('nhwc 1: x/255');
    expect(of('float32', ['n', 224, 224, 3], { rescales: true })).toBe('nhwc 3: pixels from 0 to 255 as they are');
    expect(of('float32', ['n', 32, 32, 3], {}, 'rescaling_input')).toBe('nhwc 3: pixels from 0 to 255 as they are');
    expect(of('uint8', [1, 224, 224, 3])).toBe('nhwc 3: pixels from 0 to 255 as they are');
    expect(of('int8', [1, 224, 224, 3])).toBe('nhwc 3: x − 128');
    expect(of('float32', [1, 1, 1, 5])).toBe('no picture');
    expect(of('float32', [1, 257, 1, 2])).toBe('no picture');
  });
});

describe('saying what inputs are', () => {
  it('names source, size, preparation and what was guessed, one line per input', () => {
    const recipe: Recipe = {
      version: 1,
      inputs: {
        image: {
          source: 'images',
          path: 'images',
          resize: 'stretch',
          channels: 'rgb',
          layout: 'nchw',
          scale: 1 / 255,
          mean: [0.5],
          std: [0.25],
        },
      },
    };
    const inputs = [picture, input('attention_mask', 'float32', ['batch', 4])];
    expect(describeInputs(recipe, inputs, 'guessed', { size: 200 })).toEqual([
      {
        input: 'image',
        text: '200 images from images/, stretched to 64 × 64, rgb, (x/255 − 0.5) / 0.25 (preparation guessed from the input’s shape)',
        synthetic: false,
      },
      {
        input: 'attention_mask',
        text: 'always 1 (attention mask without padding, guessed from the input’s name)',
        synthetic: false,
      },
    ]);
    const [line] = describeInputs({ version: 1, inputs: {} }, [picture], 'guessed');
    expect(line).toMatchObject({ synthetic: true, text: expect.stringMatching(/^random numbers/) });
    const array: Recipe = {
      version: 1,
      inputs: { image: { source: 'array', path: 'x.npy', scale: 1 / 255, offset: -0.5 } },
    };
    expect(describeInputs(array, [picture], 'file', { size: 1 })[0]?.text).toBe('1 example from x.npy, x/255 − 0.5');
  });
});

describe('what a person chose', () => {
  const files = memoryFiles({
    'photos/a.png': solid,
    'text/readme.txt': 'x',
    'x.npy': npy(4, 3, 64, 64),
    'y.npy': npy(4, 9),
    'set/input_0.pb': pb('', [2, 3, 64, 64]),
    'net.inspect.json': '{"version": 1, "inputs": {"image": {"source": "synthetic"}}}',
    'model.txt': 'x',
    'model.md': 'x',
    'other/net.inspect.json': JSON.stringify({
      version: 1,
      inputs: { image: { source: 'images', path: 'pictures' } },
      labels: { path: 'labels.txt' },
    }),
    'other/pictures/a.png': solid,
    'other/labels.txt': 'cat',
  });
  const chosen = (path: string, inputs = [picture]): Promise<Recipe> => recipeForChosen(path, inputs, files);

  it('becomes a recipe by what it is', async () => {
    for (const path of ['photos', 'photos/a.png']) {
      expect((await chosen(path)).inputs['image']).toMatchObject({ source: 'images', path });
    }
    expect((await chosen('x.npy')).inputs['image']).toEqual({ source: 'array', path: 'x.npy' });
    for (const path of ['set', 'set/input_0.pb']) {
      expect((await chosen(path)).inputs['image']).toEqual({ source: 'test-data', path: 'set' });
    }
    expect((await chosen('net.inspect.json')).inputs['image']).toMatchObject({ source: 'synthetic' });
  });

  it('keeps the paths of a recipe from another folder relative to that folder', async () => {
    expect(await chosen('other/net.inspect.json')).toMatchObject({
      inputs: { image: { path: 'other/pictures' } },
      labels: { path: 'other/labels.txt' },
    });
  });

  it('is refused with what would fit', async () => {
    const policy = [input('obs', 'float32', ['n', 12])];
    for (const [path, inputs, message] of [
      ['nowhere', [picture], 'does not exist'],
      ['text', [picture], 'neither pictures nor ONNX test data'],
      ['model.md', [picture], 'cannot be read as inputs'],
      ['model.txt', [picture], 'is text, which the model does not take'],
      ['y.npy', [picture], 'fits none of the model’s inputs'],
      ['photos', policy, 'pictures, which the model does not take'],
    ] as const) {
      const problem = {
        kind: 'invalid-inputs',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining('of shape [examples, '),
      };
      await expect(chosen(path, [...inputs])).rejects.toMatchObject({ problem });
    }
  });
});

describe('tokens as text', () => {
  it('reads the vocabularies that people have', () => {
    const list = (json: object, size: number): string[] => {
      const text = parseTokenizer(JSON.stringify(json), 'tokenizer.json');
      expect(text.size).toBe(size);
      return Array.from({ length: size }, (_, id) => text.textOf(id));
    };
    expect(list({ vocab: ['a', 'b'] }, 2)).toEqual(['a', 'b']);
    expect(
      list(
        {
          model: {
            vocab: [
              ['▁the', -1.5],
              ['<0x0A>', 0],
            ],
          },
        },
        2,
      ),
    ).toEqual([' the', '\n']);
    expect(
      list(
        {
          vocab_bytes: [
            [60, 117, 62],
            [226, 130, 172],
          ],
        },
        2,
      ),
    ).toEqual(['<u>', '€']);
    expect(list({ x: 1, y: 0 }, 2)).toEqual(['y', 'x']);
    // Ā is byte 0, Ċ byte 10, Ġ byte 32; "Ã©" are the two bytes of é.
    const byteLevel = {
      // The last two are parts of characters: a space with the first byte of three, and the second byte of them.
      model: { vocab: { Ġa: 0, Ċ: 1, 'Ã©': 2, Ġâ: 3, '¼': 4 } },
      pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'ByteLevel' }] },
    };
    expect(list(byteLevel, 5)).toEqual([' a', '\n', 'é', ' <0xE2>', '<0xBC>']);
    expect(() => parseTokenizer('{}', 't.json')).toThrow('no vocabulary');
    expect(() => parseTokenizer('nonsense', 't.json')).toThrow('not JSON');
  });
});

describe('files on disk', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dataset-'));
    await mkdir(join(folder, 'workspace/recipes'), { recursive: true });
    await mkdir(join(folder, 'elsewhere'));
    await writeFile(join(folder, 'workspace/a.npy'), npy(1, 2));
    await writeFile(join(folder, 'elsewhere/b.npy'), npy(1, 2));
    await symlink(join(folder, 'elsewhere'), join(folder, 'workspace/link'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are read inside the workspace only, unless the person chose them', async () => {
    const place = { folder: join(folder, 'workspace/recipes'), root: join(folder, 'workspace') };
    const files = dataFiles(place);
    expect(await files.facts('../a.npy')).toMatchObject({ kind: 'file', size: (await files.open('../a.npy')).size });
    expect(await files.facts('../missing.npy')).toBeUndefined();
    expect(await files.list('..')).toContainEqual({ name: 'recipes', kind: 'folder' });
    const outside = [
      join(folder, 'elsewhere/b.npy'),
      '../../elsewhere/b.npy',
      '../link/b.npy',
      '../../missing',
      '/etc/passwd',
      'a\0b',
    ];
    for (const path of outside) {
      await expect(files.facts(path), path).rejects.toMatchObject({
        problem: { kind: 'invalid-inputs', message: expect.stringContaining('outside') },
      });
      await expect(files.open(path), path).rejects.toThrow('outside');
    }
    const chosen = dataFiles({ ...place, chosen: [join(folder, 'elsewhere')] });
    expect(await chosen.facts(join(folder, 'elsewhere/b.npy'))).toMatchObject({ kind: 'file' });
    await expect(chosen.facts('/etc/passwd')).rejects.toThrow('outside');
  });

  it('skip a picture that is a link out of the workspace, and say so', async () => {
    const pictures = join(folder, 'workspace/pictures');
    await mkdir(pictures);
    await writeFile(join(pictures, 'a.png'), solid);
    await writeFile(join(folder, 'elsewhere/b.png'), solid);
    await symlink(join(folder, 'elsewhere/b.png'), join(pictures, 'b.png'));
    const files = dataFiles({ folder: join(folder, 'workspace'), root: join(folder, 'workspace') });
    const recipe = parseRecipe('{"version": 1, "inputs": {"image": {"source": "images", "path": "pictures"}}}');
    const dataset = await openDataset(recipe, [picture], files, { limit: 9 });
    expect((await dataset.batch(0, 2)).indices).toEqual([0]);
    expect(dataset.skipped).toEqual([{ name: 'b.png', reason: expect.stringContaining('outside the workspace') }]);
  });
});
