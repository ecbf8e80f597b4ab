/** How much can be skipped at a loss of p %: PPL-p% (methods C2; "Sparsing Law", Luo et al. 2024/25). */
import type { LossKind } from '../../experiment/loss-measure.js';
import { lossIncrease, type LossTotals } from '../../experiment/loss-totals.js';
import type { Skipped } from './skipping.js';

/** The answer is known when a target was measured to exceed the budget that skips no more than this share more. */
export const KNOWN_TO = 0.0025;
/** Networks that are run at most, and as a rule. */
export const MOST_STEPS = 16;
export const USUAL_STEPS = 6;
/** Targets are whole parts of this. */
const PARTS = 4096;
/** Where to begin, in parts: the CETT that “ReLU² Wins” takes for granted is 0.2 (Zhang et al. 2024). */
const FIRST = 819;
/** How much further to look, at least, where all that was measured lies on one side of the budget. */
const LEAST_FACTOR = 1.25;
/** Which power of the target the loss rises with, as long as too little is measured to tell. */
const USUAL_POWER = 3;

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

/** Parts between which the answer lies: `low` keeps within the budget, `high` does not. */
interface Bracket {
  readonly low: number;
  readonly high: number;
  /** As they were measured; the ends of [0, 1] are not. */
  readonly within?: SearchStep;
  readonly beyond?: SearchStep;
}

/**
 * Searches a target in [0, 1] that is the same for all layers. The loss is taken to rise with a power of the target, so
 * that few networks need to be run. It need not rise everywhere: the answer is a target that was measured to keep within
 * the budget, by a network that runs with these thresholds, and one little above it was measured not to.
 * @param at runs the network with a target; undefined when cancelled.
 * @param budget p: how much worse the network may get, as a share.
 * @returns undefined when cancelled before anything kept within the budget.
 */
export async function searchTarget(
  kind: LossKind,
  clean: LossTotals,
  at: (target: number, step: number) => Promise<Skipped | undefined>,
  { budget, steps: most = MOST_STEPS }: { readonly budget: number; readonly steps?: number },
): Promise<Search | undefined> {
  const steps: SearchStep[] = [];
  const measure = async (part: number): Promise<SearchStep | undefined> => {
    const target = part / PARTS;
    const skipped = await at(target, steps.length);
    if (skipped === undefined) return undefined;
    const measured = { target, skipped, increase: lossIncrease(kind, skipped.totals, clean) };
    steps.push(measured);
    return measured;
  };
  let bracket: Bracket = { low: 0, high: PARTS };
  /** Widths of the bracket, step by step. */
  const widths = [PARTS];
  while (steps.length < most && !isKnown(bracket)) {
    const part = nextPart(bracket, steps, { widths, budget, left: most - steps.length });
    const measured = await measure(part);
    if (measured === undefined) return searched(steps, bracket.within, true);
    bracket =
      measured.increase <= budget
        ? { ...bracket, low: part, within: measured }
        : { ...bracket, high: part, beyond: measured };
    widths.push(bracket.high - bracket.low);
  }
  // Where not even the smallest target kept within it: what is skipped at 0 changes nothing but rounding.
  return searched(steps, bracket.within ?? (await measure(0)), false);
}

function searched(steps: readonly SearchStep[], best: SearchStep | undefined, isCut: boolean): Search | undefined {
  return best === undefined ? undefined : { steps, best, isCut };
}

function isKnown({ low, high, within, beyond }: Bracket): boolean {
  if (high - low <= 1) return true;
  return within !== undefined && beyond !== undefined && sparsityBetween(within, beyond) <= KNOWN_TO;
}

function sparsityBetween(within: SearchStep, beyond: SearchStep): number {
  return beyond.skipped.sparsity - within.skipped.sparsity;
}

/** The part to measure next, inside the bracket. @param left steps that may be taken. */
function nextPart(
  bracket: Bracket,
  steps: readonly SearchStep[],
  { widths, budget, left }: { readonly widths: readonly number[]; readonly budget: number; readonly left: number },
): number {
  const { low, high, within, beyond } = bracket;
  if (steps.length === 0) return FIRST;
  const expected = expectedPart(steps, budget) ?? 4 * low;
  const inside = (part: number, margin: number): number => Math.min(high - margin, Math.max(low + margin, part));
  if (beyond === undefined) return inside(Math.round(Math.max(expected, LEAST_FACTOR * low)), 1);
  if (within === undefined) return inside(Math.round(Math.min(expected, high / LEAST_FACTOR)), 1);
  const width = high - low;
  // Closer to an end than this, the answer would be known if the loss met the budget in between: so far can be gone.
  const closest = (KNOWN_TO * width) / sparsityBetween(within, beyond);
  // Losses of few inputs are ragged: where the power law does not help, halving does.
  if (2 * width > (widths.at(-3) ?? Infinity) || width > closest * 2 ** (left - 1)) return Math.floor((low + high) / 2);
  return inside(Math.round(expected), Math.max(1, Math.min(Math.floor(closest), Math.floor(width / 2))));
}

/** Where the loss meets the budget, by the power law through the two steps nearest to it. */
function expectedPart(steps: readonly SearchStep[], budget: number): number | undefined {
  const [one, other] = steps
    .map(({ target, increase }) => ({ target: Math.log(target), excess: Math.log(increase / budget) }))
    .filter(({ excess }) => Number.isFinite(excess))
    .sort((a, b) => Math.abs(a.excess) - Math.abs(b.excess));
  if (one === undefined) return undefined;
  const power = other === undefined ? NaN : (other.excess - one.excess) / (other.target - one.target);
  return PARTS * Math.exp(one.target - one.excess / (power > 0 ? power : USUAL_POWER));
}
