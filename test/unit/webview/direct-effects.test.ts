import { describe, expect, it } from 'vitest';
import { directEffects } from '../../../webview/features/direct-effects.js';

describe('what a feature does directly at one token', () => {
  const effect = (token: number, value: number) => ({ token, text: `t${token}`, effect: value });
  const logits = {
    top: [effect(1, 2), effect(2, 1)],
    bottom: [effect(3, -4), effect(4, -3)],
    histogram: { edges: [], counts: [] },
  };
  const followed = {
    tokens: Int32Array.of(7, -1, 8),
    texts: ['t7', '', 't8'],
    effects: Float32Array.of(0.5, NaN, -1),
    gains: Float32Array.of(1, 1, 3),
  };
  const told = (effects: readonly { readonly token: number; readonly effect: number }[]): number[][] =>
    effects.map(({ token, effect: value }) => [token, value]);

  it('is f, times what undoing the normalisation multiplies with, times the logit effects of one unit', () => {
    const activations = Float32Array.of(0.5, 2, 2);
    const first = directEffects(logits, { activations, followed }, 0, 5);
    expect(told(first.raised)).toEqual([
      [1, 1],
      [2, 0.5],
    ]);
    expect(told(first.lowered)).toEqual([
      [3, -2],
      [4, -1.5],
    ]);
    expect(first.followed).toEqual(effect(7, 0.25));
    const scaled = directEffects(logits, { activations, followed }, 2, 1);
    expect(told(scaled.raised)).toEqual([[1, 12]]);
    expect(scaled.followed).toEqual(effect(8, -6));
  });

  it('raises what one unit lowers where the feature is below 0', () => {
    const { raised, lowered } = directEffects(logits, { activations: Float32Array.of(-1) }, 0, 1);
    expect([...told(raised), ...told(lowered)]).toEqual([
      [3, 4],
      [1, -2],
    ]);
  });

  it('says nothing of what followed where that is not known', () => {
    const activations = Float32Array.of(0, 1, 0);
    expect(directEffects(logits, { activations, followed }, 1, 5).followed).toBeUndefined();
    expect(directEffects(logits, { activations }, 1, 5).followed).toBeUndefined();
  });
});
