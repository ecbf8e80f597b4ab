import { describe, expect, it } from 'vitest';
import { openDataset, type OpenedDataset } from '../../../src/core/dataset/open-dataset.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { memoryFiles } from './memory-files.js';

const PLACES = 64;

/** Two pictures of 8 × 8 pixels in three channels: pixel p of picture i is i·1000 + p, in channel c plus c·100. */
function pictures(nchw: boolean): Float32Array {
  const values = new Float32Array(2 * 3 * PLACES);
  for (let image = 0; image < 2; image++)
    for (let channel = 0; channel < 3; channel++)
      for (let place = 0; place < PLACES; place++) {
        const at = nchw ? channel * PLACES + place : place * 3 + channel;
        values[image * 3 * PLACES + at] = image * 1000 + place + channel * 100;
      }
  return values;
}

function open(shuffleSeed: number | undefined, nchw = true): Promise<OpenedDataset> {
  const dims = nchw ? [2, 3, 8, 8] : [2, 8, 8, 3];
  const shape = ['batch', ...dims.slice(1)];
  return openDataset(
    parseRecipe(
      JSON.stringify({
        version: 1,
        inputs: { image: { source: 'array', path: 'x.npy' }, attention_mask: { source: 'array', path: 'mask.npy' } },
        labels: { path: 'labels.txt' },
      }),
    ),
    [
      { name: 'image', type: 'float32', shape },
      { name: 'attention_mask', type: 'float32', shape: ['batch', 4] },
    ],
    memoryFiles({
      'x.npy': encodeNpy({ type: 'float32', dims, data: pictures(nchw) }),
      'mask.npy': encodeNpy({ type: 'float32', dims: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
      'labels.txt': 'cat\ndog\n',
    }),
    { limit: 10, ...(shuffleSeed === undefined ? {} : { control: { kind: 'shuffled' as const, seed: shuffleSeed } }) },
  );
}

const values = async (dataset: OpenedDataset, name = 'image'): Promise<number[]> =>
  Array.from((await dataset.batch(0, 2)).feeds[name]?.data as Float32Array);

describe('shuffled inputs (methods section 1, C2)', () => {
  it.each([true, false])(
    'move pixels with all their channels, each picture in itself (channels first: %s)',
    async (nchw) => {
      const shuffled = await values(await open(1, nchw), 'image');
      expect(shuffled).not.toEqual(Array.from(pictures(nchw)));
      for (let image = 0; image < 2; image++) {
        const pixel = (place: number, channel: number): number =>
          (shuffled[image * 3 * PLACES + (nchw ? channel * PLACES + place : place * 3 + channel)] as number) -
          image * 1000;
        const places = Array.from({ length: PLACES }, (_, place) => pixel(place, 0));
        expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: PLACES }, (_, place) => place));
        places.forEach((from, place) => expect([pixel(place, 1), pixel(place, 2)]).toEqual([from + 100, from + 200]));
      }
    },
  );

  it('leave masks as they are, say what they are, and are other data for the cache', async () => {
    const [plain, shuffled] = [await open(undefined), await open(1)];
    expect(await values(shuffled, 'attention_mask')).toEqual(await values(plain, 'attention_mask'));
    expect(shuffled.description).toContain('shuffled within each example (seed 1)');
    expect(shuffled.key).not.toBe(plain.key);
  });

  it('depend on the seed alone, and put labels at other examples', async () => {
    expect(await values(await open(1))).toEqual(await values(await open(1)));
    expect(await values(await open(2))).not.toEqual(await values(await open(1)));
    const labels = async (seed: number): Promise<string> => {
      const dataset = await open(seed);
      return [dataset.label(0), dataset.label(1)].join();
    };
    const drawn = new Set(await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(labels)));
    expect(drawn).toEqual(new Set(['cat,dog', 'dog,cat']));
  });

  it('move tokens but not their padding, and foresee the next token in the new order', async () => {
    const openText = (shuffleSeed?: number): Promise<OpenedDataset> =>
      openDataset(
        parseRecipe(
          JSON.stringify({
            version: 1,
            inputs: { input_ids: { source: 'text', path: 'a.txt', windows: 'packed', length: 16 } },
            tokenizer: 'vocab.txt',
          }),
        ),
        [{ name: 'input_ids', type: 'int64', shape: ['batch', 'sequence'] }],
        memoryFiles({ 'a.txt': 'abcdefghij', 'vocab.txt': ['<pad>', ...'abcdefghijklmnop'].join('\n') }),
        {
          limit: 10,
          ...(shuffleSeed === undefined ? {} : { control: { kind: 'shuffled' as const, seed: shuffleSeed } }),
        },
      );
    const [plain, shuffled] = [await openText(), await openText(3)];
    const ids = async (dataset: OpenedDataset): Promise<number[]> =>
      Array.from((await dataset.batch(0, 1)).feeds['input_ids']?.data as BigInt64Array, Number);
    const [before, after] = [await ids(plain), await ids(shuffled)];
    const { filled = 0, nextTokens } = await shuffled.targets(0);
    expect(filled).toBe(10);
    expect(after.slice(filled)).toEqual(before.slice(filled));
    expect(after.slice(0, filled)).not.toEqual(before.slice(0, filled));
    expect(after.slice(0, filled).sort((a, b) => a - b)).toEqual(before.slice(0, filled).sort((a, b) => a - b));
    expect(Array.from(nextTokens ?? []).slice(0, filled - 1)).toEqual(after.slice(1, filled));
  });
});
