import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recipeForChosen } from '../../../src/core/dataset/chosen.js';
import { describeInputs } from '../../../src/core/dataset/describe.js';
import { guessRecipe } from '../../../src/core/dataset/guess.js';
import type { InputHints, ModelInput } from '../../../src/core/dataset/model-input.js';
import { openDataset, type OpenedDataset } from '../../../src/core/dataset/open-dataset.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import { documentParts, type DocumentPart } from '../../../src/core/dataset/text/documents.js';
import { openTokenizer } from '../../../src/core/dataset/text/tokenizer.js';
import { firstInvalid, utf8Blocks } from '../../../src/core/dataset/text/utf8.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { memoryFiles } from './memory-files.js';

const fixtures = JSON.parse(
  readFileSync(new URL('../../fixtures/text/tokenizations.json', import.meta.url), 'utf8'),
) as Record<'byteLevel' | 'scored', { readonly file: object }>;
const input = (name: string, type: string, shape: (number | string)[]): ModelInput => ({ name, type, shape });
const ids = input('input_ids', 'int64', ['batch', 'sequence']);
const values = (tensor: Tensor | undefined): number[] => Array.from(tensor?.data as ArrayLike<number | bigint>, Number);
/** One token per letter: a is 3, b is 4, … */
const letters = ['<pad>', '<s>', '</s>', ...'abcdefghijklmnopqrstuvwxyz', ' '].join('\n');
const coded = (text: string): number[] => [...text].map((c) => (c === ' ' ? 29 : c.charCodeAt(0) - 97 + 3));
/** The same letters behind a start token. */
const withStart = JSON.stringify({
  added_tokens: [],
  pre_tokenizer: { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>' } }, { Sequence: { id: 'A' } }, { SpecialToken: { id: '</s>' } }],
    special_tokens: { '<s>': { ids: [1] }, '</s>': { ids: [2] } },
  },
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(letters.split('\n').map((t, i) => [t, i])),
    unk_token: '<pad>',
  },
});

function recipeOf(text: object, more: object = {}): Recipe {
  return parseRecipe(JSON.stringify({ version: 1, inputs: { input_ids: { source: 'text', ...text } }, ...more }));
}

function open(
  content: Record<string, string | Uint8Array>,
  text: object,
  { inputs = [ids], limit = 100, hints, ...more }: { inputs?: ModelInput[]; limit?: number; hints?: InputHints } = {},
): Promise<OpenedDataset> {
  const files = memoryFiles({ 'vocab.txt': letters, ...content });
  return openDataset(recipeOf(text, more), inputs, files, { limit, ...(hints === undefined ? {} : { hints }) });
}

async function windows(dataset: OpenedDataset): Promise<number[][]> {
  const { feeds } = await dataset.batch(0, dataset.size);
  const all = values(feeds['input_ids']);
  const length = all.length / dataset.size;
  return Array.from({ length: dataset.size }, (_, i) => all.slice(i * length, (i + 1) * length));
}
const nextOf = async (dataset: OpenedDataset, index: number): Promise<number[]> => [
  ...((await dataset.targets(index)).nextTokens ?? []),
];

