/** What a feature reads of a row as a linear function: held to every family's own numpy equations, and to itself. */
import { describe, expect, it } from 'vitest';
import { heldEncoder } from '../../../src/core/dictionary/held-encoder.js';
import { coderOf, tensor } from './hand-made.js';
import { FAMILY_FIXTURES, familyFixture } from './family-fixtures.js';
import { openDictionary } from './open-dictionary.js';

describe('where a feature fires, its pre-activation is what its family’s equation gives it', () => {
  it.each(FAMILY_FIXTURES)('%s', async (name) => {
    const { path, answers, tokens, x, features } = familyFixture(name);
    const { coder, close } = await openDictionary(path, answers);
    const width = x.length / tokens;
    let fired = 0;
    for (const feature of [0, 3, coder.features - 1]) {
      const held = await heldEncoder(coder, feature);
      for (let token = 0; token < tokens; token++) {
        const row = Float32Array.from(x.slice(token * width, (token + 1) * width));
        const { direction, constant, preActivation } = held(row);
        const parts = Array.from(direction, (each, k) => each * (row[k] as number));
        const size = parts.reduce((sum, each) => sum + Math.abs(each), Math.abs(constant));
        const whole = parts.reduce((sum, each) => sum + each, constant);
        expect(Math.abs(whole - preActivation)).toBeLessThan(1e-5 + 1e-6 * size);
        const want = features[token * coder.features + feature] as number;
        if (want === 0) continue;
        fired++;
        expect(Math.abs(preActivation - want)).toBeLessThan(1e-5 + 1e-4 * Math.abs(want));
      }
    }
    expect(fired).toBeGreaterThan(0);
    await close();
  });
});

it('holds the norm of the row, and takes the mean away with it', async () => {
  const coder = coderOf({
    encoder: [[1], [2], [-1]],
    decoder: [[0, 0, 0]],
    encoderBias: [0.5],
    bias: [1, 0, 1],
    subtracts: true,
    activation: { kind: 'relu' },
  });
  // x · √3/3: (2, 1, 2) · 0.577350; then less (1, 0, 1): h = 1·0.1547 + 2·0.57735 − 1·0.1547 + 0.5.
  const unit = await heldEncoder({ ...coder, normalisation: { kind: 'unit-norm', undone: true } }, 0);
  const scaled = unit(Float32Array.of(2, 1, 2));
  expect([...scaled.direction]).toEqual([1, 2, -1].map((each) => Math.fround((each * Math.sqrt(3)) / 3)));
  expect(scaled.constant).toBeCloseTo(0.5, 12);
  expect(scaled.preActivation).toBeCloseTo(2 / Math.sqrt(3) + 0.5, 12);
  // Mean 2, deviation 1: (−1, 0, 1); h = (−1 − 1) + 0 − (1 − 1) + 0.5.
  const layer = await heldEncoder({ ...coder, normalisation: { kind: 'layer-norm', undone: true } }, 0);
  const normal = layer(Float32Array.of(1, 2, 3));
  expect(normal.preActivation).toBeCloseTo(-1.5, 4);
  expect([...normal.direction].map((each) => Math.round(each * 1000))).toEqual([333, 1333, -1667]);
  const standard = { tensor: tensor('mean', [3], [1, 1, 1]) };
  const scale = { tensor: tensor('scale', [1], [2]) };
  const fixed = await heldEncoder({ ...coder, normalisation: { kind: 'standardise', mean: standard, scale } }, 0);
  // (x − 1) 2 − (1, 0, 1) = (−1, 2, 3): −1 + 4 − 3 + 0.5.
  expect(fixed(Float32Array.of(1, 2, 3))).toEqual({
    direction: Float32Array.of(2, 4, -2),
    constant: -3.5,
    preActivation: 0.5,
  });
});
