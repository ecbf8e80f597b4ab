/** Where integrated gradients begin: nothing at all, what inputs are on average, or another input. */
import { problem, throwIfCancelled } from '../errors.js';
import { prune } from '../rewrite/prune.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import { numbersOf, typeAndShape, withSession, type AttributionSubject, type AttributionTask } from './subject.js';
import { inputNumber } from '../told-numbers.js';

export type Baseline =
  | { readonly kind: 'zeros' }
  /** Of the first inputs, as many as are of the same size. */
  | { readonly kind: 'mean' }
  | { readonly kind: 'example'; readonly example: number };

/** Inputs that a mean is taken of, at most. */
export const MOST_AVERAGED = 64;

export interface Inputs {
  readonly size: number;
  /** @throws ProblemError where the input cannot be read. */
  feedsOf(example: number): Promise<NamedTensors>;
}

export interface ChosenBaseline {
  /** By element of the start, in its own order. */
  readonly values: Float64Array;
  /** Of how many inputs it is the mean, or which one it is: a sentence. */
  readonly text: string;
}

/** @throws ProblemError `not-applicable` where the other input is of another size. */
export async function chooseBaseline(
  subject: AttributionSubject,
  baseline: Baseline,
  inputs: Inputs,
  task: AttributionTask = {},
): Promise<ChosenBaseline> {
  const count = elementCount(typeAndShape(subject, subject.from).dims);
  if (baseline.kind === 'zeros') return { values: new Float64Array(count), text: 'The baseline is all zeros.' };
  const { graph, runner, from, feeds } = subject;
  const isFed = feeds[from] !== undefined;
  const read = async (
    work: (valueOf: (example: number) => Promise<ArrayLike<number> | undefined>) => Promise<ChosenBaseline>,
  ) =>
    isFed
      ? work(async (example) => ofSize(numbersOf(await inputs.feedsOf(example), from)))
      : withSession(runner, prune(graph.model, [from]), (run) =>
          work(async (example) => {
            const other = await inputs.feedsOf(example);
            // What depends on the sizes of inputs was read at those of this one.
            return haveSameSizes(feeds, other) ? ofSize(numbersOf(await run(other), from)) : undefined;
          }),
        );
  const ofSize = (values: ArrayLike<number>): ArrayLike<number> | undefined =>
    values.length === count ? values : undefined;
  return read(async (valueOf) => {
    if (baseline.kind === 'example') {
      throwIfCancelled(task.signal);
      const values = await valueOf(baseline.example);
      if (values !== undefined) {
        return { values: Float64Array.from(values), text: `The baseline is input ${inputNumber(baseline.example)}.` };
      }
      throw problem(
        'not-applicable',
        `Input ${inputNumber(baseline.example)} is of another size, so that it is no baseline.`,
        {
          remedy: 'Choose an input of the same size; texts must have the same number of tokens.',
        },
      );
    }
    return meanOf(Math.min(inputs.size, MOST_AVERAGED), count, valueOf, task);
  });
}

async function meanOf(
  most: number,
  count: number,
  valueOf: (example: number) => Promise<ArrayLike<number> | undefined>,
  { signal }: AttributionTask,
): Promise<ChosenBaseline> {
  const sums = new Float64Array(count);
  let seen = 0;
  for (let example = 0; example < most; example++) {
    throwIfCancelled(signal);
    const values = await valueOf(example);
    if (values === undefined) continue;
    seen++;
    for (let at = 0; at < count; at++) sums[at] = (sums[at] as number) + (values[at] as number);
  }
  if (seen === 0) {
    throw problem('not-applicable', `None of the first ${most} inputs is of the size of this one.`, {
      remedy: 'Choose zeros as the baseline, or an input of the same size.',
    });
  }
  return {
    values: sums.map((sum) => sum / seen),
    text: `The baseline is the mean of ${seen} of the first ${most} inputs.`,
  };
}

function haveSameSizes(one: NamedTensors, other: NamedTensors): boolean {
  return Object.entries(one).every(([name, { dims }]) => other[name]?.dims.join() === dims.join());
}
