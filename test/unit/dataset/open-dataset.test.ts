import { gzipSync } from 'fflate';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { TensorProtoSchema } from '../../../src/core/formats/onnx/onnx_pb.js';
import { tensorToProto } from '../../../src/core/formats/onnx/tensor-proto.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import type { ModelInput } from '../../../src/core/dataset/model-input.js';
import { openDataset } from '../../../src/core/dataset/open-dataset.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';
import type { InputRecipe, Recipe } from '../../../src/core/dataset/recipe.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { memoryFiles } from './memory-files.js';

const input = (name: string, type: string, shape: (number | string)[] | undefined): ModelInput => ({
  name,
  type,
  shape,
});
const recipe = (inputs: Record<string, unknown>, more: object = {}): Recipe =>
  parseRecipe(JSON.stringify({ version: 1, inputs, ...more }));
const values = (tensor: Tensor | undefined): number[] => Array.from(tensor?.data as ArrayLike<number | bigint>, Number);
const solid = (level: number): Uint8Array =>
  encodePng({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4).fill(level) });
const npy = (type: 'float32' | 'int64' | 'uint8', dims: number[], data: number[]): Uint8Array =>
  encodeNpy({
    type,
    dims,
    data:
      type === 'int64'
        ? BigInt64Array.from(data, BigInt)
        : type === 'uint8'
          ? Uint8Array.from(data)
          : Float32Array.from(data),
  });
const count = (size: number): number[] => Array.from({ length: size }, (_, i) => i);
const empty = memoryFiles({});
const gray = { source: 'images', path: 'images', channels: 'gray', scale: 1 };

