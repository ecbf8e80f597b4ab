import { describe, expect, it } from 'vitest';
import { randomStream, normalStream } from '../../../../src/core/dataset/random.js';
import { fitError, judgeFit, linearPart } from '../../../../src/core/dictionary/error/linear-error.js';
import {
  addToken,
  normalEquations,
  type NormalEquations,
} from '../../../../src/core/dictionary/error/normal-equations.js';

const WIDTH = 6;
const draw = normalStream(randomStream(3, 'linear error', 0));
const rows = (count: number): Float32Array[] =>
  Array.from({ length: count }, () => Float32Array.from({ length: WIDTH }, draw));

function sumsOf(tokens: readonly Float32Array[], given: (x: Float32Array) => Float32Array): NormalEquations {
  const sums = normalEquations(WIDTH);
  for (const x of tokens) addToken(sums, x, given(x));
  return sums;
}

describe('the linear part of an error (methods B3)', () => {
  it('is all of it where x̂ = 0.9 x: R² is 1, nothing is left, and FVU is 0.01', async () => {
    const given = (x: Float32Array): Float32Array => x.map((value) => 0.9 * value);
    const [fitted, heldOut] = [sumsOf(rows(400), given), sumsOf(rows(400), given)];
    const fit = await fitError(fitted);
    const judged = await judgeFit(fit, heldOut);
    expect(judged.r2).toBeCloseTo(1, 6);
    expect(judged.linearShare).toBeCloseTo(1, 6);
    expect(judged.fvuNonlinear).toBeLessThan(1e-8);
    expect(judged.fvu).toBeCloseTo(0.01, 3);
    // B = 0.1 times the identity.
    const unit = linearPart(fit, Float32Array.of(0, 1, 0, 0, 0, 0));
    expect(Array.from(unit, (value) => Number(value.toFixed(5)) + 0)).toEqual([0, 0.1, 0, 0, 0, 0]);
  });

  it('is none of it where the error does not depend on x: held out it even costs', async () => {
    const given = (x: Float32Array): Float32Array => x.map((value) => value - draw());
    const judged = await judgeFit(await fitError(sumsOf(rows(300), given)), sumsOf(rows(300), given));
    expect(Math.abs(judged.r2)).toBeLessThan(0.1);
    const seen = sumsOf(rows(40), given);
    const onItself = await judgeFit(await fitError(seen), seen);
    expect(onItself.r2).toBeGreaterThan(0.05);
  });

  it('says what the sums over squares say, computed token by token', async () => {
    const given = (x: Float32Array): Float32Array =>
      x.map((value, at) => value - 0.3 * (x[(at + 1) % WIDTH] as number) - 0.2 * (x[0] as number) ** 2);
    const [fitTokens, heldOut] = [rows(200), rows(150)];
    const fit = await fitError(sumsOf(fitTokens, given));
    const judged = await judgeFit(fit, sumsOf(heldOut, given));
    const mean = Array.from({ length: WIDTH }, (_, at) => heldOut.reduce((sum, x) => sum + (x[at] as number), 0) / 150);
    let [left, whole, spread] = [0, 0, 0];
    for (const x of heldOut) {
      const [made, linear] = [given(x), linearPart(fit, x)];
      x.forEach((value, at) => {
        const error = value - (made[at] as number);
        whole += error ** 2;
        left += (error - (linear[at] as number)) ** 2;
        spread += (value - (mean[at] as number)) ** 2;
      });
    }
    expect(judged.linearShare).toBeCloseTo(1 - left / whole, 5);
    expect(judged.fvu).toBeCloseTo(whole / spread, 5);
    expect(judged.fvuNonlinear).toBeCloseTo(left / spread, 5);
  });

  it('is found although a direction is never used', async () => {
    const flat = (count: number): Float32Array[] =>
      rows(count).map((x) => x.map((value, at) => (at === 2 ? (x[1] as number) : value)));
    const given = (x: Float32Array): Float32Array => x.map((value) => 0.5 * value);
    const judged = await judgeFit(await fitError(sumsOf(flat(300), given)), sumsOf(flat(300), given));
    expect(judged.linearShare).toBeCloseTo(1, 5);
  });
});
