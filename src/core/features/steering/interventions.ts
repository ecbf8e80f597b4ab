/** What a person asks to be done to features, and what that means in numbers. */
import { problem } from '../../errors.js';

/** Add an amount to a feature, set it to one, or take it away (set it to 0). */
export interface Intervention {
  readonly feature: number;
  readonly kind: 'add' | 'set' | 'ablate';
  /** Not read of `ablate`. */
  readonly amount: number;
  /** What the amount is in: activations, or times the largest activation that the pass over the inputs saw. */
  readonly unit: 'absolute' | 'maximum';
}

/** a′ = (1 + less) a + put. */
export interface Change {
  readonly feature: number;
  readonly less: number;
  readonly put: number;
}

/** More features at once say nothing that a person can follow. */
export const MOST_INTERVENTIONS = 64;

/**
 * @param maximum largest activation of each feature, 0 where it never fired.
 * @throws ProblemError `not-applicable` for a feature that there is not, or that never fired where its maximum is the
 *   unit; one that is named twice; an amount that is no finite number.
 */
export function changesOf(interventions: readonly Intervention[], maximum: Float32Array): readonly Change[] {
  if (interventions.length > MOST_INTERVENTIONS) {
    throw problem('not-applicable', `At most ${MOST_INTERVENTIONS} features are changed at once.`);
  }
  const seen = new Set<number>();
  return interventions.map(({ feature, kind, amount, unit }) => {
    if (!Number.isInteger(feature) || feature < 0 || feature >= maximum.length) {
      throw problem('not-applicable', `There is no feature ${feature}: they are 0 to ${maximum.length - 1}.`);
    }
    if (seen.has(feature)) {
      throw problem('not-applicable', `Feature ${feature} is changed twice.`, { remedy: 'Keep one of the changes.' });
    }
    seen.add(feature);
    if (kind === 'ablate') return { feature, less: -1, put: 0 };
    const largest = maximum[feature] as number;
    if (unit === 'maximum' && largest === 0) {
      throw problem('not-applicable', `Feature ${feature} fired on none of the tokens: it has no maximum.`, {
        remedy: 'Give the amount as an activation.',
      });
    }
    const put = unit === 'maximum' ? amount * largest : amount;
    if (!Number.isFinite(Math.fround(put))) {
      throw problem('not-applicable', `Feature ${feature} cannot be changed by “${amount}”.`, {
        remedy: 'Give a number.',
      });
    }
    return { feature, less: kind === 'set' ? -1 : 0, put };
  });
}
