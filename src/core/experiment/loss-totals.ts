/** What a sweep lost, input by input, and what follows from two of them. */
import { total } from '../summary/counts.js';
import { addToResamples, createResamples, intervalOf, type Interval } from '../summary/resamples.js';
import type { LossKind } from './loss-measure.js';

/** In the order in which inputs were seen: 16 bytes per input and sweep. */
export interface LossTotals {
  /** Sum of the losses of an input. */
  readonly sums: Float64Array;
  /** Losses in the sum: known next tokens, 1 for a label, positions that hold tokens. 0 where nothing is known. */
  readonly counts: Float64Array;
  /** Of them, how often the largest output was the right one; absent without labels. */
  readonly correct?: Float64Array;
}

/** Mean over everything counted, in nats (or, for the relative change, as a share); NaN where nothing was counted. */
export function meanLoss({ sums, counts }: LossTotals): number {
  return total(sums) / total(counts);
}

/** Share of the labels, or next tokens, that the largest output names. */
export function accuracy({ correct, counts }: LossTotals): number | undefined {
  return correct === undefined ? undefined : total(correct) / total(counts);
}

/**
 * How much worse a changed network is, as a share; 0 for the network itself.
 * Next tokens and labels: perplexity over the clean perplexity, less 1 = exp(CE changed − CE clean) − 1 (methods C2).
 * Divergence: exp(KL) − 1, the same with the clean network's own predictions for labels. Relative change: as it is.
 */
export function lossIncrease(kind: LossKind, changed: LossTotals, clean: LossTotals): number {
  if (kind === 'relative-change') return meanLoss(changed);
  return Math.expm1(meanLoss(changed) - (kind === 'divergence' ? 0 : meanLoss(clean)));
}

/**
 * Where 95 % of the increase lies over resamples of the inputs (methods section 1, C3). Undefined on one input, which
 * resamples to itself.
 */
export function increaseInterval(kind: LossKind, changed: LossTotals, clean: LossTotals): Interval | undefined {
  const resamples = createResamples();
  const isDifference = kind === 'next-token' || kind === 'class';
  changed.sums.forEach((sum, input) => {
    const numerator = isDifference ? sum - (clean.sums[input] as number) : sum;
    addToResamples(resamples, input, numerator, changed.counts[input] as number);
  });
  const interval = intervalOf(resamples);
  if (interval === undefined || kind === 'relative-change') return interval;
  // The increase grows with the difference of the means, so its ends are those of the difference.
  return { ...interval, low: Math.expm1(interval.low), high: Math.expm1(interval.high) };
}
