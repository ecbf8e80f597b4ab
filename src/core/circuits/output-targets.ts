/**
 * Outputs that a circuit explains (formats 3.5): the fewest tokens that hold a share of the probability at the last
 * position, each as its logit without the mean over the vocabulary, which the softmax ignores.
 */
export interface OutputTarget {
  readonly token: number;
  readonly probability: number;
  readonly position: number;
  /** Over the vocabulary, at the position. */
  readonly direction: Float32Array;
  /** The direction's product with the logits. */
  readonly value: number;
  /** How much it counts: its probability. */
  readonly weight: number;
}

export const OUTPUT_SHARE = 0.95;
export const MOST_OUTPUTS = 10;

/** @param logits [positions, vocabulary]. */
export function outputTargets(logits: Float32Array, positions: number, position = positions - 1): OutputTarget[] {
  const vocabulary = logits.length / positions;
  const row = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
  const largest = row.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const exponentials = Float64Array.from(row, (logit) => Math.exp(logit - largest));
  const total = exponentials.reduce((sum, each) => sum + each, 0);
  const mean = row.reduce((sum, logit) => sum + logit, 0) / vocabulary;
  const order = Array.from({ length: vocabulary }, (_, token) => token).sort(
    (a, b) => (exponentials[b] as number) - (exponentials[a] as number),
  );
  const targets: OutputTarget[] = [];
  let held = 0;
  for (const token of order.slice(0, MOST_OUTPUTS)) {
    if (held >= OUTPUT_SHARE) break;
    const probability = (exponentials[token] as number) / total;
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
