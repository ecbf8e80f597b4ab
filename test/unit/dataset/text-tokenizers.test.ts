import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTokenizer, type FileTokenizer } from '../../../src/core/dataset/text/tokenizer.js';
import { whyUnsafe } from '../../../src/core/dataset/text/safe-pattern.js';
import { asProblem } from '../../../src/core/errors.js';
import { dataFiles } from '../../../src/node/data-files.js';
import { neededData } from '../shared-data.js';
import { memoryFiles } from './memory-files.js';

interface Fixture {
  readonly file: Record<string, unknown> | string[];
  readonly cases: readonly { readonly text: string; readonly ids: readonly number[] }[];
}
/** Written by make_tokenizations.py beside it, which computes the ids on its own. */
const fixtures = JSON.parse(
  readFileSync(new URL('../../fixtures/text/tokenizations.json', import.meta.url), 'utf8'),
) as Record<'byteLevel' | 'scored' | 'longestMatch' | 'wordPiece', Fixture>;

function opened(content: unknown, name = 'tokenizer.json'): Promise<FileTokenizer> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return openTokenizer(memoryFiles({ [name]: text }), name);
}
const lines = (tokens: readonly string[]): string => tokens.join('\n') + '\n';

async function problemOf(content: unknown, text = 'the cat', name?: string): Promise<ReturnType<typeof asProblem>> {
  let ids: unknown;
  try {
    ids = (await opened(content, name)).encode(text);
  } catch (error) {
    return asProblem(error);
  }
  throw new Error(`the tokenizer was accepted and gives ${JSON.stringify(ids)}: ${JSON.stringify(content)}`);
}

