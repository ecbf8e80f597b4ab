import { beforeAll, describe, expect, it } from 'vitest';
import { pursue, pursuitModel, whyNotPursued } from '../../../../src/core/dictionary/error/gradient-pursuit.js';
import type { Engine } from '../../../../src/core/engine/engine.js';
import { ENGINES } from '../../engine/engines.js';
import { coderOf, NO_FILE } from '../hand-made.js';

const coder = (decoder: readonly (readonly number[])[], bias: readonly number[]) =>
  coderOf({
    encoder: (decoder[0] ?? []).map((_, axis) => decoder.map((row) => row[axis] as number)),
    decoder,
    bias,
    subtracts: true,
    activation: { kind: 'relu' },
  });

const IDENTITY = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

describe.each(ENGINES)('gradient pursuit, test vectors of methods B3 ($name)', ({ load }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await load();
  });

  async function pursued(
    decoder: readonly (readonly number[])[],
    bias: readonly number[],
    rows: readonly (readonly number[])[],
    steps: readonly number[],
  ): Promise<{ readonly w: readonly number[]; readonly given: readonly number[] }> {
    const of = coder(decoder, bias);
    const session = await engine.open(await pursuitModel(of, NO_FILE, '/'), { threads: 1 });
    const w: number[] = [];
    const round = (values: Float32Array): number[] => Array.from(values, (value) => Number(value.toFixed(5)) + 0);
    try {
      const given = await pursue(session, of, Float32Array.from(rows.flat()), steps, (found) =>
        w.push(...round(found)),
      );
      return { w, given: round(given) };
    } finally {
      await session.release();
    }
  }

  it('takes the two largest of an orthonormal dictionary, and no negative one', async () => {
    const { w, given } = await pursued(IDENTITY, [0, 0, 0], [[3, 1, -2]], [2]);
    expect(w).toEqual([3, 1, 0]);
    expect(given).toEqual([3, 1, 0]);
  });

  it('makes one gradient step for each feature: not the least-squares solution', async () => {
    const skew = [
      [1, 0],
      [0.6, 0.8],
    ];
    expect((await pursued(skew, [0, 0], [[2, 1]], [2])).w).toEqual([2, 0.8]);
  });

  it('goes on for each token as long as its own encoder did, and counts the bias', async () => {
    const [x, bias] = [
      [4, 1, -2],
      [1, 0, 0],
    ];
    const { w, given } = await pursued(IDENTITY, bias, [x, x, x], [0, 1, 2]);
    expect(w).toEqual([0, 0, 0, 3, 0, 0, 3, 1, 0]);
    expect(given).toEqual([1, 0, 0, 4, 0, 0, 4, 1, 0]);
  });
});

it('does not apply where the activation is normalised first, which is said', () => {
  const plain = coder(IDENTITY, [0, 0, 0]);
  expect(whyNotPursued(plain)).toBeUndefined();
  expect(whyNotPursued({ ...plain, normalisation: { kind: 'unit-norm', undone: true } })).toContain('normalised');
  expect(whyNotPursued({ ...plain, kind: 'transcoder' })).toContain('autoencoder');
});
