/** Methods C2 and C3 by hand, and against a slow and obvious computation. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/core/dataset/random.js';
import {
  cettAt,
  cettCurve,
  LEAST_POSITIVE,
  quantileOf,
  thresholdFor,
  tokenSteps,
  type Outgoing,
} from '../../../../src/core/passes/skippable-neurons/cett.js';

/** @param matrix W_out, one row per output. */
function outgoing(matrix: readonly (readonly number[])[]): Outgoing {
  const neurons = matrix[0]?.length ?? 0;
  const columns = Array.from({ length: neurons }, (_, i) => matrix.map((row) => row[i] as number));
  return { norms: Float64Array.from(columns, (each) => Math.hypot(...each)), rows: Float32Array.from(columns.flat()) };
}

/** |Σ_D n| / |Σ n| as it is written. */
function slowCett(a: readonly number[], matrix: readonly (readonly number[])[], threshold: number): number {
  const size = a.map((each, i) => Math.abs(each) * Math.hypot(...matrix.map((row) => row[i] as number)));
  const sum = (skipped: (i: number) => boolean): number =>
    Math.hypot(...matrix.map((row) => row.reduce((all, w, i) => (skipped(i) ? all + w * (a[i] as number) : all), 0)));
  return sum((i) => (size[i] as number) < threshold) / sum(() => true);
}

const share = (steps: ReturnType<typeof tokenSteps>, threshold: number): number =>
  steps.magnitudes.filter((each) => each < threshold).length / steps.magnitudes.length;

describe('CETT of one token (methods C2)', () => {
  const a = [2, -0.5, 0.1, 1];
  const matrix = [
    [1, 0, 2, 1],
    [0, 2, 0, -1],
  ];
  const steps = tokenSteps(Float32Array.from(a), outgoing(matrix));

  it('has the outputs of the test vector', () => {
    [0.2, 1, 1.4142135624, 2].forEach((each, at) => expect(steps.magnitudes[at]).toBeCloseTo(each, 6));
  });

  it.each([
    [0.15, 0, 0],
    [0.25, 0.052999894, 0.25],
    [1.2, 0.2702474937, 0.5],
    [1.5, 0.6180796647, 0.75],
    [2.1, 1, 1],
  ])('at ε = %f is %f, and skips %f', (threshold, cett, sparsity) => {
    expect(cettAt(steps, threshold)).toBeCloseTo(cett, 6);
    expect(slowCett(a, matrix, threshold)).toBeCloseTo(cett, 9);
    expect(share(steps, threshold)).toBe(sparsity);
  });

  it('can fall where the threshold rises', () => {
    const falling = tokenSteps(
      Float32Array.of(1, -1.0001, 3),
      outgoing([
        [1, 1, 0],
        [0, 0, 1],
      ]),
    );
    expect(cettAt(falling, 1.00005)).toBeCloseTo(1 / 3, 6);
    expect(cettAt(falling, 1.0002)).toBeCloseTo(3.333e-5, 7);
    const chosen = thresholdFor(cettCurve([falling]), 0.2);
    // What lies behind the rise to 1/3 rests on two neurons that cancel.
    expect(chosen).toMatchObject({ cett: 0, sparsity: 0, fallsAgain: true });
    expect(chosen.threshold).toBeLessThanOrEqual(1);
    expect(thresholdFor(cettCurve([falling]), 0.4)).toMatchObject({ fallsAgain: false });
  });

  it('is 0 where nothing comes out, and not a number where outputs cancel to nothing', () => {
    const cancelling = outgoing([[1, 1]]);
    expect([...tokenSteps(Float32Array.of(0, 0), cancelling).cett]).toEqual([0, 0]);
    const nothing = tokenSteps(Float32Array.of(1, -1), cancelling);
    expect([...nothing.cett]).toEqual([NaN, NaN]);
    const curve = cettCurve([nothing, tokenSteps(Float32Array.of(1, 2), cancelling)]);
    expect(curve).toMatchObject({ tokens: 1, leftOut: 1 });
    expect(curve.cett.every((each) => !Number.isNaN(each))).toBe(true);
  });

  it('counts outputs as orthogonal without rows of weights, which is exact where they are', () => {
    const matrix = [
      [2, 0, 0],
      [0, 3, 0],
      [0, 0, 1],
    ];
    const { norms, rows } = outgoing(matrix);
    const a = Float32Array.of(1, -0.5, 4);
    const [exact, estimated] = [tokenSteps(a, { norms, ...(rows && { rows }) }), tokenSteps(a, { norms })];
    exact.cett.forEach((each, at) => expect(estimated.cett[at]).toBeCloseTo(each, 12));
  });
});

