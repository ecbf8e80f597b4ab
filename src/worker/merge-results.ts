import type { RunResult } from '../core/passes/result.js';

/**
 * Keeps what an earlier run on the same inputs found by passes that the new run did not do, when both saw the same number
 * of them. Otherwise numbers that rest on different inputs would stand side by side, and the earlier ones go.
 */
/** Whether a result may take the place of an earlier one on the same inputs: a cancelled run never replaces a longer one. */
export function mayReplace(earlier: RunResult | undefined, fresh: RunResult): boolean {
  return earlier === undefined || fresh.inputsSeen >= earlier.inputsSeen;
}

export function mergeResults(earlier: RunResult | undefined, fresh: RunResult): RunResult {
  if (earlier === undefined || earlier.inputsSeen !== fresh.inputsSeen) return fresh;
  const redone = new Set(fresh.passes.map(({ pass }) => pass));
  const passes = [...fresh.passes, ...earlier.passes.filter(({ pass }) => !redone.has(pass))];
  return { ...fresh, passes };
}
