/**
 * Outputs that a circuit explains (formats 3.5): the fewest tokens that hold a share of the probability at the last
 * position, each as its logit without the mean over the vocabulary, which the softmax ignores.
 */
import { problem } from '../errors.js';

export interface OutputTarget {
  readonly token: number;
  /** Whose logit is taken off; absent: the mean over the vocabulary. */
  readonly minus?: number;
  /** Of the token. */
  readonly probability: number;
  readonly position: number;
  /** Over the vocabulary, at the position. */
  readonly direction: Float32Array;
  /** The direction's product with the logits. */
  readonly value: number;
  /** How much it counts: its probability, or 1 where it is the only one. */
  readonly weight: number;
}

export const OUTPUT_SHARE = 0.95;
export const MOST_OUTPUTS = 10;

/** @param logits [positions, vocabulary]. */
export function outputTargets(logits: Float32Array, positions: number, position = positions - 1): OutputTarget[] {
  const { vocabulary, row, probabilities } = at(logits, positions, position);
  const mean = row.reduce((sum, logit) => sum + logit, 0) / vocabulary;
  const targets: OutputTarget[] = [];
  let held = 0;
  for (const { token, probability } of mostLikely(probabilities, MOST_OUTPUTS)) {
    if (held >= OUTPUT_SHARE) break;
    held += probability;
    const direction = new Float32Array(vocabulary).fill(-1 / vocabulary);
    direction[token] = 1 - 1 / vocabulary;
    targets.push({
      token,
      probability,
      position,
      direction,
      value: (row[token] as number) - mean,
      weight: probability,
    });
  }
  return targets;
}

/** How much larger the logit of one token is than that of another: log p(token) − log p(minus). */
export function differenceTarget(
  logits: Float32Array,
  positions: number,
  position: number,
  token: number,
  minus: number,
): OutputTarget {
  const { vocabulary, row, probabilities } = at(logits, positions, position);
  for (const each of [token, minus]) {
    if (!Number.isInteger(each) || each < 0 || each >= vocabulary)
      throw problem('not-applicable', `There is no token ${each}: the model knows 0 to ${vocabulary - 1}.`);
  }
  if (token === minus) {
    throw problem('not-applicable', 'Both tokens are the same: their difference is zero.', {
      remedy: 'Choose two tokens.',
    });
  }
  const direction = new Float32Array(vocabulary);
  direction[token] = 1;
  direction[minus] = -1;
  return {
    token,
    minus,
    probability: probabilities[token] as number,
    position,
    direction,
    value: (row[token] as number) - (row[minus] as number),
    weight: 1,
  };
}

/** The likely next tokens at a position, the likeliest first. @param logits [positions, vocabulary]. */
export function likelyTokens(
  logits: Float32Array,
  positions: number,
  position: number,
  most: number,
): readonly { readonly token: number; readonly probability: number }[] {
  return mostLikely(at(logits, positions, position).probabilities, most);
}

function mostLikely(probabilities: Float64Array, most: number): { token: number; probability: number }[] {
  return Array.from(probabilities, (probability, token) => ({ token, probability }))
    .sort((a, b) => b.probability - a.probability || a.token - b.token)
    .slice(0, most);
}

function at(
  logits: Float32Array,
  positions: number,
  position: number,
): { vocabulary: number; row: Float32Array; probabilities: Float64Array } {
  const vocabulary = logits.length / positions;
  const row = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
  const largest = row.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const exponentials = Float64Array.from(row, (logit) => Math.exp(logit - largest));
  const total = exponentials.reduce((sum, each) => sum + each, 0);
  return { vocabulary, row, probabilities: exponentials.map((each) => each / total) };
}