describe('the curve of a layer', () => {
  const next = randomStream(3, 'curve', 0);
  const normal = (): number => next() + next() + next() - 1.5;
  const matrix = Array.from({ length: 5 }, () => Array.from({ length: 40 }, normal));
  const activations = Array.from({ length: 12 }, () => Array.from({ length: 40 }, () => Math.max(0, normal())));
  const tokens = activations.map((a) => tokenSteps(Float32Array.from(a), outgoing(matrix)));
  const curve = cettCurve(tokens, 512);

  it('is the mean over tokens at every threshold', () => {
    for (const at of [0, 1, 17, 100, 256, 400, 510]) {
      const threshold = curve.thresholds[at] as number;
      const mean = activations.reduce((sum, a) => sum + slowCett(a, matrix, threshold), 0) / activations.length;
      expect(curve.cett[at]).toBeCloseTo(mean, 5);
      expect(curve.sparsity[at]).toBeCloseTo(tokens.reduce((sum, each) => sum + share(each, threshold), 0) / 12, 12);
    }
  });

  it('skips never less at a higher threshold, and what is exactly 0 always', () => {
    const zeros = activations.flat().filter((each) => each === 0).length / 480;
    expect(curve.sparsity[0]).toBeCloseTo(zeros, 12);
    expect(curve.cett[0]).toBe(0);
    curve.sparsity.forEach((each, at) => expect(each).toBeGreaterThanOrEqual(curve.sparsity[at - 1] ?? 0));
  });

  it('is left before it first exceeds the target', () => {
    for (const target of [0, 0.05, 0.2, 0.5]) {
      const { threshold, cett } = thresholdFor(curve, target);
      const at = curve.thresholds.indexOf(threshold);
      expect(cett).toBeLessThanOrEqual(target);
      expect(curve.cett.subarray(0, at + 1).every((each) => each <= target)).toBe(true);
      expect(curve.cett[at + 1]).toBeGreaterThan(target);
    }
  });

  it('of a layer that is zero throughout skips all of it', () => {
    const zero = tokenSteps(new Float32Array(3), outgoing([[1, 2, 3]]));
    expect(thresholdFor(cettCurve([zero]), 0)).toEqual({
      threshold: LEAST_POSITIVE,
      cett: 0,
      sparsity: 1,
      fallsAgain: false,
    });
  });

  it('reaches beyond the 99 % quantile where that is 0', () => {
    const sparse = Float32Array.from({ length: 200 }, (_, at) => (at === 0 ? 5 : 0));
    const ones = Array.from({ length: 200 }, () => 1);
    expect(cettCurve([tokenSteps(sparse, outgoing([ones]))]).thresholds.at(-1)).toBe(5);
  });
});

describe('CATS (methods C3)', () => {
  const silu = (x: number): number => x / (1 + Math.exp(-x));
  const sizes = Float32Array.from([-2, -0.5, 0, 0.2, 0.8, 1.5, -4, 3], (x) => Math.abs(silu(x)));
  const ascending = sizes.slice().sort();

  it('cuts at the nearest rank', () => {
    const threshold = quantileOf(ascending, 0.5);
    expect(threshold).toBeCloseTo(0.1887703344, 6);
    expect(sizes.filter((each) => each > threshold)).toHaveLength(4);
  });

  it('keeps all but exact zeros at 0, and nothing at 1', () => {
    expect(sizes.filter((each) => each > quantileOf(ascending, 0))).toHaveLength(7);
    expect(sizes.filter((each) => each > quantileOf(ascending, 1))).toHaveLength(0);
  });
});