describe('pictures', () => {
  const picture = [input('image', 'float32', ['batch', 1, 2, 2])];

  it('come in natural order, a batch at a time', async () => {
    const files = memoryFiles({
      'images/img10.png': solid(10),
      'images/img2.png': solid(2),
      'images/img1.png': solid(1),
      'images/notes.txt': 'x',
    });
    const dataset = await openDataset(recipe({ image: gray }), picture, files, { limit: 10 });
    expect([dataset.size, dataset.description, dataset.synthetic]).toEqual([3, '3 images from images/', false]);
    expect(dataset.maximumBatch).toBe(Infinity);
    const { feeds, indices } = await dataset.batch(1, 3);
    expect(indices).toEqual([1, 2]);
    expect(feeds['image']).toMatchObject({ type: 'float32', dims: [2, 1, 2, 2] });
    expect(values(feeds['image'])).toEqual([2, 2, 2, 2, 10, 10, 10, 10]);
  });

  it('are taken evenly spaced when there are more than the limit, so that no class is left out', async () => {
    const files = memoryFiles(
      Object.fromEntries(count(8).map((i) => [`images/${i < 4 ? 'cat' : 'dog'}/${i}.png`, solid(i)])),
    );
    const dataset = await openDataset(recipe({ image: gray }), picture, files, { limit: 4 });
    expect(dataset.description).toBe('4 of 8 images from images/, evenly spaced');
    expect(count(4).map((i) => dataset.label(i))).toEqual(['cat', 'cat', 'dog', 'dog']);
    expect(values((await dataset.batch(0, 4)).feeds['image']).filter((_, i) => i % 4 === 0)).toEqual([0, 2, 4, 6]);
  });

  it('that do not decode are left out of their batch and listed once with the reason', async () => {
    const jpeg = new Uint8Array(
      encodeJpeg({ width: 32, height: 32, data: new Uint8Array(4096).map((_, i) => i * 31) }, 90).data,
    );
    const files = memoryFiles({
      'images/a.png': solid(1),
      'images/b.jpg': jpeg.slice(0, 700),
      'images/c.png': 'no',
      'images/d.png': solid(4),
    });
    const dataset = await openDataset(recipe({ image: gray }), picture, files, { limit: 10 });
    for (let again = 0; again < 2; again++) {
      const { feeds, indices } = await dataset.batch(0, 4);
      expect(indices).toEqual([0, 3]);
      expect(feeds['image']?.dims).toEqual([2, 1, 2, 2]);
    }
    expect(dataset.skipped.map(({ name }) => name)).toEqual(['b.jpg', 'c.png']);
    expect(dataset.skipped[1]?.reason).toContain('neither PNG nor JPEG');
    expect((await dataset.batch(1, 3)).indices).toEqual([]);
    expect(await dataset.preview(2)).toMatchObject({ kind: 'image', width: 0 });
  });

  it('are previewed as the file itself when small, as a small PNG when large', async () => {
    const wide = { width: 1024, height: 512, channels: 3, depth: 8 } as const;
    const noise = Uint8Array.from({ length: 1024 * 512 * 3 }, (_, i) => Math.imul(i, i ^ 0x9e3779b9) >>> 13);
    const large = encodePng({ ...wide, data: noise });
    const files = memoryFiles({ 'images/a.png': solid(1), 'images/b.png': large });
    const dataset = await openDataset(recipe({ image: gray }), picture, files, { limit: 10 });
    const small = await dataset.preview(0);
    expect(small).toMatchObject({ kind: 'image', name: 'a.png', mime: 'image/png', width: 2, height: 2 });
    expect(small.kind === 'image' && [...small.bytes]).toEqual([...solid(1)]);
    expect(large.length).toBeGreaterThan(256 * 1024);
    expect(await dataset.preview(1)).toMatchObject({ kind: 'image', mime: 'image/png', width: 256, height: 128 });
  });

  it('fill inputs of whole numbers, of half precision, and flattened ones', async () => {
    const files = memoryFiles({ 'images/a.png': solid(200) });
    const own = recipe({ x: { ...gray, size: [2, 2] } });
    const feed = async (each: ModelInput): Promise<Tensor | undefined> =>
      (await (await openDataset(own, [each], files, { limit: 1 })).batch(0, 1)).feeds['x'];
    expect(await feed(input('x', 'uint8', [1, 1, 2, 2]))).toMatchObject({
      type: 'uint8',
      data: new Uint8Array(4).fill(200),
    });
    expect(await feed(input('x', 'float16', [1, 1, 2, 2]))).toMatchObject({ data: new Uint16Array(4).fill(0x5a40) });
    expect(await feed(input('x', 'float32', ['n', 4]))).toMatchObject({ dims: [1, 4] });
    expect(await feed(input('x', 'float32', ['n', 1, 'h', 'w']))).toMatchObject({ dims: [1, 1, 2, 2] });
  });

  it('refuse an input that they do not fit, naming both shapes', async () => {
    const files = memoryFiles({ 'images/a.png': solid(1) });
    const colour = [input('image', 'float32', [1, 3, 2, 2])];
    await expect(openDataset(recipe({ image: gray }), colour, files, { limit: 1 })).rejects.toThrow(
      /\[1, 2, 2\].*float32\[1, 3, 2, 2\]/,
    );
    const square = openDataset(recipe({ image: { ...gray, size: [3, 3] } }), picture, files, { limit: 1 });
    await expect(square).rejects.toThrow(/\[1, 3, 3\].*float32\[batch, 1, 2, 2\]/);
    await expect(openDataset(recipe({ image: gray }), picture, empty, { limit: 1 })).rejects.toThrow(
      'no folder or picture images',
    );
    const none = memoryFiles({ 'images/readme.txt': 'x' });
    await expect(openDataset(recipe({ image: gray }), picture, none, { limit: 1 })).rejects.toThrow('no PNG or JPEG');
  });
});

