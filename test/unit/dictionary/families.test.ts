import { describe, expect, it } from 'vitest';
import { totalWidth } from '../../../src/core/dictionary/coder.js';
import { readRows } from '../../../src/core/dictionary/feature-matrix.js';
import { coderModel } from '../../../src/core/dictionary/graphs/coder-model.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { ENGINES } from '../engine/engines.js';
import { expectClose } from './close.js';
import { FAMILY_FIXTURES, familyFixture } from './family-fixtures.js';
import { openDictionary } from './open-dictionary.js';

describe.each(ENGINES)('dictionaries compute what their families compute ($name)', ({ load }) => {
  it.each(FAMILY_FIXTURES)('%s', async (name) => {
    const expected = familyFixture(name);
    const { coder, weights, close } = await openDictionary(expected.path, expected.answers);
    const engine = await load();
    const session = await engine.open(await coderModel(coder, weights, expected.folder), { threads: 1 });
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
  it.each(FAMILY_FIXTURES)('%s', async (name) => {
    const expected = familyFixture(name);
    const { coder, close } = await openDictionary(expected.path, expected.answers);
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
