/** N:M sparsity: of every M neighbours along an axis, at most N are not zero. Source: methods M4. */
import type { TensorValues } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { chunksOf, partOf, type Task } from './stream.js';

export interface SparsityPattern {
  readonly nonZero: number;
  readonly of: number;
  /** Axis along which neighbours are counted. */
  readonly axis: number;
}

/** Groups that hardware and papers use. */
const GROUP_SIZES = [4, 8, 16] as const;
/** Fewer groups are no pattern, only a few zeros. */
const FEWEST_GROUPS = 16;
/** Groups along outer axes are counted for all inner indices at once. */
const MOST_COUNTERS = 2 ** 24;

/**
 * The sparsest pattern that the whole tensor keeps, along the last axis if several do; undefined where there is none.
 * Only what the share of zeros allows is looked for: a tensor without many zeros is not read again.
 */
export async function sparsityPattern(
  values: TensorValues,
  dims: readonly number[],
  { count, zeros }: { readonly count: number; readonly zeros: number },
  task: Task,
): Promise<SparsityPattern | undefined> {
  // At least one of a group must be zero for any pattern; half for those that anybody uses.
  if (count === 0 || zeros === count || zeros / count < 0.5) return undefined;
  const candidates = dims
    .map((size, axis) => ({ axis, size, stride: dims.slice(axis + 1).reduce((product, dim) => product * dim, 1) }))
    .filter(({ size, stride }) => stride <= MOST_COUNTERS && size >= GROUP_SIZES[0])
    .reverse();
  let best: SparsityPattern | undefined;
  for (const [at, { axis, size, stride }] of candidates.entries()) {
    const part = partOf(task, at / candidates.length, (at + 1) / candidates.length);
    const sizes = GROUP_SIZES.filter((of) => size % of === 0 && count / of >= FEWEST_GROUPS);
    const most = await mostNonZero(values, count, { size, stride, sizes }, part);
    for (const [index, of] of sizes.entries()) {
      const nonZero = most[index] ?? of;
      const isPattern = nonZero > 0 && nonZero <= of / 2;
      if (isPattern && (best === undefined || nonZero / of < best.nonZero / best.of)) best = { nonZero, of, axis };
    }
  }
  return best;
}

interface Axis {
  readonly size: number;
  /** Elements from one index of the axis to the next. */
  readonly stride: number;
  readonly sizes: readonly number[];
}

/** For each group size, the most values of one group that are not zero. */
async function mostNonZero(
  values: TensorValues,
  count: number,
  { size, stride, sizes }: Axis,
  task: Task,
): Promise<number[]> {
  const counters = sizes.map(() => new Uint8Array(stride));
  const most = sizes.map(() => 0);
  for await (const { start, data } of chunksOf(values, count, task)) {
    const numbers = storedNumbers(values.type, data);
    let inner = start % stride;
    let index = Math.floor(start / stride) % size;
    for (let at = 0; at < numbers.length; at++) {
      const counts = numbers[at] === 0 ? 0 : 1;
      for (let group = 0; group < sizes.length; group++) {
        const counter = counters[group] as Uint8Array;
        const own = (index % (sizes[group] as number) === 0 ? 0 : (counter[inner] as number)) + counts;
        counter[inner] = own;
        if (own > (most[group] as number)) most[group] = own;
      }
      if (++inner === stride) {
        inner = 0;
        if (++index === size) index = 0;
      }
    }
    if (most.every((nonZero, group) => nonZero > (sizes[group] as number) / 2)) break;
  }
  return most;
}
