import { describe, expect, it } from 'vitest';
import { fidelitySums, meanSums } from '../../../src/core/dictionary/attach/fidelity.js';
import { randomStream } from '../../../src/core/dataset/random.js';

/** Standard normal numbers, seeded (Box and Muller). */
function normals(count: number): Float32Array {
  const next = randomStream(7, 'fidelity', 0);
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

const [tokens, width] = [512, 64];

/** formats 3.3: what is measured where half of each deviation is missing, and with a constant error besides. */
function measure(spread: number, offset: number, constantError: number, parts = 1) {
  const noise = normals(tokens * width);
  const x = noise.map((value) => value * spread + offset);
  const xhat = noise.map((value) => value * spread * 0.5 + offset + constantError);
  const ones = new Float32Array(tokens).fill(3);
  const counts = { positive: ones, nonZero: ones };
  const counted = new Uint8Array(tokens).fill(1);
  const mean = meanSums(width);
  mean.add(x, counted);
  const sums = fidelitySums(mean.finish().mean);
  const size = tokens / parts;
  for (let part = 0; part < parts; part++) {
    const rows = (all: Float32Array): Float32Array => all.subarray(part * size * width, (part + 1) * size * width);
    sums.add(rows(x), rows(xhat), counted.subarray(0, size), counts);
  }
  return sums.finish();
}

const valuesOf = (...args: Parameters<typeof measure>): number[] =>
  measure(...args).definitions.map(({ value }) => value);

describe('definitions of explained variance, on one data set', () => {
  it.each<[string, Parameters<typeof measure>, readonly number[]]>([
    // [spread, offset, constant error] → corrected, SAELens 6.18, legacy, dictionary_learning, 1 − NMSE.
    // E‖e‖²/d = σ²/4 + c²; E‖x‖²/d = σ² + m². SAELens 6.18 subtracts (σ² + m²)²/d of it.
    ['a mean offset of 3', [1, 3, 0], [0.75, 1 - 0.25 / (10 - 100 / width), 0.75, 0.75, 1 - 0.25 / 10]],
    ['and a constant error of half a deviation', [1, 3, 0.5], [0.5, 1 - 0.5 / (10 - 100 / width), 0.5, 0.75, 0.95]],
    ['large numbers', [20, 0, 0], [0.75, 1 - 100 / (400 - 160_000 / width), 0.75, 0.75, 0.75]],
  ])('%s', (_, args, wanted) => {
    const got = valuesOf(...args);
    // Random numbers: their own mean and spread are off by about 1/√(tokens · width).
    wanted.forEach((value, i) =>
      expect(Math.abs((got[i] ?? NaN) - value)).toBeLessThan(0.02 * Math.max(1, Math.abs(value))),
    );
  });

  it('FVU is 1 − the first of them, and does not depend on the batches', () => {
    const whole = measure(1, 3, 0.5);
    expect(whole.fvu).toBeCloseTo(1 - (whole.definitions[0]?.value ?? NaN), 12);
    const parts = measure(1, 3, 0.5, 8);
    expect(parts.fvu).toBeCloseTo(whole.fvu, 12);
    parts.definitions.forEach(({ value }, i) => expect(value).toBeCloseTo(whole.definitions[i]?.value ?? NaN, 10));
    expect(whole.l0).toBe(3);
  });

  it('a reconstruction of 0.9 x has an error of 0.01 of the squares, and a relative bias of 0.9', () => {
    const x = normals(tokens * width);
    const counted = new Uint8Array(tokens).fill(1);
    const mean = meanSums(width);
    mean.add(x, counted);
    const sums = fidelitySums(mean.finish().mean);
    const none = new Float32Array(tokens);
    sums.add(
      x,
      x.map((value) => value * 0.9),
      counted,
      { positive: none, nonZero: none },
    );
    const found = sums.finish();
    expect(found.definitions[4]?.value).toBeCloseTo(0.99, 6);
    expect(found.relativeBias).toBeCloseTo(0.9, 6);
    expect(found.cosine).toBeCloseTo(1, 6);
  });
});

describe('which tokens count', () => {
  it('padding does not, and the first tokens are also left out by themselves', () => {
    // Two examples of three tokens; the last one is padding. The first tokens are massive and badly given back.
    const x = Float32Array.of(100, 0, 1, 0, 3, 0, 90, 0, 2, 0, 7, 7);
    const xhat = Float32Array.of(0, 0, 1, 0, 2, 0, 0, 0, 2, 0, 0, 0);
    const counted = Uint8Array.of(2, 1, 1, 2, 1, 0);
    const mean = meanSums(2);
    mean.add(x, counted);
    const means = mean.finish();
    expect(means.tokens).toBe(5);
    expect([...means.mean]).toEqual([39.2, 0]);
    const sums = fidelitySums(means.mean);
    const ones = new Float32Array(6).fill(1);
    sums.add(x, xhat, counted, { positive: ones, nonZero: ones });
    const found = sums.finish();
    // Σ‖x − mean‖² of 100, 1, 3, 90, 2 is 10430.8; the errors are 100², 1², 90².
    expect(found.fvu).toBeCloseTo((10_000 + 1 + 8100) / 10_430.8, 6);
    // Of 1, 3, 2 alone: mean 2, spread 2, error 1.
    expect(found.fvuWithoutFirst).toBeCloseTo(0.5, 6);
    expect(found.tokens).toBe(5);
  });
});