describe('arrays', () => {
  const digits = [input('x', 'float32', ['batch', 1, 2, 2])];
  const array = { source: 'array', path: 'x.npy' };

  it('count examples on their first axis; axes of size 1 are added; scale and offset apply', async () => {
    const files = memoryFiles({ 'x.npy': npy('uint8', [3, 2, 2], count(12)) });
    const dataset = await openDataset(recipe({ x: { ...array, scale: 0.5, offset: 1 } }), digits, files, { limit: 2 });
    expect([dataset.size, dataset.description]).toEqual([2, '2 examples from x.npy']);
    const { feeds } = await dataset.batch(1, 2);
    expect(feeds['x']?.dims).toEqual([1, 1, 2, 2]);
    expect(values(feeds['x'])).toEqual([3, 3.5, 4, 4.5]);
    expect(await dataset.preview(1)).toEqual({
      kind: 'array',
      name: 'x.npy [1]',
      dims: [1, 2, 2],
      values: [3, 3.5, 4, 4.5],
    });
  });

  it('are read from gzipped IDX files, with labels and class names beside them', async () => {
    const idx = gzipSync(Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, ...count(8)));
    const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 1, 0);
    const files = memoryFiles({ 'x-idx3-ubyte.gz': idx, 'y-idx1-ubyte': labels, 'classes.txt': 'zero\none\n' });
    const own = recipe(
      { x: { ...array, path: 'x-idx3-ubyte.gz' } },
      { labels: { path: 'y-idx1-ubyte', classes: 'classes.txt' } },
    );
    const dataset = await openDataset(own, digits, files, { limit: 10 });
    expect(values((await dataset.batch(0, 2)).feeds['x'])).toEqual(count(8));
    expect([dataset.label(0), dataset.label(1)]).toEqual(['one', 'zero']);
  });

  it('of another shape are refused with both shapes; axes in another order are not shuffled silently', async () => {
    const open = (dims: number[], shape: (number | string)[]): Promise<unknown> =>
      openDataset(
        recipe({ x: array }),
        [input('x', 'float32', shape)],
        memoryFiles({ 'x.npy': npy('float32', dims, count(dims.reduce((a, b) => a * b))) }),
        { limit: 9 },
      );
    await expect(open([5, 7], ['n', 8])).rejects.toThrow(/\[7\].*“x” takes \[8\]/);
    await expect(open([2, 4, 4, 3], ['n', 3, 4, 4])).rejects.toMatchObject({
      problem: { remedy: expect.stringContaining('order') },
    });
    await expect(open([2, 6], ['n', 2, 3])).resolves.toMatchObject({ size: 2 });
    await expect(open([3, 4, 4], [1, 3, 4, 4])).resolves.toMatchObject({ size: 1 });
  });

  it('where the graph fixes its batch, the last example fills the rest', async () => {
    const files = memoryFiles({ 'x.npy': npy('float32', [5, 1], count(5)) });
    const dataset = await openDataset(recipe({ x: array }), [input('x', 'float32', [4, 1])], files, { limit: 9 });
    expect([dataset.size, dataset.maximumBatch]).toEqual([5, 4]);
    const { feeds, indices } = await dataset.batch(4, 5);
    expect(indices).toEqual([4]);
    expect([feeds['x']?.dims, values(feeds['x'])]).toEqual([
      [4, 1],
      [4, 4, 4, 4],
    ]);
  });

  it('must agree on the number of examples', async () => {
    const files = memoryFiles({ 'x.npy': npy('float32', [2, 3], count(6)), 'y.npy': npy('float32', [3, 3], count(9)) });
    const inputs = [input('x', 'float32', ['n', 3]), input('y', 'float32', ['n', 3])];
    const both = recipe({ x: array, y: { source: 'array', path: 'y.npy' } });
    await expect(openDataset(both, inputs, files, { limit: 9 })).rejects.toThrow('2 examples for “x” but 3 for “y”');
  });

  it('of token ids are shown as the tokenizer’s text, and masks and positions follow their length', async () => {
    const files = memoryFiles({
      'ids.npy': npy('int64', [2, 3], [0, 1, 2, 2, 1, 7]),
      'tokenizer.json': JSON.stringify({
        model: { vocab: { Hello: 0, Ġworld: 1 } },
        added_tokens: [{ id: 2, content: '<end>' }],
        decoder: { type: 'ByteLevel' },
      }),
    });
    const inputs = [
      input('input_ids', 'int64', ['batch', 'sequence']),
      input('attention_mask', 'float32', ['batch', 'total_sequence']),
      input('position_ids', 'int64', ['batch', 'sequence']),
      input('past_key_values.0.key', 'float32', ['batch', 2, 'past_sequence', 4]),
    ];
    const own = recipe({ input_ids: { source: 'tokens', path: 'ids.npy' } }, { tokenizer: 'tokenizer.json' });
    const dataset = await openDataset(own, inputs, files, { limit: 9 });
    const { feeds } = await dataset.batch(0, 2);
    expect(values(feeds['input_ids'])).toEqual([0, 1, 2, 2, 1, 7]);
    expect(feeds['attention_mask']).toMatchObject({ dims: [2, 3], data: new Float32Array(6).fill(1) });
    expect(values(feeds['position_ids'])).toEqual([0, 1, 2, 0, 1, 2]);
    expect(feeds['past_key_values.0.key']).toMatchObject({ dims: [2, 2, 0, 4], data: new Float32Array(0) });
    expect(await dataset.preview(0)).toMatchObject({ kind: 'tokens', tokens: ['Hello', ' world', '<end>'] });
    expect(await dataset.preview(1)).toMatchObject({ tokens: ['<end>', ' world', '#7 (not in the vocabulary)'] });
  });

  it('mask what is cached and what is new, also where the mask comes before the caches: nothing is cached', async () => {
    const files = memoryFiles({ 'ids.npy': npy('int64', [2, 3], [0, 1, 2, 2, 1, 7]) });
    const own = recipe({ input_ids: { source: 'tokens', path: 'ids.npy' } });
    for (const dimension of ['past_sequence_length + sequence_length', 'past_sequence_length + 1']) {
      const inputs = [
        input('input_ids', 'int64', ['batch', 'sequence_length']),
        input('attention_mask', 'int64', ['batch', dimension]),
        input('past_key_values.0.key', 'float32', ['batch', 2, 'past_sequence_length', 4]),
      ];
      const { feeds } = await (await openDataset(own, inputs, files, { limit: 9 })).batch(0, 2);
      expect(feeds['attention_mask']?.dims).toEqual([2, 3]);
      expect(feeds['past_key_values.0.key']?.dims).toEqual([2, 2, 0, 4]);
    }
  });
});

