import { describe, expect, it } from 'vitest';
import { followedOf } from '../../../src/core/features/followed.js';

describe('what really came after tokens that are shown', () => {
  const effects = Float32Array.of(0.5, -1, 2);
  const textOf = (token: number): string => `t${token}`;

  it('is read at their positions in the whole input; none where nothing follows, or has no score', () => {
    // Shown are positions 1 to 5 of an input whose targets are known up to position 4.
    const found = followedOf({ first: 1, count: 5 }, Int32Array.of(0, 2, -1, 3, 1), effects, textOf, undefined);
    expect([...found.tokens]).toEqual([2, -1, -1, 1, -1]);
    expect(found.texts).toEqual(['t2', '', '', 't1', '']);
    expect([...found.effects]).toEqual([2, NaN, NaN, -1, NaN]);
    expect(found.gains).toBeUndefined();
  });

  it('comes with the factors of the dictionary’s normalisation at these positions', () => {
    const gains = Float32Array.of(9, 1, 2, 8);
    const found = followedOf({ first: 1, count: 2 }, Int32Array.of(0, 0, 0, 0), effects, textOf, gains);
    expect([...(found.gains ?? [])]).toEqual([1, 2]);
  });
});