describe('text packed into windows', () => {
  it('follows documents one after another with an end-of-text token before each, and foresees that token', async () => {
    const dataset = await open({ 'x.txt': 'abc\n<|endoftext|>\nde' }, { path: 'x.txt', length: 3 });
    // </s> a b c </s> d e: two windows of three, one token left out.
    expect(await windows(dataset)).toEqual([
      [2, ...coded('ab')],
      [...coded('c'), 2, ...coded('d')],
    ]);
    expect(await nextOf(dataset, 0)).toEqual(coded('abc'));
    expect(await nextOf(dataset, 1)).toEqual([2, ...coded('de')]);
    expect(dataset.description).toBe('2 windows of 3 tokens from x.txt, tokenized by vocab.txt (30 tokens)');
    expect(dataset.lines.get('input_ids')).toBe(
      'text: 2 windows of 3 tokens from x.txt, tokenized by vocab.txt (30 tokens); 1 token at the end left out',
    );
    expect([dataset.synthetic, dataset.maximumBatch]).toEqual([false, Infinity]);
    expect(await dataset.preview(0)).toEqual({
      kind: 'tokens',
      name: 'x.txt, window 1',
      tokens: ['</s>', 'a', 'b'],
      ids: [2, ...coded('ab')],
    });
  });

  it('reads line ends of Windows as it does others, also between two blocks of a file and in a separator', async () => {
    const text = `${'a'.repeat(256 * 1024 - 1)}\nb`;
    const vocabulary = JSON.stringify({ vocab: { a: 0, b: 1, '\n': 2, '\r': 3 } });
    const read = async (content: string, own: object = {}): Promise<number[][]> =>
      windows(
        await open({ 'x.txt': content, 'v.json': vocabulary }, { path: 'x.txt', length: 4, ...own }, {
          tokenizer: 'v.json',
          limit: 70_000,
        } as object),
      );
    expect(await read('a\r\nb\r\n\r\na')).toEqual(await read('a\nb\n\na'));
    expect(await read(text.replace('\n', '\r\n'))).toEqual(await read(text));
    expect(await read('ab\r\n\r\nba', { separator: '\r\n\r\n' })).toEqual([[0, 1, 1, 0]]);
  });

  it('says how much of a text has no token, and that the tokenizer is hardly the model’s where that is much', async () => {
    const line = async (text: string): Promise<string | undefined> =>
      (await open({ 'x.txt': text }, { path: 'x.txt' })).lines.get('input_ids');
    expect(await line(`${'a'.repeat(99)}Ä`)).toMatch(/; 1 character without a token left out$/);
    expect(await line('abcÄÖÜ')).toContain(
      '3 of 6 characters have no token and are left out: this is hardly the model’s tokenizer, choose another',
    );
  });

  it('never foresees a start token, nor the first word of a document that nothing announces', async () => {
    const started = await open(
      { 'x.txt': 'ab\ncd', 'tokenizer.json': withStart },
      { path: 'x.txt', length: 8, separator: '\n' },
      { tokenizer: 'tokenizer.json' } as object,
    );
    expect(await windows(started)).toEqual([[1, ...coded('ab'), 2, 1, ...coded('cd'), 2]]);
    expect(await nextOf(started, 0)).toEqual([...coded('ab'), 2, -1, ...coded('cd'), 2, -1]);
    const bare = await open(
      { 'x.txt': 'ab\ncd', 'v.txt': [...'abcd'].join('\n') },
      { path: 'x.txt', length: 4, separator: '\n' },
      { tokenizer: 'v.txt' } as object,
    );
    expect(await windows(bare)).toEqual([[0, 1, 2, 3]]);
    expect(await nextOf(bare, 0)).toEqual([1, -1, 3, -1]);
  });

  it('takes the length that the graph fixes, else the recipe’s, else 64; a shorter text is one shorter window', async () => {
    const text = 'abcdefghij'.repeat(20);
    const lengthOf = async (shape: (number | string)[], own: object = {}): Promise<number | undefined> => {
      const inputs = [input('input_ids', 'int64', shape)];
      const dataset = await open({ 'x.txt': text }, { path: 'x.txt', ...own }, { inputs });
      return (await dataset.batch(0, 1)).feeds['input_ids']?.dims[1];
    };
    expect(await lengthOf([1, 16])).toBe(16);
    expect(await lengthOf(['batch', 't'], { length: 5 })).toBe(5);
    expect(await lengthOf(['batch', 't'])).toBe(64);
    expect(await lengthOf(['batch', 't'], { length: 4096 })).toBe(201);
    await expect(lengthOf([1, 16], { length: 5 })).rejects.toThrow('windows of 5 tokens, but the model takes 16');
  });

  it('pads only a text shorter than the one length that the graph takes; the mask and the targets leave padding out', async () => {
    const inputs = [
      input('input_ids', 'int64', [1, 6]),
      input('attention_mask', 'int64', [1, 6]),
      input('position_ids', 'int64', [1, 6]),
      input('past_key_values.0.key', 'float32', [1, 2, 'past_length', 4]),
    ];
    const dataset = await open({ 'x.txt': 'ab' }, { path: 'x.txt' }, { inputs });
    const { feeds } = await dataset.batch(0, 1);
    expect(values(feeds['input_ids'])).toEqual([2, ...coded('ab'), 0, 0, 0]);
    expect(values(feeds['attention_mask'])).toEqual([1, 1, 1, 0, 0, 0]);
    expect(values(feeds['position_ids'])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(feeds['past_key_values.0.key']?.dims).toEqual([1, 2, 0, 4]);
    expect(await dataset.targets(0)).toEqual({ nextTokens: Int32Array.of(...coded('ab'), -1, -1, -1, -1), filled: 3 });
    expect([dataset.paddedLength, (await dataset.batch(0, 1)).filled]).toEqual([6, [3]]);
    expect(dataset.lines.get('input_ids')).toContain(
      '; the text is shorter than one context, 3 of 6 tokens: choose a longer one to see more; padded with “<pad>” (0), which no figure counts',
    );
    expect(dataset.lines.get('attention_mask')).toContain('0 on padding');
    const lines = describeInputs(recipeOf({ path: 'x.txt' }), inputs, 'file', { size: 1, lines: dataset.lines });
    expect(lines.map(({ text }) => text)).toEqual([
      dataset.lines.get('input_ids'),
      '1 on text, 0 on padding (attention mask, guessed from the input’s name)',
      '0, 1, 2, … in every example (positions, guessed from the input’s name)',
      'always 0 (empty key-value cache, guessed from the input’s name)',
    ]);
  });

  it('reads no more of a text than a run needs, however long it is', async () => {
    const sentence = new TextEncoder().encode('the cat sat on the mat and was there ');
    const size = 40e9;
    let read = 0;
    const files = {
      ...memoryFiles({ 'vocab.txt': letters }),
      facts: async (path: string) =>
        path === 'x.txt' || path === 'vocab.txt' ? { kind: 'file' as const, size, modifiedMs: 1 } : undefined,
      open: async (path: string) =>
        path === 'vocab.txt'
          ? memorySource(path, new TextEncoder().encode(letters))
          : {
              name: path,
              size,
              read: async (offset: number, length: number) => {
                read += length;
                return Uint8Array.from({ length }, (_, i) => sentence[(offset + i) % sentence.length] as number);
              },
            },
    };
    const dataset = await openDataset(recipeOf({ path: 'x.txt' }), [ids], files, { limit: 100 });
    expect([dataset.size, read <= 2 ** 18]).toEqual([100, true]);
    expect(dataset.lines.get('input_ids')).toMatch(/^text: 100 windows .*; the text goes on$/);
    const text = 'the cat sat on the mat and was there '.repeat(300);
    expect((await windows(dataset)).flat()).toEqual([2, ...coded(text)].slice(0, 6400));
  });

  it('gives the same ids in one part as in many', async () => {
    const text = 'the cat sat on the mat '.repeat(2000);
    const whole = await open({ 'x.txt': text }, { path: 'x.txt', length: 1000 });
    expect((await windows(whole)).flat()).toEqual([2, ...coded(text)].slice(0, whole.size * 1000));
    // Also by tokenizers that keep the space before a word, and that put one before a text themselves.
    for (const [kind, prefix] of [
      ['byteLevel', 0],
      ['scored', 1],
    ] as const) {
      const tokenizer = JSON.stringify(fixtures[kind].file);
      const inParts = await open(
        { 'x.txt': 'the cat in the hat '.repeat(1500), 'tokenizer.json': tokenizer },
        { path: 'x.txt', length: 1000 },
        { tokenizer: 'tokenizer.json' } as object,
      );
      const { encode } = await openTokenizer(memoryFiles({ 'tokenizer.json': tokenizer }), 'tokenizer.json');
      const atOnce = [prefix, ...encode('the cat in the hat '.repeat(1500))];
      expect(inParts.size).toBeGreaterThan(3);
      expect((await windows(inParts)).flat()).toEqual(atOnce.slice(0, inParts.size * 1000));
    }
  });

  it('refuses labels, which belong to documents', async () => {
    const labels = { path: 'labels.txt' };
    await expect(
      open({ 'x.txt': 'a', 'labels.txt': 'b' }, { path: 'x.txt' }, { labels } as object),
    ).rejects.toMatchObject({ problem: { kind: 'invalid-recipe', place: 'inputs.input_ids.windows' } });
  });
});

describe('text with one window per document', () => {
  const lines = ['{"text": "abc", "label": "good"}', '', '{"text": "defghi", "label": 1}', '"jk"'].join('\n');

  it('cuts off long ones and pads short ones', async () => {
    const inputs = [ids, input('attention_mask', 'float32', ['batch', 'sequence'])];
    const own = { path: 'x.jsonl', windows: 'documents', length: 4, label: 'label' };
    const dataset = await open({ 'x.jsonl': lines }, own, { inputs });
    expect(await windows(dataset)).toEqual([[...coded('abc'), 0], coded('defg'), [...coded('jk'), 0, 0]]);
    expect(values((await dataset.batch(0, 3)).feeds['attention_mask'])).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0]);
    expect(await nextOf(dataset, 0)).toEqual([...coded('bc'), -1, -1]);
    expect([0, 1, 2].map((i) => dataset.label(i))).toEqual(['good', '1', undefined]);
    expect(await dataset.targets(1)).toMatchObject({ classIndex: 1, filled: 4 });
    expect(await dataset.targets(0)).not.toHaveProperty('classIndex');
    expect(dataset.description).toBe('3 documents of up to 4 tokens from x.jsonl, tokenized by vocab.txt (30 tokens)');
    expect(dataset.lines.get('input_ids')).toContain('; 1 document cut off; padded with “<pad>” (0)');
    expect(await dataset.preview(0)).toMatchObject({ kind: 'tokens', label: 'good', tokens: ['a', 'b', 'c', '<pad>'] });
  });

  it('is as long as the longest where the graph leaves the length open, and keeps the end token of a cut one', async () => {
    const content = { 'x.jsonl': lines, 'tokenizer.json': withStart };
    const more = { tokenizer: 'tokenizer.json' } as object;
    const whole = await open(content, { path: 'x.jsonl', windows: 'documents' }, more);
    expect((await windows(whole))[1]).toEqual([1, ...coded('defghi'), 2]);
    const cut = await open(content, { path: 'x.jsonl', windows: 'documents', length: 4 }, more);
    expect((await windows(cut))[1]).toEqual([1, ...coded('de'), 2]);
  });

  it('takes labels from a file by the documents’ order, with the classes’ names', async () => {
    const content = { 'x.txt': 'a\nb\nc', 'y.txt': 'bad\ngood\nbad', 'classes.txt': 'good\nbad' };
    const dataset = await open(content, { path: 'x.txt', windows: 'documents', separator: '\n' }, {
      labels: { path: 'y.txt', classes: 'classes.txt' },
    } as object);
    expect((await Promise.all([0, 1, 2].map((i) => dataset.targets(i)))).map(({ classIndex }) => classIndex)).toEqual([
      1, 0, 1,
    ]);
  });
});