describe('ONNX test data', () => {
  const pb = (name: string, dims: number[], data: number[]): Uint8Array =>
    toBinary(TensorProtoSchema, tensorToProto(name, { type: 'float32', dims, data: Float32Array.from(data) }));
  const inputs = [input('a', 'float32', ['n', 2]), input('b', 'float32', ['n'])];
  const both: Record<string, InputRecipe> = {
    a: { source: 'test-data', path: '.' },
    b: { source: 'test-data', path: '.' },
  };

  it('goes by the names in the files, by their numbers where there are none; rows are examples', async () => {
    const files = memoryFiles({
      'test_data_set_0/input_0.pb': pb('b', [2], [10, 20]),
      'test_data_set_0/input_1.pb': pb('a', [2, 2], [1, 2, 3, 4]),
      'test_data_set_0/output_0.pb': pb('y', [1], [0]),
      'test_data_set_1/input_0.pb': pb('', [1, 2], [5, 6]),
      'test_data_set_1/input_1.pb': pb('', [1], [30]),
    });
    const dataset = await openDataset(recipe(both), inputs, files, { limit: 9 });
    expect(dataset.size).toBe(3);
    const { feeds } = await dataset.batch(0, 3);
    expect([values(feeds['a']), values(feeds['b'])]).toEqual([
      [1, 2, 3, 4, 5, 6],
      [10, 20, 30],
    ]);
  });

  it('runs examples one by one where their shapes differ', async () => {
    const files = memoryFiles({
      'test_data_set_0/input_0.pb': pb('', [1, 3], [1, 2, 3]),
      'test_data_set_1/input_0.pb': pb('', [1, 2], [4, 5]),
    });
    const ragged = [input('a', 'float32', ['n', 'length'])];
    const dataset = await openDataset(recipe({ a: both['a'] }), ragged, files, { limit: 9 });
    expect(dataset.maximumBatch).toBe(1);
    expect((await dataset.batch(1, 2)).feeds['a']?.dims).toEqual([1, 2]);
  });

  it('gives whole tensors to a graph without a batch axis, rows along any axis to one with', async () => {
    const files = memoryFiles({
      'test_data_set_0/input_0.pb': pb('m', [2, 3], count(6)),
      'test_data_set_0/input_1.pb': pb('k', [3, 2], count(6)),
    });
    const product = [input('m', 'float32', [2, 3]), input('k', 'float32', [3, 2])];
    const source = { source: 'test-data', path: 'test_data_set_0' };
    const dataset = await openDataset(recipe({ m: source, k: source }), product, files, { limit: 9 });
    expect([dataset.size, dataset.maximumBatch]).toEqual([1, 1]);
    expect((await dataset.batch(0, 1)).feeds['k']).toMatchObject({ dims: [3, 2] });
    const second = [input('m', 'float32', [2, 'batch'])];
    const rows = await openDataset(recipe({ m: source }), second, files, { limit: 9 });
    expect(rows.size).toBe(3);
    expect(values((await rows.batch(1, 2)).feeds['m'])).toEqual([1, 4]);
    expect((await rows.batch(0, 3)).feeds['m']).toMatchObject({ dims: [2, 3], data: Float32Array.from(count(6)) });
  });

  it('says which tensor is missing or of another shape', async () => {
    const files = memoryFiles({ 'test_data_set_0/input_0.pb': pb('a', [1, 3], [1, 2, 3]) });
    await expect(openDataset(recipe({ a: both['a'] }), inputs.slice(0, 1), files, { limit: 1 })).rejects.toThrow(
      /\[1, 3\].*float32\[n, 2\]/,
    );
    await expect(openDataset(recipe({ b: both['b'] }), inputs, files, { limit: 1 })).rejects.toThrow(
      'no tensor for the input “b”',
    );
  });
});

