import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../../src/core/errors.js';
import {
  divergence,
  largest,
  logProbabilities,
  mostProbable,
  sampled,
} from '../../../src/core/features/steering/distribution.js';
import { continueText } from '../../../src/core/features/steering/generate.js';

const scores = (...probabilities: number[]): Float32Array => Float32Array.from(probabilities, Math.log);

describe('distributions', () => {
  it('KL by hand: ½ ln(½ / ¼) + ½ ln(½ / ¾)', () => {
    const found = divergence(logProbabilities(scores(0.5, 0.5)), logProbabilities(scores(0.25, 0.75)));
    expect(found).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 7);
    const same = logProbabilities(Float32Array.of(3, -2, 700));
    expect(divergence(same, same)).toBe(0);
    expect(
      divergence(logProbabilities(Float32Array.of(0, -Infinity)), logProbabilities(Float32Array.of(0, 0))),
    ).toBeCloseTo(Math.log(2), 12);
  });

  it('the most probable of before and after, each once', () => {
    const shown = mostProbable(scores(0.6, 0.3, 0.1), scores(0.1, 0.2, 0.7), 1);
    expect(shown.map(({ index }) => index)).toEqual([0, 2]);
    expect(shown[1]?.probability.after).toBeCloseTo(0.7, 6);
    expect(shown[1]?.score.before).toBeCloseTo(Math.log(0.1), 6);
  });

  it('sampling takes the first whose cumulated share is above the number drawn', () => {
    const of = (u: number): number => sampled(scores(0.2, 0.5, 0.3), 1, u);
    expect([0, 0.19, 0.21, 0.69, 0.71, 0.999].map(of)).toEqual([0, 0, 1, 1, 2, 2]);
    // Temperature ½ squares: 0.04, 0.25, 0.09 of 0.38.
    expect([0.1, 0.11].map((u) => sampled(scores(0.2, 0.5, 0.3), 0.5, u))).toEqual([0, 1]);
    expect(largest(Float32Array.of(1, 3, 3))).toBe(1);
  });
});

describe('writing on', () => {
  /** The next token is the sum of all, mod 5; of equal use to count calls. */
  const next = async (ids: readonly number[]): Promise<Float32Array> => {
    const best = ids.reduce((a, b) => a + b, 0) % 5;
    return Float32Array.from({ length: 5 }, (_, at) => (at === best ? 2 : 0));
  };
  const signal = new AbortController().signal;
  const onToken = (): void => undefined;

  it('takes the most probable at temperature 0', async () => {
    const { ids, stopped } = await continueText([1], next, { tokens: 4, temperature: 0, seed: 1 }, { signal, onToken });
    expect(ids).toEqual([1, 2, 4, 3]);
    expect(stopped).toBeUndefined();
  });

  it('samples the same with the same seed, and otherwise with another', async () => {
    const of = async (seed: number) =>
      (await continueText([1], next, { tokens: 30, temperature: 2, seed }, { signal, onToken })).ids;
    expect(await of(7)).toEqual(await of(7));
    expect(await of(7)).not.toEqual(await of(8));
  });

  it('stops at the end of the text, where the context is full, and when cancelled', async () => {
    const options = { tokens: 9, temperature: 0, seed: 1 };
    expect(await continueText([1], next, options, { end: 4, signal, onToken })).toEqual({
      ids: [1, 2, 4],
      stopped: 'end of text',
    });
    const short = async (ids: readonly number[]) => (ids.length > 2 ? undefined : next(ids));
    expect(await continueText([1], short, options, { signal, onToken })).toEqual({
      ids: [1, 2],
      stopped: 'context full',
    });
    const controller = new AbortController();
    const cancelled = continueText([1], next, options, {
      signal: controller.signal,
      onToken: () => controller.abort(),
    });
    await expect(cancelled).rejects.toThrow(CancelledError);
  });
});
