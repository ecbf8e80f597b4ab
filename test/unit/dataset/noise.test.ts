import { describe, expect, it } from 'vitest';
import { openDataset, type OpenedDataset } from '../../../src/core/dataset/open-dataset.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { memoryFiles } from './memory-files.js';

const EXAMPLES = 4;
const WIDTH = 20_000;
const files = memoryFiles({
  'x.npy': encodeNpy({ type: 'float32', dims: [EXAMPLES, WIDTH], data: new Float32Array(EXAMPLES * WIDTH).fill(7) }),
  'ids.npy': encodeNpy({ type: 'int64', dims: [EXAMPLES, 3], data: new BigInt64Array(EXAMPLES * 3).fill(2n) }),
  'mask.npy': encodeNpy({ type: 'float32', dims: [EXAMPLES, 3], data: new Float32Array(EXAMPLES * 3).fill(1) }),
});

const open = (inputs: Record<string, string>, seed: number): Promise<OpenedDataset> =>
  openDataset(
    parseRecipe(
      JSON.stringify({
        version: 1,
        inputs: Object.fromEntries(Object.keys(inputs).map((name) => [name, { source: 'array', path: inputs[name] }])),
      }),
    ),
    Object.entries(inputs).map(([name, path]) => ({
      name,
      type: path === 'ids.npy' ? 'int64' : 'float32',
      shape: ['batch', path === 'x.npy' ? WIDTH : 3],
    })),
    files,
    { limit: 10, control: { kind: 'noise', seed } },
  );

describe('noise in the place of inputs (methods F)', () => {
  it('has mean 0 and variance 1, and is independent from example to example', async () => {
    const data = (await (await open({ x: 'x.npy' }, 1)).batch(0, EXAMPLES)).feeds['x']?.data as Float32Array;
    expect(data).toHaveLength(EXAMPLES * WIDTH);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + value * value, 0) / data.length - mean * mean;
    // Standard errors are 0.0035 and 0.005.
    expect(mean).toBeCloseTo(0, 1);
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    const [first, second] = [data.subarray(0, WIDTH), data.subarray(WIDTH, 2 * WIDTH)];
    const product = first.reduce((sum, value, at) => sum + value * (second[at] as number), 0) / WIDTH;
    expect(Math.abs(product)).toBeLessThan(0.03);
  });

  it('depends on the seed, and not on the batch', async () => {
    const whole = (await (await open({ x: 'x.npy' }, 1)).batch(0, EXAMPLES)).feeds['x']?.data as Float32Array;
    const third = (await (await open({ x: 'x.npy' }, 1)).batch(2, 3)).feeds['x']?.data as Float32Array;
    expect(third).toEqual(whole.slice(2 * WIDTH, 3 * WIDTH));
    const other = (await (await open({ x: 'x.npy' }, 2)).batch(2, 3)).feeds['x']?.data as Float32Array;
    expect(other).not.toEqual(third);
  });

  it('is labelled as random, and leaves masks as they are', async () => {
    const dataset = await open({ x: 'x.npy', attention_mask: 'mask.npy' }, 1);
    expect(dataset.synthetic).toBe(true);
    expect(Array.from((await dataset.batch(0, 1)).feeds['attention_mask']?.data as Float32Array)).toEqual([1, 1, 1]);
  });

  it('cannot stand in the place of token ids, which is said', async () => {
    await expect(open({ input_ids: 'ids.npy' }, 1)).rejects.toThrow('token ids or other whole numbers');
  });
});