describe('random values', () => {
  const inputs = [input('x', 'float32', ['batch', 3])];

  it('are the same for an example in any batch, and say that they are random', async () => {
    const dataset = await openDataset(recipe({ x: { source: 'synthetic', seed: 4 } }), inputs, empty, { limit: 6 });
    expect([dataset.size, dataset.synthetic]).toEqual([6, true]);
    expect(dataset.description).toMatch(/^random numbers .*seed 4/);
    const together = values((await dataset.batch(0, 6)).feeds['x']);
    for (let i = 0; i < 6; i++)
      expect(values((await dataset.batch(i, i + 1)).feeds['x'])).toEqual(together.slice(3 * i, 3 * i + 3));
    expect(new Set(together).size).toBe(18);
  });

  it('stay in their range, both ends of integers included', async () => {
    const ids = [input('ids', 'int64', [1, 'length'])];
    const own = recipe({ ids: { source: 'synthetic', distribution: 'integers', low: -1, high: 2, shape: [400] } });
    const dataset = await openDataset(own, ids, empty, { limit: 1 });
    const drawn = values((await dataset.batch(0, 1)).feeds['ids']);
    expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
    expect((await dataset.preview(0)).kind).toBe('tokens');
  });

  it('beside data make the whole dataset random in part, and say so', async () => {
    const files = memoryFiles({ 'x.npy': npy('float32', [2, 3], count(6)) });
    const two = [...inputs, input('extra', 'float32', ['batch', 1])];
    const dataset = await openDataset(recipe({ x: { source: 'array', path: 'x.npy' } }), two, files, { limit: 9 });
    expect([dataset.synthetic, dataset.description]).toEqual([true, 'random “extra” beside 2 examples from x.npy']);
  });
});

describe('keys and names', () => {
  const inputs = [input('x', 'float32', ['batch', 3])];
  const keyOf = async (own: Recipe, files = empty, limit = 5): Promise<string> =>
    (await openDataset(own, inputs, files, { limit })).key;

  it('change with the recipe, the files and the limit, and only then', async () => {
    const random = recipe({ x: { source: 'synthetic', seed: 1 } });
    const files = (value: number, rows: number): ReturnType<typeof memoryFiles> =>
      memoryFiles({ 'x.npy': npy('float32', [rows, 3], new Array<number>(rows * 3).fill(value)) });
    const array = recipe({ x: { source: 'array', path: 'x.npy' } });
    expect(await keyOf(random)).toBe(await keyOf(random));
    const keys = [
      await keyOf(random),
      await keyOf(recipe({ x: { source: 'synthetic', seed: 2 } })),
      await keyOf(random, empty, 6),
      await keyOf(array, files(1, 2)),
      await keyOf(array, files(1, 3)),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('make one example of what is the same in every example', async () => {
    const dataset = await openDataset(recipe({ x: { source: 'constant', value: 2 } }), inputs, empty, { limit: 9 });
    expect([dataset.size, dataset.synthetic, values((await dataset.batch(0, 1)).feeds['x'])]).toEqual([
      1,
      false,
      [2, 2, 2],
    ]);
  });

  it('refuse sizes that nobody can allocate before anything is made', async () => {
    const vast = [input('x', 'float32', [1, 1e6, 1e6])];
    await expect(openDataset(recipe({}), vast, empty, { limit: 1 })).rejects.toThrow(
      '“x” would need 1000000000000 values',
    );
  });

  it('refuse a recipe for an input that the model does not have', async () => {
    await expect(keyOf(recipe({ y: { source: 'synthetic' } }))).rejects.toMatchObject({
      problem: { kind: 'invalid-recipe', place: 'inputs.y', remedy: expect.stringContaining('“x”') },
    });
  });

  it('refuse inputs that are no tensors of numbers', async () => {
    const text = [input('text', 'string', ['n'])];
    await expect(openDataset(recipe({}), text, empty, { limit: 1 })).rejects.toThrow(
      '“text” is string[n], which cannot be fed',
    );
    await expect(openDataset(recipe({}), [], empty, { limit: 1 })).rejects.toThrow('no inputs');
  });
});
