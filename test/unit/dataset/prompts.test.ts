import { describe, expect, it } from 'vitest';
import { openPrompts } from '../../../src/core/dataset/prompts.js';
import type { ModelInput } from '../../../src/core/dataset/model-input.js';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import { memoryFiles } from './memory-files.js';

const ids = (shape: readonly (number | string)[]): ModelInput => ({ name: 'input_ids', type: 'int64', shape });
const files = memoryFiles({ 'vocab.txt': ['<pad>', 'a', 'b', 'c'].join('\n') });
const recipe: Recipe = {
  version: 1,
  tokenizer: 'vocab.txt',
  inputs: { input_ids: { source: 'text', path: 'gone.txt', windows: 'packed' } },
};
const hints = (vocabulary: number) => new Map([['input_ids', { vocabulary }]]);
const open = (inputs: readonly ModelInput[], vocabulary = 4, own: Recipe = recipe) =>
  openPrompts(own, inputs, files, { hints: hints(vocabulary), modelName: 'net' });

describe('a text that a person types', () => {
  it('becomes one example of its own length', async () => {
    const prompts = await open([ids(['batch', 'sequence'])]);
    expect(prompts.context).toBeUndefined();
    expect(prompts.encode('cab')).toEqual([3, 1, 2]);
    const dataset = await prompts.dataset([3, 1, 2]);
    expect(dataset.size).toBe(1);
    const { feeds, filled } = await dataset.batch(0, 1);
    expect(feeds['input_ids']).toEqual({ type: 'int64', dims: [1, 3], data: BigInt64Array.of(3n, 1n, 2n) });
    expect(filled).toBeUndefined();
    expect(dataset.synthetic).toBe(false);
  });

  it('is padded to a fixed context, with a mask that says so', async () => {
    const mask: ModelInput = { name: 'attention_mask', type: 'int64', shape: [1, 5] };
    const prompts = await open([ids([1, 5]), mask]);
    expect(prompts.context).toBe(5);
    const { feeds, filled } = await (await prompts.dataset([3, 1])).batch(0, 1);
    expect([...(feeds['input_ids']?.data as BigInt64Array)].map(Number)).toEqual([3, 1, 0, 0, 0]);
    expect([...(feeds['attention_mask']?.data as BigInt64Array)].map(Number)).toEqual([1, 1, 0, 0, 0]);
    expect(filled).toEqual([2]);
    await expect(prompts.dataset([1, 1, 1, 1, 1, 1])).rejects.toThrow('from 1 to 5 tokens, not 6');
  });

  it('is refused with the characters, or the ids, that do not fit', async () => {
    const prompts = await open([ids(['batch', 'sequence'])]);
    expect(() => prompts.encode('a€b€x')).toThrow('no token for “€”, “x”');
    expect(() => prompts.encode('')).toThrow('The text is empty');
    expect(() => prompts.encode('a'.repeat(20_001))).toThrow('20,001 characters; at most 20,000');
    const small = await open([ids(['batch', 'sequence'])], 3);
    expect(() => small.encode('abc')).toThrow('its ids go up to 3 (“c”), but the model knows 3 tokens only, 0 to 2');
  });

  it('needs an input of token ids, and a tokenizer', async () => {
    const none = await open([{ name: 'image', type: 'float32', shape: ['n', 3, 8, 8] }], 4, { version: 1, inputs: {} });
    expect(none.input).toBeUndefined();
    expect(() => none.encode('a')).toThrow('takes no token ids');
    const without = await openPrompts({ version: 1, inputs: {} }, [ids(['n', 's'])], memoryFiles({}), {
      hints: hints(4),
      modelName: 'net',
    });
    expect(() => without.encode('a')).toThrow('No tokenizer lies with the model');
    expect(without.textOf(3)).toBe('3');
  });

  it('says that what fills other inputs is random', async () => {
    const other: ModelInput = { name: 'noise', type: 'float32', shape: ['batch', 4] };
    const prompts = await open([ids(['batch', 'sequence']), other]);
    expect((await prompts.dataset([1])).synthetic).toBe(true);
  });
});
