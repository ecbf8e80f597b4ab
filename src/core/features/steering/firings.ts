/** Which features fire on one text, where, and which of them matter most. */
import { breather } from '../../breathe.js';
import { problem } from '../../errors.js';

/** Values that are not zero, token by token: value[i] is feature[i] at token[i]. */
export interface Firings {
  readonly tokens: number;
  readonly token: Int32Array;
  readonly feature: Int32Array;
  readonly value: Float32Array;
}

/** Beyond them a text is too long for a dictionary that fires so often. */
const MOST_FIRINGS = 2 ** 22;
/** Looked at between two looks at the clock. */
const FIRINGS_AT_ONCE = 2 ** 14;

export interface FiringsBuilder {
  /** @param activations row-major [rows, features] of tokens from `first` on. */
  add(activations: Float32Array, first: number): void;
  finish(tokens: number): Firings;
}

export function firingsBuilder(features: number): FiringsBuilder {
  const [token, feature, value]: [number[], number[], number[]] = [[], [], []];
  return {
    add(activations, first) {
      for (let at = 0; at < activations.length; at++) {
        const number = activations[at] as number;
        if (number === 0 || !Number.isFinite(number)) continue;
        token.push(first + Math.floor(at / features));
        feature.push(at % features);
        value.push(number);
      }
      if (value.length > MOST_FIRINGS) {
        const most = MOST_FIRINGS.toLocaleString('en-US');
        throw problem('not-applicable', `More than ${most} features fire on this text, all tokens together.`, {
          remedy: 'Choose a shorter text.',
        });
      }
    },
    finish: (tokens) => ({
      tokens,
      token: Int32Array.from(token),
      feature: Int32Array.from(feature),
      value: Float32Array.from(value),
    }),
  };
}

/**
 * `activation`: the largest first, by size. `rarity`: those that fire on the smallest share of the tokens of the pass
 * first. `effect`: the largest direct effect on the score of the predicted next token first, by size.
 */
export type Rank = 'activation' | 'rarity' | 'effect';

/** A feature at the token that its rank rests on. */
export interface RankedFeature {
  readonly feature: number;
  /** Place in the firings. */
  readonly firing: number;
}

/**
 * Features that fire at a token, or at any, each once: at the token where it is strongest (of `effect`: where the effect
 * is). Ties go to the larger activation, then to the smaller number.
 * @param density share of tokens of the pass that each feature fires on.
 * @param effects of each firing; needed for `effect`.
 * @throws CancelledError.
 */
export async function rankFeatures(
  { token, feature, value }: Firings,
  by: Rank,
  at: number | undefined,
  density: Float64Array,
  effects: Float64Array | undefined,
  signal?: AbortSignal,
): Promise<readonly RankedFeature[]> {
  const pause = breather(signal);
  const strength = (firing: number): number =>
    Math.abs((by === 'effect' ? effects?.[firing] : undefined) ?? (value[firing] as number));
  const best = new Map<number, number>();
  for (let firing = 0; firing < value.length; firing++) {
    if (firing % FIRINGS_AT_ONCE === 0) await pause();
    if (at !== undefined && token[firing] !== at) continue;
    const known = best.get(feature[firing] as number);
    if (known === undefined || strength(firing) > strength(known)) best.set(feature[firing] as number, firing);
  }
  const rarity = ({ feature: index }: RankedFeature): number => (by === 'rarity' ? (density[index] as number) : 0);
  return [...best]
    .map(([index, firing]) => ({ feature: index, firing }))
    .sort((a, b) => rarity(a) - rarity(b) || strength(b.firing) - strength(a.firing) || a.feature - b.feature);
}

/** Of one feature at all tokens. */
export function activationsOf({ tokens, token, feature, value }: Firings, wanted: number): Float32Array {
  const found = new Float32Array(tokens);
  feature.forEach((index, firing) => {
    if (index === wanted) found[token[firing] as number] = value[firing] as number;
  });
  return found;
}
