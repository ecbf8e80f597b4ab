import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureNeighbours } from '../../../src/protocol/features.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

type List = 'units' | 'features' | 'encoder' | 'decoder' | 'together' | 'reads' | 'writes';

interface Want extends Readonly<Record<Exclude<List, 'together'>, readonly number[]>> {
  readonly feature: number;
  readonly fired: number;
  readonly shown: Readonly<Record<List, readonly number[]>>;
  readonly reads_l1: number;
  readonly writes_l1: number;
  readonly units_cosine: readonly number[];
  readonly features_cosine: readonly number[];
  readonly both: readonly number[];
  readonly either: readonly number[];
}

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const cases = JSON.parse(
  readFileSync(new URL('../../fixtures/neighbours/neighbours.json', import.meta.url), 'utf8'),
) as readonly { readonly dictionary: string; readonly tokens: number; readonly features: readonly Want[] }[];

/** Pairs of place and number, as numpy has them, in its order. */
function expectList(
  got: readonly (readonly [place: number, value: number])[],
  places: readonly number[],
  values: readonly number[],
): void {
  expect(got.map(([place]) => place)).toEqual(places);
  got.forEach(([, value], rank) => expect(value).toBeCloseTo(values[rank] as number, 3));
}

describe.each(cases)('what features of $dictionary are like', ({ dictionary, tokens, features }) => {
  let inspection: WorkerApi;
  const path = join(folder, 'dictionaries', dictionary, 'sae_weights.safetensors');

  beforeAll(async () => {
    inspection = inspect();
    await inspection.open({
      path: join(folder, 'grammar-gpt.onnx'),
      recipePaths: 'anywhere',
      settings: { engine: 'automatic', threads: 2, defaultInputs: 256, limit: 256, cacheMegabytes: 0 },
    });
    await inspection.features({ dictionary: path });
  }, 120_000);
  afterAll(() => inspection.close({}));

  it.each(features)('feature $feature, as numpy computes over all tokens at once', async (want) => {
    const progress: number[] = [];
    const found: FeatureNeighbours = await inspection.featureNeighbours({ feature: want.feature }, undefined, (share) =>
      progress.push(share),
    );
    expect(found.tokens).toBe(tokens);
    expect(Math.abs(found.fired - want.fired)).toBeLessThanOrEqual(1);
    const { shown } = want;
    const { reads, writes } = found.alignment;
    expectList(
      reads.map(({ unit, value }) => [unit, value]),
      shown.reads,
      want.reads,
    );
    reads.forEach(({ value, share }) => expect(share).toBeCloseTo(Math.abs(value) / want.reads_l1, 5));
    expectList(
      writes.map(({ unit, value }) => [unit, value]),
      shown.writes,
      want.writes,
    );
    writes.forEach(({ value, share }) => expect(share).toBeCloseTo(Math.abs(value) / want.writes_l1, 5));
    expectList(
      found.units.map(({ unit, pearson }) => [unit, pearson]),
      shown.units,
      want.units,
    );
    expectList(
      found.units.map(({ unit, cosine }) => [unit, cosine]),
      shown.units,
      want.units_cosine,
    );
    expectList(
      found.features.map(({ feature, pearson }) => [feature, pearson]),
      shown.features,
      want.features,
    );
    expectList(
      found.features.map(({ feature, cosine }) => [feature, cosine]),
      shown.features,
      want.features_cosine,
    );
    expectList(
      found.nearest.encoder.map(({ feature, cosine }) => [feature, cosine]),
      shown.encoder,
      want.encoder,
    );
    expectList(
      found.nearest.decoder.map(({ feature, cosine }) => [feature, cosine]),
      shown.decoder,
      want.decoder,
    );
    // An activation at its threshold may fall on either side of it in another engine.
    expect(found.together.map(({ feature }) => feature)).toEqual(shown.together);
    found.together.forEach(({ jaccard, both, either }, rank) => {
      expect(Math.abs(both - (want.both[rank] as number))).toBeLessThanOrEqual(2);
      expect(Math.abs(either - (want.either[rank] as number))).toBeLessThanOrEqual(2);
      expect(jaccard).toBe(both / either);
    });
    expect(found.warnings).toEqual([]);
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });

  it('can be cancelled, and asked again', async () => {
    const stop = new AbortController();
    const asked = inspection.featureNeighbours({ feature: 0 }, stop.signal, () => stop.abort());
    await expect(asked).rejects.toMatchObject({ name: 'CancelledError' });
    await expect(inspection.featureNeighbours({ feature: 0 })).resolves.toMatchObject({ feature: 0 });
    await expect(inspection.featureNeighbours({ feature: 4096 })).rejects.toThrow('There is no feature 4096');
  });
});
