/** What every attribution says: how much each element of the start gave to one output, and what is missing of the whole. */

export interface Attribution {
  /** Position of the explained element in the end. */
  readonly output: number;
  /** What the model computed there, and what it is compared with: 0, or the output at the baseline. */
  readonly value: number;
  readonly reference: number;
  /** By element of the start, in its own order. */
  readonly scores: Float32Array;
  readonly sum: number;
  /** Σ|scores|: how much of them cancels out. */
  readonly magnitude: number;
  /** What biases gave; 0 for a method without a ledger. */
  readonly biasSum: number;
  /** value − reference − sum − biasSum: what the method leaves unexplained (methods H2; H3 has it with the other sign). */
  readonly gap: number;
}

/** @param scores in full precision; what they add up to is not rounded. */
export function attributionOf(given: {
  readonly output: number;
  readonly value: number;
  readonly reference?: number;
  readonly scores: Float64Array;
  readonly biasSum?: number;
}): Attribution {
  const { output, value, scores, reference = 0, biasSum = 0 } = given;
  let [sum, magnitude] = [0, 0];
  for (const score of scores) {
    sum += score;
    magnitude += Math.abs(score);
  }
  return {
    output,
    value,
    reference,
    scores: Float32Array.from(scores),
    sum,
    magnitude,
    biasSum,
    gap: value - reference - sum - biasSum,
  };
}
