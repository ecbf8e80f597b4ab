/** Distributions over next tokens or classes, from scores: all sums in float64. */

/** ln softmax(scores). */
export function logProbabilities(scores: Float32Array): Float64Array {
  let most = -Infinity;
  for (const score of scores) most = Math.max(most, score);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - most);
  const offset = most + Math.log(sum);
  return Float64Array.from(scores, (score) => score - offset);
}

/** KL(p ‖ q) = Σ p (ln p − ln q), in nats; terms with p = 0 are 0. */
export function divergence(logP: Float64Array, logQ: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < logP.length; at++) {
    const p = Math.exp(logP[at] as number);
    if (p > 0) sum += p * ((logP[at] as number) - (logQ[at] as number));
  }
  // Rounding may leave what is 0 a little below it.
  return Math.max(0, sum);
}

/** The first of the largest. */
export function largest(scores: Float32Array): number {
  let best = 0;
  for (let at = 1; at < scores.length; at++) if ((scores[at] as number) > (scores[best] as number)) best = at;
  return best;
}

/** One of the classes with probability softmax(scores / temperature): the first whose cumulated share is above u. */
export function sampled(scores: Float32Array, temperature: number, u: number): number {
  const logs = logProbabilities(scores.map((score) => score / temperature));
  let below = 0;
  for (let at = 0; at < logs.length; at++) {
    below += Math.exp(logs[at] as number);
    if (u < below) return at;
  }
  return largest(scores);
}

export interface Choice {
  /** Token or class. */
  readonly index: number;
  readonly probability: { readonly before: number; readonly after: number };
  readonly score: { readonly before: number; readonly after: number };
}

/** The most probable before, and after, most probable before first. */
export function mostProbable(before: Float32Array, after: Float32Array, count: number): readonly Choice[] {
  const [logP, logQ] = [logProbabilities(before), logProbabilities(after)];
  const top = (logs: Float64Array): number[] =>
    [...logs.keys()].sort((a, b) => (logs[b] as number) - (logs[a] as number) || a - b).slice(0, count);
  const shown = [...new Set([...top(logP), ...top(logQ)])];
  return shown
    .map((index) => ({
      index,
      probability: { before: Math.exp(logP[index] as number), after: Math.exp(logQ[index] as number) },
      score: { before: before[index] as number, after: after[index] as number },
    }))
    .sort((a, b) => b.probability.before - a.probability.before || a.index - b.index);
}
