import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { totalWidth } from '../../../src/core/dictionary/coder.js';
import type { Answers } from '../../../src/core/dictionary/facts.js';
import { featuresModel } from '../../../src/core/dictionary/graphs/coder-model.js';
import { soloCoder } from '../../../src/core/dictionary/solo-coder.js';
import { ENGINES } from '../engine/engines.js';
import { expectClose } from './close.js';
import { openDictionary } from './open-dictionary.js';

const FOLDER = new URL('../../fixtures/dictionary/', import.meta.url).pathname;
const CASES = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

interface Expected {
  readonly file: string;
  readonly answers: Answers;
  readonly tokens: number;
  readonly x: readonly number[];
  readonly features: readonly number[];
}

describe('one feature alone is what it is among all of its family’s, computed in numpy', () => {
  it.each(CASES)('%s', async (name) => {
    const folder = join(FOLDER, name);
    const { file, answers, tokens, x, features } = JSON.parse(
      readFileSync(join(folder, 'expected.json'), 'utf8'),
    ) as Expected;
    const { coder, weights, close } = await openDictionary(join(folder, file), answers);
    const engine = await ENGINES[0]?.load();
    for (const feature of [0, 3, coder.features - 1]) {
      const alone = await soloCoder(coder, feature);
      const competes = coder.activation.kind === 'topk' || coder.activation.kind === 'groupmax';
      expect(alone === undefined).toBe(competes);
      if (alone === undefined || engine === undefined) continue;
      const session = await engine.open(await featuresModel(alone, weights, folder), { threads: 1 });
      const data = Float32Array.from(x);
      const found = await session.run({ x: { type: 'float32', dims: [tokens, totalWidth(coder.reads)], data } });
      expect(found['features']?.dims).toEqual([tokens, 1]);
      expectClose(
        found['features']?.data,
        Array.from({ length: tokens }, (_, token) => features[token * coder.features + feature] as number),
      );
      await session.release();
    }
    await close();
  });
});
