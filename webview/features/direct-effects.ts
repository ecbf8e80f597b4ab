/** What a feature does to scores directly at one token: as strong as it is there. */
import type { Excerpt, FeatureDetail, TokenEffect } from '../../src/protocol/features.js';

export interface DirectEffects {
  /** Largest and smallest first. */
  readonly raised: readonly TokenEffect[];
  readonly lowered: readonly TokenEffect[];
  /** On the token that really came next; absent where none is known. */
  readonly followed?: TokenEffect;
}

/**
 * f × gain × the logit effect of one unit, where gain is what undoing the dictionary's normalisation multiplies with.
 * @param at of the tokens that are shown.
 */
export function directEffects(
  logits: NonNullable<FeatureDetail['logits']>,
  { activations, followed }: Pick<Excerpt, 'activations' | 'followed'>,
  at: number,
  most: number,
): DirectEffects {
  const amount = (activations[at] ?? 0) * (followed?.gains?.[at] ?? 1);
  const scaled = (effects: readonly TokenEffect[]): readonly TokenEffect[] =>
    effects.slice(0, most).map((each) => ({ ...each, effect: amount * each.effect }));
  // What a feature raises it lowers where it is below 0.
  const [up, down] = amount < 0 ? [logits.bottom, logits.top] : [logits.top, logits.bottom];
  const token = followed?.tokens[at] ?? -1;
  const unit = followed?.effects[at] ?? NaN;
  return {
    raised: scaled(up),
    lowered: scaled(down),
    ...(token < 0 || Number.isNaN(unit)
      ? {}
      : { followed: { token, text: followed?.texts[at] ?? '', effect: amount * unit } }),
  };
}
