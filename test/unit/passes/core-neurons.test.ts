/** Methods C5: token-wise and text-wise core neurons, per-token variant. */
import { describe, expect, it } from 'vitest';
import { coreScratch, countTokenCore, shared, textCore } from '../../../src/core/passes/core-neurons/cores.js';
import {
  coreSimilarity,
  createBlockCores,
  foldCores,
  mergeBlockCores,
} from '../../../src/core/passes/core-neurons/state.js';
import { layer, observedBatch, type Activations } from './observed-batch.js';

const ACTS = [
  [5, 0, 3, 1, -2],
  [4, 2, 0, 1, 3],
  [0, 1, 6, 2, 0],
];

/** The core of a token whose activations lie backwards behind two other numbers. */
function tokenCore(values: readonly number[], alpha: number): number[] {
  const data = Float32Array.of(99, 99, ...[...values].reverse());
  const offsets = Int32Array.from(values, (_, at) => values.length - 1 - at);
  const counts = new Uint32Array(values.length);
  countTokenCore({ data, first: 2, offsets }, alpha, counts, coreScratch(values.length));
  return [...counts.keys()].filter((unit) => counts[unit] === 1);
}

describe('token cores', () => {
  it('count (2,0,2,1,1) on the three tokens of methods C5 at α = .5', () => {
    const counts = [0, 0, 0, 0, 0];
    for (const token of ACTS) {
      for (const unit of tokenCore(token, 0.5)) counts[unit] = (counts[unit] ?? 0) + 1;
    }
    expect(counts).toEqual([2, 0, 2, 1, 1]);
  });
  it('never take negative activations or zeros, at least one positive, the first of equal ones', () => {
    expect(tokenCore([-1, -2, 0], 1)).toEqual([]);
    expect(tokenCore([-9, 0.1, 0], 0.01)).toEqual([1]);
    expect(tokenCore([2, 2, 2, 2], 0.5)).toEqual([0, 1]);
    expect(tokenCore([1, 3, 3, 2], 0.5)).toEqual([1, 2]);
    expect(tokenCore([-0, 1e-45, 3e38, -Infinity], 1)).toEqual([1, 2]);
  });
  it('never take NaN; infinity is the largest', () => {
    expect(tokenCore([NaN, 1, Infinity, 2], 0.34)).toEqual([2]);
    expect(tokenCore([NaN, 1, Infinity, 2], 1)).toEqual([1, 2, 3]);
  });
  it('are the largest values, as sorting finds them', () => {
    for (let round = 0; round < 200; round++) {
      const wave = (at: number): number => Math.sin(at * 91.7 + round * 3.3) * 6;
      const values = Array.from({ length: 1 + (round % 37) }, (_, at) =>
        round % 2 === 0 ? Math.round(wave(at)) : Math.fround(wave(at)),
      );
      const alpha = 0.05 + (round % 10) / 10;
      const positive = values.map((value, at) => ({ value, at })).filter(({ value }) => value > 0);
      const size = Math.min(positive.length, Math.max(1, Math.round(alpha * positive.length)));
      const want = positive
        .sort((a, b) => b.value - a.value || a.at - b.at)
        .slice(0, size)
        .map(({ at }) => at)
        .sort((a, b) => a - b);
      expect(tokenCore(values, alpha)).toEqual(want);
    }
  });
});

it('text cores are the neurons in most token cores, the first of equal ones, none that is in no token’s', () => {
  expect([...textCore(Uint32Array.of(2, 0, 2, 1, 1, 0, 0, 0), 0.25)]).toEqual([0, 2]);
  expect([...textCore(Uint32Array.of(0, 0, 1, 0), 0.9)]).toEqual([2]);
  expect([...textCore(Uint32Array.of(1, 1, 1, 1), 0.01)]).toEqual([0]);
});

it('cores share the neurons that are in both', () => {
  expect(shared(Uint32Array.of(1, 4, 6), Uint32Array.of(0, 1, 5, 6, 9))).toBe(2);
  expect(shared(Uint32Array.of(), Uint32Array.of(3))).toBe(0);
});

describe('over texts', () => {
  const block = layer({ value: 'h', units: 8, positionWord: 'tokens', positionAxes: [1], unitAxes: [2] });
  const text = (seed: number, tokens: number): Activations[number] =>
    Array.from({ length: 8 }, (_, unit) =>
      Array.from({ length: tokens }, (__, position) => Math.sin(seed * 5.1 + unit * 2.3 + position * 0.7)),
    );
  const fold = (seeds: readonly number[], first: number): ReturnType<typeof createBlockCores> => {
    const state = createBlockCores(block);
    foldCores(state, block, observedBatch([block], { h: seeds.map((seed) => text(seed, 6)) }, first));
    return state;
  };

  it('stability ends at 1, and is a share', () => {
    const state = createBlockCores(block);
    foldCores(state, block, observedBatch([block], { h: [text(1, 8), text(2, 8)] }));
    const curve = [0, 1, 2, 3].map((step) => (state.stability[step] ?? NaN) / (state.stabilityTexts[step] ?? NaN));
    expect(curve[3]).toBe(1);
    for (const share of curve) expect(share >= 0 && share <= 1).toBe(true);
    expect(state.stabilityTexts[4]).toBe(0);
  });
  it('the same texts have the same core, and merging in any order changes nothing', () => {
    expect(coreSimilarity(fold([1, 1], 0))).toBe(1);
    const whole = fold([1, 2, 3, 4], 0);
    const [first, second] = [fold([1, 2], 0), fold([3, 4], 2)];
    mergeBlockCores(second, first);
    expect({ ...second, cores: [...second.cores].sort(([a], [b]) => a - b) }).toEqual({
      ...whole,
      cores: [...whole.cores],
    });
  });
});
