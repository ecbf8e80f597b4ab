/** What really came after the tokens that are shown, and what a feature does directly to the scores of that. */

export interface Followed {
  /** Of each token shown the id that comes next; −1 where none is known or can be foreseen. */
  readonly tokens: Int32Array;
  /** "" where none is. */
  readonly texts: readonly string[];
  /** What one unit of the feature adds directly to its score (as logit effects are); NaN where there is none. */
  readonly effects: Float32Array;
  /** By token shown, what undoing the dictionary’s normalisation multiplies what it writes with; absent: 1. */
  readonly gains?: Float32Array;
}

/**
 * @param shown where the tokens that are shown begin in their input, and how many they are.
 * @param next of every position of the input. @param effects of all tokens that have a score. @param gains by position.
 */
export function followedOf(
  shown: { readonly first: number; readonly count: number },
  next: Int32Array,
  effects: Float32Array,
  textOf: (token: number) => string,
  gains: Float32Array | undefined,
): Followed {
  const { first, count } = shown;
  const tokens = Int32Array.from({ length: count }, (_, at) => {
    const token = next[first + at] ?? -1;
    return token < effects.length ? token : -1;
  });
  return {
    tokens,
    texts: Array.from(tokens, (token) => (token < 0 ? '' : textOf(token))),
    effects: Float32Array.from(tokens, (token) => effects[token] ?? NaN),
    ...(gains === undefined ? {} : { gains: gains.slice(first, first + count) }),
  };
}