describe('text that cannot be used', () => {
  it.each([
    ['an empty file', { 'x.txt': '' }, 'x.txt', 'x.txt is empty', 'x.txt'],
    ['nothing but line breaks', { 'x.txt': '\n\n \n' }, 'x.txt', 'x.txt holds no text', 'x.txt'],
    ['no such file', {}, 'x.txt', 'There is no file x.txt', 'x.txt'],
    [
      'a file that is not UTF-8',
      { 'x.txt': Uint8Array.of(97, 98, 0xff, 97) },
      'x.txt',
      'byte 2 fits no',
      'x.txt, byte 2',
    ],
    ['UTF-16', { 'x.txt': Uint8Array.of(0xff, 0xfe, 97, 0) }, 'x.txt', '(it starts like UTF-16)', 'x.txt, byte 0'],
    ['a line that is no JSON', { 'x.jsonl': '{"text":"a"}\n\n{oops' }, 'x.jsonl', 'not JSON', 'x.jsonl, line 3'],
    [
      'a line without text',
      { 'x.jsonl': '{"text":"a"}\n{"body":"b"}' },
      'x.jsonl',
      'no text in “text”',
      'x.jsonl, line 2',
    ],
    ['a line of unknown names', { 'x.jsonl': '{"body":"b"}' }, 'x.jsonl', 'none of the properties', 'x.jsonl, line 1'],
    ['a line that is a number', { 'x.jsonl': '3' }, 'x.jsonl', 'none of the properties', 'x.jsonl, line 1'],
    ['letters without tokens', { 'x.txt': 'ÄÖ!' }, 'x.txt', 'a token for none of the 3 characters', 'v.txt'],
  ] as [string, Record<string, string | Uint8Array>, string, string, string][])(
    '%s is refused with its place and what to do',
    async (_name, content, path, message, place) => {
      const opening = open({ 'v.txt': [...'ab'].join('\n'), ...content }, { path }, { tokenizer: 'v.txt' } as object);
      await expect(opening).rejects.toMatchObject({
        problem: {
          kind: 'invalid-inputs',
          message: expect.stringContaining(message),
          place,
          remedy: expect.any(String),
        },
      });
    },
  );

  it('names the ids of a tokenizer that does not fit the model’s table', async () => {
    const hints = new Map([['input_ids', { vocabulary: 20 }]]);
    await expect(open({ 'x.txt': 'abc' }, { path: 'x.txt' }, { hints })).rejects.toMatchObject({
      problem: {
        message: expect.stringMatching(
          /its ids go up to 29 \(“ ”\), but the model knows 20 tokens only, 0 to 19 \(rows of the table that “input_ids” looks up\)/,
        ),
        place: 'vocab.txt',
      },
    });
    // Tokens that were added later may lie beyond: only where the text has them.
    const file = { model: { vocab: ['a', 'b'].map((t) => [t, -1]), type: 'Unigram', unk_id: 0 } };
    const tokenizer = JSON.stringify({ ...file, added_tokens: [{ id: 25, content: '<new>' }] });
    const opened = (text: string): Promise<OpenedDataset> =>
      open({ 'x.txt': text, 't.json': tokenizer }, { path: 'x.txt' }, { hints, tokenizer: 't.json' } as object);
    expect((await opened('ab')).size).toBe(1);
    await expect(opened('ab<new>')).rejects.toThrow(
      'the text has 25 (“<new>”), but the model knows 20 tokens only, 0 to 19',
    );
  });

  it('needs a tokenizer', async () => {
    const files = memoryFiles({ 'x.txt': 'abc' });
    await expect(openDataset(recipeOf({ path: 'x.txt' }), [ids], files, { limit: 1 })).rejects.toMatchObject({
      problem: { message: 'There is no tokenizer for x.txt.', remedy: expect.stringContaining('tokenizer.json') },
    });
  });

  it('finds a tokenizer that is named after the model', async () => {
    const files = memoryFiles({ 'x.txt': 'abc', 'net.tokenizer.json': withStart });
    const opened = openDataset(recipeOf({ path: 'x.txt' }), [ids], files, { limit: 1, modelName: 'net' });
    expect((await opened).size).toBe(1);
    await expect(
      openDataset(recipeOf({ path: 'x.txt' }), [ids], files, { limit: 1, modelName: 'other' }),
    ).rejects.toThrow('There is no tokenizer');
  });

  it('an input that takes no row of ids', async () => {
    const inputs = [input('input_ids', 'int64', [1, 4, 5])];
    await expect(open({ 'x.txt': 'abc' }, { path: 'x.txt' }, { inputs })).rejects.toThrow('takes no row of token ids');
  });
});

