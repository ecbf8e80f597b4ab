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

/** What says something of the attached dictionary, apart from what stays true with another one or none. */
export function apartFromDictionary(result: RunResult): { readonly model: RunResult; readonly dictionary: RunResult } {
  const of = (wanted: boolean): RunResult => ({
    ...result,
    passes: result.passes.filter(({ pass }) => asksDictionary(pass) === wanted),
  });
  return { model: of(false), dictionary: of(true) };
}

/** What was kept apart; undefined where neither says anything. */
export function withDictionary(model: RunResult | undefined, dictionary: RunResult | undefined): RunResult | undefined {
  const [first, second] = [model, dictionary].filter((each) => each !== undefined && each.passes.length > 0);
  if (first === undefined || second === undefined) return first;
  return { ...first, passes: [...first.passes, ...second.passes] };
}

function asksDictionary(pass: string): boolean {
  return experiments.some((experiment) => experiment.id === pass && experiment.asksDictionary === true);
}

function isExperiment(pass: string): boolean {
  return experiments.some(({ id }) => id === pass);
}
