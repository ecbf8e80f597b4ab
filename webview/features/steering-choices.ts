/** What a person chose to change, and how the text is written on. */
import type { Intervention } from '../../src/protocol/steering.js';

export interface SteeringChoices {
  readonly interventions: readonly Intervention[];
  /** Tokens of the prompt; undefined: all of them, also those that are written on. */
  readonly positions: readonly number[] | undefined;
  /** Tokens that are written on; 0: none. */
  readonly tokens: number;
  readonly temperature: number;
  readonly seed: number;
}

export const NO_STEERING: SteeringChoices = {
  interventions: [],
  positions: undefined,
  tokens: 20,
  temperature: 0,
  seed: 1,
};

/** A feature that is changed from now on: twice its largest activation is added, which is mostly seen. */
export function withFeature(choices: SteeringChoices, feature: number, maximum: number): SteeringChoices {
  if (choices.interventions.some((each) => each.feature === feature)) return choices;
  const added: Intervention =
    maximum > 0
      ? { feature, kind: 'add', amount: 2, unit: 'maximum' }
      : { feature, kind: 'add', amount: 1, unit: 'absolute' };
  return { ...choices, interventions: [...choices.interventions, added] };
}
