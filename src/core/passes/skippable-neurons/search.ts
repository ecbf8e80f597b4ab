/** How much can be skipped at a loss of p %: PPL-p% (methods C2; "Sparsing Law", Luo et al. 2024/25). */
import type { LossKind } from '../../experiment/loss-measure.js';
import { lossIncrease, type LossTotals } from '../../experiment/loss-totals.js';
import type { Skipped } from './skipping.js';

/** p: how much worse the network may get, as a share. */
export const BUDGET = 0.01;
/** Halvings of [0, 1]: the target is found to 1/4096. */
export const STEPS = 12;

export interface SearchStep {
  /** What was asked for: CETT of every layer, or the share of every layer that is skipped. */
  readonly target: number;
  readonly skipped: Skipped;
  readonly increase: number;
}

export interface Search {
  /** In the order in which they were measured. */
  readonly steps: readonly SearchStep[];
  /** The highest target that was measured and kept the loss within the budget. */
  readonly best: SearchStep;
  /** Cancelled before the last step: the best so far. */
  readonly isCut: boolean;
}

/**
 * Bisection on a target in [0, 1] that is the same for all layers. The loss need not rise everywhere with the target; the
 * answer is a target that was measured to keep within the budget, by a network that runs with these thresholds.
 * @param at runs the network with a target; undefined when cancelled.
 * @returns undefined when cancelled before anything kept within the budget.
 */
export async function searchTarget(
  kind: LossKind,
  clean: LossTotals,
  at: (target: number, step: number) => Promise<Skipped | undefined>,
  { budget = BUDGET, steps: most = STEPS } = {},
): Promise<Search | undefined> {
  const steps: SearchStep[] = [];
  let best: SearchStep | undefined;
  let [low, high] = [0, 1];
  let isCut = false;
  for (let step = 0; step < most; step++) {
    const target = (low + high) / 2;
    const skipped = await at(target, step);
    if (skipped === undefined) {
      isCut = true;
      break;
    }
    const increase = lossIncrease(kind, skipped.totals, clean);
    const measured = { target, skipped, increase };
    steps.push(measured);
    if (increase <= budget) {
      best = measured;
      low = target;
    } else high = target;
  }
  if (best === undefined && !isCut) {
    // Not even the smallest target kept within it: what is skipped at 0 changes nothing but rounding.
    const skipped = await at(0, most);
    if (skipped !== undefined) {
      best = { target: 0, skipped, increase: lossIncrease(kind, skipped.totals, clean) };
      steps.push(best);
    }
  }
  return best === undefined ? undefined : { steps, best, isCut };
}
