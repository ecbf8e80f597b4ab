import { describe, expect, it } from 'vitest';
import { totalWidth, type Coder } from '../../../src/core/dictionary/coder.js';
import { competes, competitionOf, keptOf } from '../../../src/core/dictionary/competition.js';
import { featuresModel } from '../../../src/core/dictionary/graphs/coder-model.js';
import { soloCoder } from '../../../src/core/dictionary/solo-coder.js';
import { ENGINES } from '../engine/engines.js';
import { expectClose } from './close.js';
import { coderOf } from './hand-made.js';
import { FAMILY_FIXTURES, familyFixture } from './family-fixtures.js';
import { openDictionary } from './open-dictionary.js';

describe('one feature alone is what it is among all of its family’s, computed in numpy', () => {
  it.each(FAMILY_FIXTURES)('%s', async (name) => {
    const { folder, path, answers, tokens, x, features } = familyFixture(name);
    const { coder, weights, close } = await openDictionary(path, answers);
    const engine = await ENGINES[0]?.load();
    for (const feature of [0, 3, coder.features - 1]) {
      const alone = await soloCoder(coder, feature);
      const competition = competitionOf(coder);
      if (engine === undefined || (competition === undefined && competes(coder))) continue;
      const session = await engine.open(await featuresModel(alone, weights, folder), { threads: 1 });
      const data = Float32Array.from(x);
      const found = await session.run({ x: { type: 'float32', dims: [tokens, totalWidth(coder.reads)], data } });
      expect(found['features']?.dims).toEqual([tokens, 1]);
      const values = found['features']?.data as Float32Array;
      const group = Math.floor((feature * (competition?.groups ?? 1)) / coder.features);
      expectClose(
        competition === undefined
          ? values
          : keptOf(values, competition.floors(Float32Array.from(features)), competition, group),
        Array.from({ length: tokens }, (_, token) => features[token * coder.features + feature] as number),
      );
      await session.release();
    }
    await close();
  });
});

describe('what a feature had to reach to be kept', () => {
  const coder = (activation: Coder['activation'], features: number): Coder => ({
    ...coderOf({ encoder: [], decoder: [], bias: [], subtracts: false, activation }),
    features,
  });
  const floors = (of: Coder, rows: readonly number[]): number[] => [
    ...(competitionOf(of)?.floors(Float32Array.from(rows)) ?? []),
  ];

  it('is the smallest of the k, and nothing where fewer are not 0', () => {
    const two = { kind: 'topk', k: 2, relu: true, magnitude: false } as const;
    expect(floors(coder(two, 4), [0, 3, 0, 1, 0, 0, 5, 0])).toEqual([1, -Infinity]);
    expect(floors(coder({ ...two, magnitude: true }, 4), [0, -3, 0, 2, 1, 0, 0, -0.5])).toEqual([2, 0.5]);
  });

  it('is the largest of its group', () => {
    expect(floors(coder({ kind: 'groupmax', groups: 2 }, 4), [0, 3, 0, 0])).toEqual([3, 0]);
  });

  it('is unknown where features are ranked by something else', () => {
    const ranked = coder({ kind: 'topk', k: 2, relu: true, magnitude: false }, 4);
    expect(competitionOf({ ...ranked, decoderNorm: { use: 'ranks', over: 'each place' } })).toBeUndefined();
    expect(competitionOf(coder({ kind: 'relu' }, 4))).toBeUndefined();
  });

  it('keeps what reaches it, with its sign, and what rounding left a little below', () => {
    const all = { groups: 1, magnitude: true, floors: () => new Float32Array() };
    const kept = keptOf(Float32Array.of(-3, 1, 1.999999, 0.4), Float32Array.of(2, 2, 2, -Infinity), all, 0);
    expect([...kept]).toEqual([-3, 0, 1.999999, 0.4].map(Math.fround));
  });
});
