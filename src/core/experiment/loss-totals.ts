/** What a sweep lost, input by input, and what follows from two of them. */
import { randomStream } from '../dataset/random.js';
import { total } from '../summary/counts.js';
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

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

const RESAMPLES = 200;
const SEED = 1;

/**
 * The middle 95 % of the increase over 200 resamples of the inputs with replacement, seeded (methods section 1, C3).
 * Undefined on one input, which resamples to itself.
 */
export function bootstrapInterval(kind: LossKind, changed: LossTotals, clean: LossTotals): Interval | undefined {
  const inputs = changed.sums.length;
  if (inputs < 2) return undefined;
  const next = randomStream(SEED, 'bootstrap', 0);
  const increases = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const sums = { changed: 0, clean: 0 };
    let counted = 0;
    for (let draw = 0; draw < inputs; draw++) {
      const input = Math.floor(next() * inputs);
      sums.changed += changed.sums[input] as number;
      sums.clean += clean.sums[input] as number;
      counted += changed.counts[input] as number;
    }
    const one = (sum: number): LossTotals => ({ sums: Float64Array.of(sum), counts: Float64Array.of(counted) });
    increases[resample] = lossIncrease(kind, one(sums.changed), one(sums.clean));
  }
  const sorted = increases.filter((each) => !Number.isNaN(each)).sort();
  if (sorted.length === 0) return undefined;
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  return { lower: at(0.025), upper: at(0.975) };
}
