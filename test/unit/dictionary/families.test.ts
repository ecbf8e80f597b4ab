import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { totalWidth } from '../../../src/core/dictionary/coder.js';
import type { Answers } from '../../../src/core/dictionary/facts.js';
import { readRows } from '../../../src/core/dictionary/feature-matrix.js';
import { coderModel } from '../../../src/core/dictionary/graphs/coder-model.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
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
  readonly reconstruction: readonly number[];
}

const expectedOf = (name: string): Expected =>
  JSON.parse(readFileSync(join(FOLDER, name, 'expected.json'), 'utf8')) as Expected;

describe.each(ENGINES)('dictionaries compute what their families compute ($name)', ({ load }) => {
  it.each(CASES)('%s', async (name) => {
    const expected = expectedOf(name);
    const path = join(FOLDER, name, expected.file);
    const { coder, weights, close } = await openDictionary(path, expected.answers);
    const engine = await load();
    const session = await engine.open(await coderModel(coder, weights, dirname(path)), { threads: 1 });
    const given: NamedTensors = await session.run({
      x: { type: 'float32', dims: [expected.tokens, totalWidth(coder.reads)], data: Float32Array.from(expected.x) },
    });
    expectClose(given['features']?.data, expected.features);
    expectClose(given['reconstruction']?.data, expected.reconstruction);
    expect(given['features']?.dims).toEqual([expected.tokens, coder.features]);
    await session.release();
    await close();
  });
});

describe('rows of a matrix are read on demand', () => {
  it.each(CASES)('%s', async (name) => {
    const expected = expectedOf(name);
    const { coder, close } = await openDictionary(join(FOLDER, name, expected.file), expected.answers);
    for (const matrix of [coder.encoder, coder.decoder]) {
      const all = await readRows(matrix, 0, coder.features);
      expect(all).toHaveLength(coder.features * matrix.width);
      const some = await readRows(matrix, 2, 3);
      expect([...some]).toEqual([...all.subarray(2 * matrix.width, 5 * matrix.width)]);
      await expect(readRows(matrix, coder.features - 1, 2)).rejects.toThrow(RangeError);
    }
    await close();
  });
});
