/** Runs two networks on the same inputs and says how far their outputs are apart. */
import { breathe } from '../breathe.js';
import type { Dataset } from '../dataset/dataset.js';
import type { Session } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { throwIfCancelled } from '../errors.js';
import { storedNumbers } from '../tensor/stored-type.js';
import type { ElementType, NamedTensors, NumberArray, Tensor } from '../tensor/tensor.js';
import type { WithSums } from './term-sums.js';
import { TOLERANCE } from './tolerance.js';

/** One number of an output, in both models. */
export interface ChangedNumber {
  readonly output: string;
  /** Of the output. */
  readonly type: ElementType;
  readonly difference: number;
  /** Sum of the absolute terms behind it; the number itself where no sum of terms ends at the output. */
  readonly sum: number;
  /** What rounding may make of it: {@link TOLERANCE}. */
  readonly allowed: number;
}

export interface Comparison {
  readonly inputs: number;
  /** Where the inputs are from: ends a sentence. */
  readonly data: string;
  /** Of these inputs: outside the box, so that nothing is proven for them. Absent where they were not looked at for that. */
  readonly outsideBox?: number;
  /** Largest difference of all, 0 where there is none. */
  readonly largest: number;
  /** The number that it is of. */
  readonly largestChange: ChangedNumber | undefined;
  /** The number whose difference is the largest part of what is allowed for it. */
  readonly worst: ChangedNumber | undefined;
  /** Outputs that are no floating-point numbers and differ, or have other sizes. */
  readonly different: readonly string[];
  /** Inputs on which more changed than rounding explains, inside and outside the box. */
  readonly unequal: { readonly inside: number; readonly outside: number };
  /** There are inputs, and on none of them more changed than rounding explains (methods, section 0). */
  readonly equal: boolean;
}

export interface ComparisonRequest {
  /** Runs the model of `withTermSums`. */
  readonly original: Session;
  readonly sums: WithSums['sums'];
  readonly pruned: Session;
  readonly dataset: Dataset;
  readonly data: string;
  /** Changes the inputs before both are run. */
  readonly prepare?: (feeds: NamedTensors, example: number) => NamedTensors;
  /** Whether an input lies in the box that units are proven dead in; absent where it does not matter. */
  readonly isInside?: (feeds: NamedTensors) => boolean;
  readonly signal: AbortSignal;
  readonly onInput: (done: number) => void;
}

/** One input at a time. @throws ProblemError as the engine and the data do; CancelledError. */
export async function compareRuns(request: ComparisonRequest): Promise<Comparison> {
  const { original, sums, pruned, dataset, data, prepare, isInside, signal, onInput } = request;
  const state: State = { largest: undefined, worst: undefined, ratio: 0, different: new Set() };
  const unequal = { inside: 0, outside: 0 };
  let [inputs, outsideBox] = [0, 0];
  for (let example = 0; example < dataset.size; example++) {
    throwIfCancelled(signal);
    const { feeds, indices } = await dataset.batch(example, example + 1);
    if (indices.length === 0) continue;
    const prepared = prepare === undefined ? feeds : prepare(feeds, example);
    const before = await original.run(usedFeeds(original, prepared));
    const after = await pruned.run(usedFeeds(pruned, prepared));
    const inside = isInside === undefined || isInside(prepared);
    // Every output is looked at, whatever an earlier one says.
    const same = pruned.outputNames.map((name) => compareOutput(state, name, before, after, sums.get(name)));
    if (same.includes(false)) unequal[inside ? 'inside' : 'outside']++;
    if (!inside) outsideBox++;
    inputs++;
    onInput(example + 1);
    await breathe();
  }
  const { largest, worst, different } = state;
  return {
    inputs,
    data,
    ...(isInside === undefined ? {} : { outsideBox }),
    largest: largest?.difference ?? 0,
    largestChange: largest,
    worst,
    different: [...different],
    unequal,
    equal: inputs > 0 && unequal.inside + unequal.outside === 0,
  };
}

interface State {
  largest: ChangedNumber | undefined;
  worst: ChangedNumber | undefined;
  /** Of the worst: its difference over what is allowed. */
  ratio: number;
  readonly different: Set<string>;
}

/** @returns whether all differences are allowed. */
function compareOutput(
  state: State,
  name: string,
  before: NamedTensors,
  after: NamedTensors,
  sumName: string | undefined,
): boolean {
  const [want, got] = [before[name], after[name]];
  if (want === undefined || got === undefined || want.dims.join() !== got.dims.join() || want.type !== got.type) {
    state.different.add(name);
    return false;
  }
  const tolerance = TOLERANCE[want.type];
  if (tolerance === undefined) {
    const [a, b] = [want.data, got.data];
    for (let at = 0; at < a.length; at++) {
      if (a[at] === b[at]) continue;
      state.different.add(name);
      return false;
    }
    return true;
  }
  const [absolute, relative] = tolerance;
  const [a, b] = [numbersOf(want), numbersOf(got)];
  const sums = sumName === undefined ? undefined : before[sumName];
  const scale = sums !== undefined && sums.data.length === a.length ? numbersOf(sums) : a;
  let isAllowed = true;
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at] as number, b[at] as number];
    // Not-a-number and infinity are as good as any other answer, where both give them.
    if (Object.is(x, y) || x === y) continue;
    const sum = Math.abs(scale[at] as number);
    const allowed = absolute + relative * sum;
    const isNumber = Number.isFinite(x - y) && Number.isFinite(allowed);
    const difference = isNumber ? Math.abs(x - y) : Infinity;
    const ratio = isNumber ? difference / allowed : Infinity;
    if (ratio > 1) isAllowed = false;
    const isLargest = difference > (state.largest?.difference ?? 0);
    if (!isLargest && ratio <= state.ratio) continue;
    const change: ChangedNumber = { output: name, type: want.type, difference, sum, allowed };
    if (isLargest) state.largest = change;
    if (ratio <= state.ratio) continue;
    state.ratio = ratio;
    state.worst = change;
  }
  return isAllowed;
}

function numbersOf({ type, data }: Tensor): Float32Array | Float64Array {
  return storedNumbers(type === 'string' ? 'float32' : type, data as NumberArray);
}