describe('reading text', () => {
  const source = (bytes: Uint8Array) => memorySource('x', bytes);
  const all = async <T>(parts: AsyncIterable<T>): Promise<T[]> => {
    const out: T[] = [];
    for await (const part of parts) out.push(part);
    return out;
  };

  it('never cuts a character between blocks, and drops a byte order mark at the start only', async () => {
    const text = `\uFEFF${'é日😀a'.repeat(60_000)}\uFEFF`;
    expect((await all(utf8Blocks(source(new TextEncoder().encode(text)), 'x'))).join('')).toBe(text.slice(1));
    for (const broken of [[0xe6, 0x97], [0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const bytes = new Uint8Array(300_000 + broken.length).fill(97);
      bytes.set(broken, 300_000);
      await expect(all(utf8Blocks(source(bytes), 'x'))).rejects.toMatchObject({ problem: { place: 'x, byte 300000' } });
    }
  });

  it('finds the first byte that is not UTF-8 exactly where a strict decoder stops', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
    for (let round = 0; round < 3000; round++) {
      const bytes = Uint8Array.from(
        { length: random(6) + 1 },
        () => [97, 0xc3, 0xa9, 0xe0, 0xed, 0xa0, 0xf0, 0x90, 0xf4][random(9)] as number,
      );
      const valid = (end: number): boolean => {
        try {
          return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end)) !== undefined;
        } catch {
          return false;
        }
      };
      const invalid = firstInvalid(bytes);
      expect([...bytes, invalid === undefined]).toEqual([...bytes, valid(bytes.length)]);
      if (invalid !== undefined) expect(valid(invalid)).toBe(true);
    }
  });

  it('finds separators wherever they lie, and puts the parts of a document together again', async () => {
    const documents = ['a b '.repeat(5000), 'c', 'x'.repeat(20_000), ' d e', 'f g '.repeat(3000)];
    for (const [between, separator] of [
      ['<|endoftext|>', undefined],
      ['\r\n<|endoftext|>\n', undefined],
      ['\n', '\n'],
    ] as const) {
      const bytes = new TextEncoder().encode(documents.join(between) + between);
      const own = {
        source: 'text',
        path: 'x.txt',
        windows: 'packed',
        ...(separator === undefined ? {} : { separator }),
      } as const;
      const parts: DocumentPart[] = await all(documentParts(source(bytes), own));
      const joined: string[] = [];
      for (const { text, first } of parts)
        joined[joined.length - (first ? 0 : 1)] = (first ? '' : joined.at(-1)) + text;
      expect(joined).toEqual(documents);
      expect(Math.max(...parts.map(({ text }) => text.length))).toBeLessThanOrEqual(2 * 4096);
      expect(parts.filter(({ last }) => last)).toHaveLength(documents.length);
    }
  });
});

