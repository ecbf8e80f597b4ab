import type { RestsOn } from '../core/passes/pass.js';
import { experiments } from '../core/passes/registry.js';
import type { PassResult, RunResult } from '../core/passes/result.js';

/** Whether a result may take the place of an earlier one on the same inputs: a cancelled run never replaces a longer one. */
export function mayReplace(earlier: RunResult | undefined, fresh: RunResult): boolean {
  return earlier === undefined || fresh.inputsSeen >= earlier.inputsSeen;
}

/**
 * Keeps what an earlier run on the same inputs found by passes that the new run did not do, when both saw the same number
 * of them. Otherwise numbers that rest on different inputs would stand side by side, and the earlier ones go: all but
 * those of experiments, which say themselves what they rest on.
 */
export function mergeResults(earlier: RunResult | undefined, fresh: RunResult): RunResult {
  const redone = new Set(fresh.passes.map(({ pass }) => pass));
  const kept = (earlier?.passes ?? []).filter(
    ({ pass }) => !redone.has(pass) && (earlier?.inputsSeen === fresh.inputsSeen || isExperiment(pass)),
  );
  return { ...fresh, passes: [...fresh.passes, ...kept] };
}

/** Puts what an experiment found beside the rest. What was cancelled never replaces what was finished. */
export function withExperiment(result: RunResult, found: PassResult): RunResult {
  const earlier = result.passes.find(({ pass }) => pass === found.pass);
  if (earlier !== undefined && earlier.incomplete === undefined && found.incomplete !== undefined) return result;
  return {
    ...result,
    passes: [...result.passes.filter(({ pass }) => pass !== found.pass), found],
    // What is shown is told apart by when it was made.
    finished: new Date().toISOString(),
  };
}

/** What rests on something besides the model and its inputs, or (undefined) on nothing else. */
export function resultsOn(result: RunResult, restsOn: RestsOn | undefined): RunResult {
  return { ...result, passes: result.passes.filter(({ pass }) => restingOn(pass) === restsOn) };
}

/** What was kept apart; undefined where no part says anything. */
export function together(parts: readonly (RunResult | undefined)[]): RunResult | undefined {
  const found = parts.filter((part) => part !== undefined && part.passes.length > 0) as readonly RunResult[];
  return found[0] && { ...found[0], passes: found.flatMap(({ passes }) => passes) };
}

function restingOn(pass: string): RestsOn | undefined {
  return experiments.find(({ id }) => id === pass)?.restsOn;
}

function isExperiment(pass: string): boolean {
  return experiments.some(({ id }) => id === pass);
}
