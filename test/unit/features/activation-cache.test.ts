import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCache, splitRanges, type CacheFolder } from '../../../src/core/features/lists/activation-cache.js';
import { readSafetensors } from '../../../src/core/formats/safetensors/safetensors.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { decodeHalf } from '../../../src/core/tensor/half.js';

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/features/activation_cache.json', import.meta.url), 'utf8'),
) as {
  readonly rows: number;
  readonly positions: number;
  readonly features: number;
  readonly latents: readonly number[];
  readonly tokens: readonly number[];
  readonly splits: readonly {
    readonly name: string;
    readonly locations: readonly number[];
    readonly activations: readonly number[];
  }[];
};
const { rows, positions, features } = fixture;

/** Keeps files in memory. */
function memoryFolder(): CacheFolder & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const grown = new Map<unknown, Uint8Array[]>();
  return {
    files,
    async growing() {
      const parts: Uint8Array[] = [];
      const file = { append: async (bytes: Uint8Array) => void parts.push(bytes.slice()) };
      grown.set(file, parts);
      return file;
    },
    async join(name, header, parts) {
      files.set(name, Buffer.concat([header, ...parts.flatMap((part) => grown.get(part) ?? [])]));
    },
  };
}

/** @param tile positions given at once. */
async function written(tile: number, withTokens: boolean, only?: ReadonlySet<number>) {
  const folder = memoryFolder();
  const cache = await openCache(folder, { rows, positions, features, ...(only === undefined ? {} : { only }) });
  for (let row = 0; row < rows && withTokens; row++)
    await cache.tokens(BigInt64Array.from(fixture.tokens.slice(row * positions, (row + 1) * positions), BigInt));
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < positions; first += tile) {
      const [from, to] = [first, Math.min(positions, first + tile)].map((at) => (row * positions + at) * features);
      await cache.add(row, first, Float32Array.from(fixture.latents.slice(from, to)));
    }
  }
  return { summary: await cache.finish(), files: folder.files };
}

const open = (bytes: Uint8Array | undefined) => readSafetensors(memorySource('cache', bytes ?? new Uint8Array()));

describe('a cache of activations', () => {
  it.each([1, 2, 5])('has the files that Delphi writes, %d positions at once', async (tile) => {
    const { files, summary } = await written(tile, true);
    expect([...files.keys()]).toEqual(fixture.splits.map(({ name }) => name));
    for (const { name, locations, activations } of fixture.splits) {
      const file = await open(files.get(name));
      const count = activations.length;
      expect(file.tensors).toEqual([
        { name: 'tokens', dtype: 'I64', dims: [rows, positions] },
        { name: 'locations', dtype: 'U16', dims: [count, 3] },
        { name: 'activations', dtype: 'F16', dims: [count] },
      ]);
      expect(Array.from((await file.read('locations')).data as Uint16Array)).toEqual(locations);
      expect(Array.from((await file.read('activations')).data as Uint16Array)).toEqual(activations);
      expect(Array.from((await file.read('tokens')).data as BigInt64Array, Number)).toEqual(fixture.tokens);
    }
    expect(summary.activations).toBe(fixture.splits.reduce((sum, { activations }) => sum + activations.length, 0));
    expect(summary.beyondHalf).toBe(1);
  });

  it('holds every activation above the threshold where it was, and nothing else', async () => {
    const { files } = await written(3, false);
    const found = new Float32Array(rows * positions * features);
    for (const [first, end] of splitRanges(features, 5)) {
      const file = await open(files.get(`${first}_${end - 1}.safetensors`));
      expect(file.tensors.map(({ name }) => name)).toEqual(['locations', 'activations']);
      const places = (await file.read('locations')).data as Uint16Array;
      const halves = (await file.read('activations')).data as Uint16Array;
      halves.forEach((bits, at) => {
        const [row = 0, position = 0, latent = 0] = places.subarray(3 * at, 3 * at + 3);
        found[(row * positions + position) * features + first + latent] = decodeHalf(bits);
      });
    }
    fixture.latents.forEach((value, at) => {
      if (Math.abs(value) <= Math.fround(1e-5)) expect(found[at]).toBe(0);
      else if (Math.abs(value) <= 65_504) expect(found[at]).toBeCloseTo(value, value > 1000 ? -2 : 2);
      else expect(found[at]).toBe(Infinity);
    });
  });

  it('may be of some features only', async () => {
    const { files } = await written(5, false, new Set([9]));
    const counts = [];
    for (const file of files.values()) counts.push((await open(file)).tensors[1]?.dims[0]);
    const wanted = fixture.latents.filter((value, at) => at % features === 9 && Math.abs(value) > 1e-5).length;
    expect(counts).toEqual([0, 0, wanted, 0, 0]);
  });

  it('has ranges that hold every feature once, and none that is empty', () => {
    expect(splitRanges(24_576, 5).map(([first]) => first)).toEqual([0, 4915, 9830, 14_745, 19_660]);
    expect(splitRanges(3, 5)).toEqual([[0, 1], [1, 2], [2, 3]]); // prettier-ignore
  });

  it('counts in 32 bits where 16 are too few', async () => {
    const folder = memoryFolder();
    const cache = await openCache(folder, { rows: 70_000, positions: 1, features: 1, splits: 1 });
    await cache.add(69_999, 0, Float32Array.of(2));
    await cache.finish();
    const file = await open(folder.files.get('0_0.safetensors'));
    expect(file.tensors[0]?.dtype).toBe('U32');
    expect([...((await file.read('locations')).data as Uint32Array)]).toEqual([69_999, 0, 0]);
  });
});
