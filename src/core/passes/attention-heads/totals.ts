/** Scores of heads from what a run gave: sums over all queries of all inputs, divided once. */
import { COUNTS, SUMS, type Counted, type Sum } from './write-scores.js';

/** What one head looks at: means over the queries of all inputs on which its pattern is finite. NaN where there are none. */
export interface HeadScores {
  /** Mean of p[t, t]. */
  readonly self: number;
  /** Mean of p[t, t − 1] over t ≥ 1. */
  readonly previous: number;
  /** Mean attention to the first position over t ≥ 1: sink mass. */
  readonly first: number;
  /** Mean over t ≥ 1, in nats. */
  readonly entropy: number;
  /** Mean of entropy ÷ ln(allowed positions), over t ≥ 1 with two of them or more. */
  readonly evenness: number;
  /** Mean and variance of |t − k| under the attention of all queries together, in positions. */
  readonly distance: number;
  readonly distanceVariance: number;
  /**
   * Mean, over tokens that occurred earlier in the same input, of the attention to the positions right behind these
   * occurrences.
   */
  readonly induction: number;
  /** Attention that lies on positions that hold tokens, mean over queries: 1 where patterns add up to 1. */
  readonly mass: number;
  /** Inputs left out because the pattern is not finite there. */
  readonly leftOut: number;
  /** Queries (tokens) that `self` and, of these, that `induction` rest on. */
  readonly queries: number;
  readonly repeated: number;
}

export interface PatternTotals {
  readonly heads: number;
  /** Row-major [heads + 1, sums] and [heads + 1, counts]; the last row is even attention. */
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  readonly leftOut: Float64Array;
}

export function createTotals(heads: number): PatternTotals {
  const rows = heads + 1;
  return {
    heads,
    sums: new Float64Array(rows * SUMS.length),
    counts: new Float64Array(rows * COUNTS.length),
    leftOut: new Float64Array(rows),
  };
}

/**
 * @param sums row-major [examples or more, heads + 1, sums or all but the last]. @param counts [examples or more, counts or
 *   all but the last]. @param examples of the batch, without padding rows.
 */
export function foldTotals(
  totals: PatternTotals,
  sums: Float32Array,
  counts: Float32Array,
  examples: number,
  hasTokens: boolean,
): void {
  const rows = totals.heads + 1;
  const [sumsHere, countsHere] = [SUMS.length, COUNTS.length].map((all) => (hasTokens ? all : all - 1)) as [
    number,
    number,
  ];
  for (let example = 0; example < examples; example++) {
    let finite = 0;
    for (let row = 0; row < rows; row++) {
      const start = (example * rows + row) * sumsHere;
      const own = sums.subarray(start, start + sumsHere);
      // Where no head is finite nothing is known of what even attention may look at.
      if (!own.every(Number.isFinite) || (row === totals.heads && finite === 0)) {
        totals.leftOut[row] = (totals.leftOut[row] as number) + 1;
        continue;
      }
      finite++;
      own.forEach((value, at) => add(totals.sums, row * SUMS.length + at, value));
      for (let at = 0; at < countsHere; at++)
        add(totals.counts, row * COUNTS.length + at, counts[example * countsHere + at] as number);
    }
  }
}

function add(into: Float64Array, at: number, value: number): void {
  into[at] = (into[at] as number) + value;
}

export function scoresOf(totals: PatternTotals): { readonly heads: readonly HeadScores[]; readonly even: HeadScores } {
  const rows = Array.from({ length: totals.heads + 1 }, (_, row): HeadScores => {
    const sum = (of: Sum): number => totals.sums[row * SUMS.length + SUMS.indexOf(of)] as number;
    const count = (of: Counted): number => totals.counts[row * COUNTS.length + COUNTS.indexOf(of)] as number;
    const mean = (of: Sum, over: number): number => (over > 0 ? sum(of) / over : NaN);
    const distance = mean('distance', sum('mass'));
    return {
      self: mean('self', count('queries')),
      previous: mean('previous', count('later')),
      first: mean('first', count('later')),
      entropy: mean('entropy', count('later')),
      evenness: mean('evenness', count('choosing')),
      distance,
      // The difference of two sums may fall under 0 by rounding.
      distanceVariance: Math.max(0, mean('squaredDistance', sum('mass')) - distance ** 2),
      induction: mean('induction', count('repeated')),
      mass: mean('mass', count('queries')),
      leftOut: totals.leftOut[row] as number,
      queries: count('queries'),
      repeated: count('repeated'),
    };
  });
  return { heads: rows.slice(0, -1), even: rows.at(-1) as HeadScores };
}
