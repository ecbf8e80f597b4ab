/** Runs two networks on the same inputs and says how far their outputs are apart. */
import { breathe } from '../breathe.js';
import type { Dataset } from '../dataset/dataset.js';
import type { Session } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { throwIfCancelled } from '../errors.js';
import { storedNumbers } from '../tensor/stored-type.js';
import type { NamedTensors, NumberArray, Tensor } from '../tensor/tensor.js';
import type { WithSums } from './term-sums.js';

/** The number, among all outputs and inputs, whose difference is the largest part of what is allowed for it. */
export interface WorstNumber {
  readonly output: string;
  readonly difference: number;
  /** Sum of the absolute terms behind it; the number itself where no sum of terms ends at the output. */
  readonly sum: number;
  readonly allowed: number;
}

export interface Comparison {
  readonly inputs: number;
  /** Where the inputs are from: ends a sentence. */
  readonly data: string;
  /** Largest difference of all. */
  readonly largest: number;
  readonly worst: WorstNumber | undefined;
  /** Outputs that are no floating-point numbers and differ, or have other sizes. */
  readonly different: readonly string[];
  /** Every difference is allowed: |difference| ≤ 1e-5 + 1e-4 · sum (methods, section 0). */
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
  readonly signal: AbortSignal;
  readonly onInput: (done: number) => void;
}

/** Single precision as methods have it; half precision keeps 11 bits of each term. */
const TOLERANCE: Readonly<Record<string, readonly [absolute: number, relative: number]>> = {
  float32: [1e-5, 1e-4],
  float64: [1e-5, 1e-4],
  float16: [1e-3, 2 ** -8],
};

/** One input at a time. @throws ProblemError as the engine and the data do; CancelledError. */
export async function compareRuns(request: ComparisonRequest): Promise<Comparison> {
  const { original, sums, pruned, dataset, data, prepare, signal, onInput } = request;
  const state: State = { largest: 0, worst: undefined, ratio: 0, different: new Set() };
  let inputs = 0;
  for (let example = 0; example < dataset.size; example++) {
    throwIfCancelled(signal);
    const { feeds, indices } = await dataset.batch(example, example + 1);
    if (indices.length === 0) continue;
    const prepared = prepare === undefined ? feeds : prepare(feeds, example);
    const before = await original.run(usedFeeds(original, prepared));
    const after = await pruned.run(usedFeeds(pruned, prepared));
    for (const name of pruned.outputNames) compareOutput(state, name, before, after, sums.get(name));
    inputs += indices.length;
    onInput(example + 1);
    await breathe();
  }
  const { largest, worst, ratio, different } = state;
  const equal = inputs > 0 && different.size === 0 && ratio <= 1;
  return { inputs, data, largest, worst, different: [...different], equal };
}

interface State {
  largest: number;
  worst: WorstNumber | undefined;
  /** Of the worst: its difference over what is allowed. */
  ratio: number;
  readonly different: Set<string>;
}

function compareOutput(
  state: State,
  name: string,
  before: NamedTensors,
  after: NamedTensors,
  sumName: string | undefined,
): void {
  const [want, got] = [before[name], after[name]];
  if (want === undefined || got === undefined || want.dims.join() !== got.dims.join() || want.type !== got.type) {
    state.different.add(name);
    return;
  }
  const tolerance = TOLERANCE[want.type];
  if (tolerance === undefined) {
    const [a, b] = [want.data, got.data];
    for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) state.different.add(name);
    return;
  }
  const [absolute, relative] = tolerance;
  const [a, b] = [numbersOf(want), numbersOf(got)];
  const sums = sumName === undefined ? undefined : before[sumName];
  const scale = sums !== undefined && sums.data.length === a.length ? numbersOf(sums) : a;
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at] as number, b[at] as number];
    // Not-a-number and infinity are as good as any other answer, where both give them.
    if (Object.is(x, y) || x === y) continue;
    const difference = Math.abs(x - y);
    const sum = Math.abs(scale[at] as number);
    const allowed = absolute + relative * sum;
    const isNumber = Number.isFinite(difference) && Number.isFinite(allowed);
    const ratio = isNumber ? difference / allowed : Infinity;
    state.largest = Math.max(state.largest, isNumber ? difference : Infinity);
    if (ratio <= state.ratio) continue;
    state.ratio = ratio;
    state.worst = { output: name, difference, sum, allowed };
  }
}

function numbersOf({ type, data }: Tensor): Float32Array | Float64Array {
  return storedNumbers(type === 'string' ? 'float32' : type, data as NumberArray);
}
