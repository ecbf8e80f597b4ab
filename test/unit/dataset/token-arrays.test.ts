import { describe, expect, it } from 'vitest';
import { recipeForChosen } from '../../../src/core/dataset/chosen.js';
import type { ModelInput } from '../../../src/core/dataset/model-input.js';
import { openDataset, type OpenedDataset } from '../../../src/core/dataset/open-dataset.js';
import type { ArrayRecipe } from '../../../src/core/dataset/recipe.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { memoryFiles } from './memory-files.js';

const input = (shape: (number | string)[]): ModelInput => ({ name: 'ids', type: 'int64', shape });
const open = input(['batch', 'sequence']);
const files = (dims: number[], values: readonly number[]) =>
  memoryFiles({ 'x.npy': encodeNpy({ type: 'int32', dims, data: Int32Array.from(values) }) });
const counted = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

function dataset(
  values: readonly number[],
  { dims = [values.length], model = open, ...own }: { dims?: number[]; model?: ModelInput } & Partial<ArrayRecipe> = {},
): Promise<OpenedDataset> {
  const recipe = { version: 1, inputs: { ids: { source: 'tokens', path: 'x.npy', ...own } } } as const;
  return openDataset(recipe, [model], files(dims, values), { limit: 100 });
}
const rowsOf = async (data: OpenedDataset): Promise<number[]> => {
  const { feeds } = await data.batch(0, data.size);
  return Array.from(feeds['ids']?.data as ArrayLike<bigint>, Number);
};

describe('one long row of token ids', () => {
  it('is cut into windows, whose last next token is the first of the window behind; the rest is left out and told', async () => {
    const data = await dataset(counted(10), { length: 4 });
    expect([data.size, await rowsOf(data)]).toEqual([2, counted(8)]);
    expect((await data.targets(0)).nextTokens).toEqual(Int32Array.of(1, 2, 3, 4));
    expect((await data.targets(1)).nextTokens).toEqual(Int32Array.of(5, 6, 7, 8));
    expect((await data.preview(1)).name).toBe('x.npy, window 2');
    expect(data.lines.get('ids')).toBe('token ids: 2 windows of 4 tokens from x.npy; 2 tokens at the end left out');
  });
  it('has no next token behind its end', async () => {
    expect((await (await dataset(counted(4), { length: 4 })).targets(0)).nextTokens).toEqual(
      Int32Array.of(1, 2, 3, -1),
    );
  });
  it('takes 64 tokens where nobody says otherwise, and what the graph fixes', async () => {
    expect((await dataset(counted(200))).size).toBe(3);
    expect((await dataset(counted(200), { model: input(['batch', 40]) })).size).toBe(5);
  });
  it('that is shorter than one context is one short window, and says so', async () => {
    const data = await dataset(counted(5));
    expect([data.size, await rowsOf(data)]).toEqual([1, counted(5)]);
    expect(data.lines.get('ids')).toContain('shorter than one context, 5 of 64 tokens');
    await expect(dataset(counted(5), { model: input(['batch', 40]) })).rejects.toThrow(
      'x.npy holds 5 token ids, but “ids” takes 40',
    );
  });
  it('can be chosen for an open and for a fixed context', async () => {
    for (const model of [open, input(['batch', 40])]) {
      const recipe = await recipeForChosen('x.npy', [model], files([200], counted(200)));
      expect(recipe.inputs['ids']).toEqual({ source: 'tokens', path: 'x.npy' });
    }
  });
  it('stays single ids for a model that takes them one by one', async () => {
    expect((await dataset(counted(7), { model: input(['batch']) })).size).toBe(7);
    expect((await dataset(counted(7), { model: input(['batch', 1]) })).size).toBe(7);
  });
});

describe('token arrays that are of no use', () => {
  it('are refused where they hold nothing', async () => {
    await expect(dataset([], { dims: [0, 8] })).rejects.toThrow('x.npy holds no examples: its shape is [0, 8]');
  });
  it('are refused where ids are below 0, which an engine would count from the end of the table', async () => {
    await expect(dataset([5, 6, -100, 8], { dims: [2, 2] })).resolves.toBeDefined();
    const data = await dataset([5, 6, -100, 8], { dims: [2, 2] });
    await expect(data.batch(0, 2)).rejects.toThrow('x.npy [1] has -100 among its token ids, which count from 0');
    await expect(dataset([-1, 6, 7, 8], { dims: [2, 2] })).rejects.toThrow('x.npy [0] has -1');
  });
});