describe('text beside a model, and text that a person chose', () => {
  const guess = (content: Record<string, string>, inputs = [ids]): Promise<Recipe> =>
    guessRecipe(inputs, memoryFiles(content), { modelName: 'net' });

  it('is guessed with a tokenizer beside it, by the model’s name first, never from what is no corpus', async () => {
    const beside = { 'vocab.txt': letters, 'data.txt': 'abc', 'net.jsonl': '{"text": "abc"}', 'labels.txt': 'x' };
    expect(await guess(beside)).toMatchObject({
      inputs: { input_ids: { source: 'text', path: 'net.jsonl', windows: 'packed' } },
      tokenizer: 'vocab.txt',
    });
    expect((await guess({ 'vocab.txt': letters, 'LICENSE.txt': 'abc', 'labels.txt': 'abc' })).inputs).toMatchObject({
      input_ids: { source: 'synthetic' },
    });
    expect((await guess({ 'data.txt': 'abc' })).inputs).toMatchObject({ input_ids: { source: 'synthetic' } });
    expect((await guess(beside, [input('x', 'float32', ['n', 4])])).inputs).toMatchObject({
      x: { source: 'synthetic' },
    });
    // A text that cannot be read is no reason to fail.
    expect((await guess({ 'vocab.txt': letters, 'data.txt': '' })).inputs).toMatchObject({
      input_ids: { source: 'synthetic' },
    });
  });

  it('is one document per line where the lines carry labels', async () => {
    const beside = { 'net.vocab.txt': letters, 'data.jsonl': '{"label": "x", "content": "abc"}\n' };
    expect(await guess(beside)).toMatchObject({
      inputs: { input_ids: { source: 'text', windows: 'documents', label: 'label' } },
      tokenizer: 'net.vocab.txt',
    });
  });

  it('becomes a recipe with the tokenizer beside the model, beside the text, or chosen', async () => {
    const content = { 'far/x.txt': 'abc', 'far/tokenizer.json': withStart, 'own.json': withStart };
    const chosen = (context: object = {}, more: Record<string, string> = {}): Promise<Recipe> =>
      recipeForChosen('far/x.txt', [ids], memoryFiles({ ...content, ...more }), { modelName: 'net', ...context });
    expect((await chosen()).tokenizer).toBe('far/tokenizer.json');
    expect((await chosen({}, { 'net.tokenizer.json': withStart })).tokenizer).toBe('net.tokenizer.json');
    expect(await chosen({ tokenizer: 'own.json' })).toMatchObject({
      inputs: { input_ids: { source: 'text', path: 'far/x.txt' } },
      tokenizer: 'own.json',
    });
    await expect(recipeForChosen('x.txt', [ids], memoryFiles({ 'x.txt': 'abc' }))).rejects.toThrow('no tokenizer');
    const picture = input('image', 'float32', ['n', 3, 32, 32]);
    await expect(recipeForChosen('x.txt', [picture], memoryFiles({ 'x.txt': 'abc' }))).rejects.toThrow(
      'is text, which the model does not take',
    );
  });
});

describe('next tokens of token arrays', () => {
  it('are the row itself, one further', async () => {
    const data = BigInt64Array.from([5, 6, 7, 8, 9, 10], BigInt);
    const files = memoryFiles({ 'x.npy': encodeNpy({ type: 'int64', dims: [2, 3], data }) });
    const recipe = { version: 1, inputs: { input_ids: { source: 'tokens', path: 'x.npy' } } } as const;
    const dataset = await openDataset(recipe, [ids], files, { limit: 9 });
    expect(await dataset.targets(1)).toEqual({ nextTokens: Int32Array.of(9, 10, -1), filled: 3 });
  });

  it('there are none of random ones', async () => {
    const dataset = await openDataset({ version: 1, inputs: {} }, [ids], memoryFiles({}), { limit: 1 });
    expect(await dataset.targets(0)).toEqual({});
  });
});