describe('tokenizers', () => {
  it.each([
    ['byte-level byte-pair encoding with a special token', fixtures.byteLevel, 'tokenizer.json'],
    ['a vocabulary with merge scores', fixtures.scored, 'tokenizer.json'],
    ['a plain vocabulary as JSON', fixtures.longestMatch, 'vocab.json'],
  ] as const)('%s: the ids of an independent computation', async (_name, { file, cases }, name) => {
    const tokenizer = await opened(file, name);
    for (const { text, ids } of cases) expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
  });

  it('a BERT vocabulary of one token per line: WordPiece in lower case, between [CLS] and [SEP]', async () => {
    const tokenizer = await opened(lines(fixtures.wordPiece.file as string[]), 'vocab.txt');
    for (const { text, ids } of fixtures.wordPiece.cases) expect([text, tokenizer.encode(text)]).toEqual([text, ids]);
    expect([tokenizer.prefix, tokenizer.suffix, tokenizer.padding]).toEqual([[2], [3], 0]);
    expect([5, 7].map((id) => tokenizer.text.textOf(id))).toEqual(['the', '##s']);
  });

  it('a vocabulary of one token per line: the longest that fits, lines keep their numbers', async () => {
    const tokenizer = await opened('a\r\nab\r\n\r\n \r\nabc\r\n', 'vocab.txt');
    expect(tokenizer.encode('abcab a')).toEqual([4, 1, 3, 0]);
    // "x" has no token and there is no unknown token: it is left out, and counted.
    expect([tokenizer.encode('axa'), tokenizer.leftOut()]).toEqual([[0, 0], 1]);
    expect([tokenizer.text.size, tokenizer.highestId, tokenizer.text.textOf(4)]).toEqual([5, 4, 'abc']);
  });

  it('a vocabulary that marks spaces, and has bytes for what else there is', async () => {
    const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
    const tokenizer = await opened({ vocab: ['▁the', 'cat', '▁', ...bytes] });
    expect(tokenizer.encode('cat the é')).toEqual([1, 0, 2, 3 + 0xc3, 3 + 0xa9]);
  });

  it('of whole words (WordLevel), with a token for unknown ones', async () => {
    const tokenizer = await opened({
      added_tokens: [],
      pre_tokenizer: { type: 'Whitespace' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: '<s>' } }, { Sequence: { id: 'A' } }, { SpecialToken: { id: '</s>' } }],
        special_tokens: { '<s>': { ids: [3] }, '</s>': { ids: [4] } },
      },
      padding: { pad_id: 5 },
      model: {
        type: 'WordLevel',
        vocab: { the: 0, cat: 1, '[UNK]': 2, '<s>': 3, '</s>': 4, p: 5 },
        unk_token: '[UNK]',
      },
    });
    expect(tokenizer.encode('the cat sat')).toEqual([0, 1, 2]);
    expect([tokenizer.prefix, tokenizer.suffix, tokenizer.padding]).toEqual([[3], [4], 5]);
  });

  it('of SentencePiece pieces (Unigram): the likeliest pieces, worked by hand', async () => {
    const tokenizer = await opened({
      added_tokens: [],
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
      // "▁abc" as ▁a + bc (−1 − 1) beats ▁ab + c (−1.5 − 3) and ▁abc, which is no piece.
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: [
          ['<unk>', 0],
          ['▁a', -1],
          ['bc', -1],
          ['▁ab', -1.5],
          ['c', -3],
          ['▁', -9],
        ],
      },
    });
    expect(tokenizer.encode('abc a')).toEqual([1, 2, 1]);
  });

  it('refuse what is no tokenizer, and say what to do', async () => {
    const model = { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] };
    const file = { added_tokens: [], model };
    const cases: [string, unknown, RegExp][] = [
      ['no JSON', '{', /is not JSON/],
      ['a list', '[]', /holds no vocabulary/],
      ['an empty vocabulary', { model: { ...model, vocab: {} } }, /empty vocabulary/],
      ['no merges', { model: { type: 'BPE', vocab: { a: 0 } } }, /cannot be used/],
      ['an id that is text', { model: { ...model, vocab: { a: 'x' } } }, /gives “a” no usable id/],
      ['an id without bounds', { model: { ...model, vocab: { a: 4e9 } } }, /no usable id/],
      ['a Unigram without scores', { model: { type: 'Unigram', vocab: [['a']] } }, /no text and score in entry 0/],
      ['an unknown step', { ...file, normalizer: { type: 'Magic' } }, /cannot be used \(Unknown Normalizer/],
      ['a step that is text', { ...file, normalizer: 'NFC' }, /step that is no object/],
      ['added tokens without text', { ...file, added_tokens: [{ id: 1, content: '' }] }, /entry 0 of “added_tokens”/],
      ['pieces of no length', { ...file, pre_tokenizer: { type: 'FixedLength', length: 0 } }, /without a length/],
      ['a word of any length', { model: { ...model, max_input_chars_per_word: 1e9 } }, /max_input_chars_per_word/],
      [
        'no token for what is unknown',
        { added_tokens: [], pre_tokenizer: { type: 'Whitespace' }, model: { type: 'WordPiece', vocab: { a: 0 } } },
        /no id for “undefined” and none for unknown tokens|cannot be used/,
      ],
      ['scores that are missing', { vocab: ['a'], scores: ['x'] }, /no score for every token/],
    ];
    for (const [name, content, message] of cases) {
      const found = await problemOf(content);
      expect([name, found.message]).toEqual([name, expect.stringMatching(message)]);
      expect([name, found.kind === 'internal', found.place, found.remedy === undefined]).toEqual([
        name,
        false,
        'tokenizer.json',
        false,
      ]);
    }
    expect((await problemOf('\n\n', 'a', 'vocab.txt')).message).toMatch(/holds no vocabulary/);
  });

  it('refuse what would take memory or time without bound', async () => {
    const model = { type: 'BPE', vocab: { a: 0 }, merges: [] };
    const replace = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(100) };
    const long = 'a'.repeat(5e6);
    const nest = (depth: number): unknown =>
      depth === 0 ? { type: 'NFC' } : { type: 'Sequence', normalizers: [nest(depth - 1)] };
    const split = { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' };
    for (const [normalizer, pre_tokenizer, message] of [
      [{ type: 'Sequence', normalizers: [replace, replace] }, null, /4096 times as long/],
      [nest(40), null, /nests sequences/],
      [{ ...replace, content: 'a'.repeat(1e6) }, null, /“content” of 1000000 characters/],
      [null, split, /repeats a group that matches in several ways: \(a\+\)\+\$/],
    ] as const) {
      expect((await problemOf({ added_tokens: [], normalizer, pre_tokenizer, model })).message).toMatch(message);
    }
    const added = { added_tokens: [{ id: 1, content: long }], model };
    expect((await problemOf(added)).message).toContain('without bounds in “added_tokens”');
    const pieces = { model: { type: 'Unigram', unk_id: 0, vocab: [[long, 0]] } };
    expect((await problemOf(pieces)).message).toContain('without bounds in its vocabulary');
    const deep = `{"model": {"vocab": {"a": 0}}, "normalizer": ${'{"type":"Sequence","normalizers":['.repeat(20_000)}`;
    expect((await problemOf(deep)).kind).toBe('invalid-recipe');
    const huge = { ...memoryFiles({ 'tokenizer.json': '{}' }) };
    const files = {
      ...huge,
      open: async () => ({ name: 't', size: 65e6, read: () => Promise.reject(new Error('read')) }),
    };
    await expect(openTokenizer(files, 'tokenizer.json')).rejects.toThrow('larger than 64 MB');
  });

  it('names that every object has are tokens like any other', async () => {
    const text = `{"added_tokens": [], "model": {"type": "BPE", "merges": [], "vocab": {"__proto__": 0, "constructor": 1, "a": 2}}}`;
    const tokenizer = await opened(text);
    expect(tokenizer.encode('a')).toEqual([2]);
    expect((await opened({ vocab: ['o'] })).encode('constructor')).toEqual([0, 0]);
  });

  it('of GPT-2 and BERT, and the slow way of llama2.c, give the same ids on real text', async ({ skip }) => {
    const folder = neededData('.', skip);
    const files = dataFiles({ folder, root: folder });
    const gpt2 = await openTokenizer(files, 'datasets/tokenizers/gpt2_tokenizer.json');
    // As in the papers' and libraries' own examples.
    expect(gpt2.encode('Hello world')).toEqual([15496, 995]);
    expect(gpt2.endOfText).toBe(50256);
    const bert = await openTokenizer(files, 'datasets/tokenizers/bert_uncased_vocab.txt');
    expect([...bert.prefix, ...bert.encode('Hello world'), ...bert.suffix]).toEqual([101, 7592, 2088, 102]);

    const path = 'derived/stories260K.tokenizer.json';
    const stories = await openTokenizer(files, path);
    const { vocab_bytes: bytes, scores } = JSON.parse(readFileSync(join(folder, path), 'utf8')) as {
      vocab_bytes: number[][];
      scores: number[];
    };
    const ids = new Map(bytes.map((each, id) => [Buffer.from(each).toString(), id]));
    const slowly = (text: string): (number | undefined)[] => {
      const pieces = [...` ${text}`].flatMap((c) =>
        ids.has(c) ? [c] : [...Buffer.from(c)].map((b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`),
      );
      for (;;) {
        let best = -1;
        let bestScore = -Infinity;
        for (let i = 0; i + 1 < pieces.length; i++) {
          const score = scores[ids.get(`${pieces[i]}${pieces[i + 1]}`) ?? -1] ?? -Infinity;
          if (score > bestScore) [best, bestScore] = [i, score];
        }
        if (best < 0) return pieces.map((piece) => ids.get(piece));
        pieces.splice(best, 2, `${pieces[best]}${pieces[best + 1]}`);
      }
    };
    const shakespeare = readFileSync(join(folder, 'datasets/text/tinyshakespeare.txt'), 'utf8').slice(0, 40_000);
    for (const line of shakespeare.split('\n\n').filter((each) => each !== '')) {
      expect(stories.encode(line)).toEqual(slowly(line));
    }
  });
});

describe('patterns of tokenizers', () => {
  it.each([
    // GPT-2, GPT-4, GPT-4o, DeepSeek, Bloom, grouped digits.
    String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}`,
    String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${'`'}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`,
    String.raw` ?[^(\s|[.,!?…。，、।۔،])]+`,
    String.raw`\d{1,3}(?=(?:\d{3})*\b)`,
    String.raw` {2,}`,
  ])('in use are run: %s', (pattern) => {
    expect(whyUnsafe(pattern)).toBeUndefined();
  });

  it.each([
    ['(a+)+', 'several ways'],
    ['(?:a|a)*b', 'several ways'],
    ['((a?){30})', 'several ways'],
    ['(?<name>x*){2,}y', 'several ways'],
    ['((a+))+', 'several ways'],
    [String.raw`(a)\1`, 'refers back'],
    [String.raw`\s*a*\s*b*c`, 'without end more than 3 times'],
    [String.raw`(?:a|b*)(c*d+)e*f`, 'without end more than 3 times'],
    ['(?:a*b*)(?:c*d*)', 'without end more than 3 times'],
    ['(a+){000000000000000000000000000030}', 'several ways'],
    ['(a', 'never closes'],
    ['a)', 'never opened'],
    ['[a', 'never closes'],
  ])('that could run for ever, or are broken, are not: %s', (pattern, why) => {
    expect(whyUnsafe(pattern)).toContain(why);
  });

  it('of any length are not', () => {
    expect(whyUnsafe('a'.repeat(5000))).toContain('longer than 4096');
  });
});
