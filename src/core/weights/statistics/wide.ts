/**
 * Statistics of types with too many different values to count each: one pass sums up and sorts into buckets, further
 * passes measure deviations from the mean, fill the histograms and tell apart the buckets that hold a quantile.
 */
import { throwIfCancelled } from '../../errors.js';
import type { TensorValues } from '../../formats/tensor-file.js';
import { storedNumbers, type StoredType } from '../../tensor/stored-type.js';
import { chunksOf, partOf, type Task } from '../stream.js';
import { countSorted, summaryOfCounts } from './counted.js';
import {
  addNarrowBuckets,
  bucketOf,
  emptyLook,
  lookAt,
  lookAtSingles,
  NARROW_BUCKETS,
  type FirstLook,
  type Sums,
} from './first-look.js';
import { selectRanks, type OrderStatistics, type WantedRank } from './order-statistics.js';
import { interpolate, quantilePosition, QUANTILES, type Quantile } from './quantiles.js';
import { secondLook, seeValue } from './second-look.js';
import { NO_HISTOGRAM, noMagnitudes, type ValueSummary } from './summary.js';

export type WideType = 'float32' | 'float64' | 'int32' | 'uint32' | 'int64' | 'uint64';

/** Magnitudes below it are denormal; integers have none. */
const SMALLEST_NORMAL: Readonly<Record<WideType, number>> = {
  float32: 2 ** -126,
  float64: 2 ** -1022,
  int32: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
};

/** So few values are sorted: a million buckets would take longer. */
const SORTED_AT_MOST = 2 ** 18;

/** Passes beyond the first until any two numbers of the type are told apart. */
const FURTHER_PASSES: Readonly<Record<WideType, number>> = {
  float32: 1,
  float64: 3,
  int32: 2,
  uint32: 2,
  int64: 3,
  uint64: 3,
};

/** @throws CancelledError, and what reading throws. */
export async function summarizeWide(
  type: WideType,
  values: TensorValues,
  count: number,
  task: Task,
): Promise<ValueSummary> {
  if (count > SORTED_AT_MOST) return summarizeInBuckets(type, values, count, task);
  throwIfCancelled(task.signal);
  const numbers = storedNumbers(type, await values.read(0, count));
  return summaryOfCounts(count, countSorted(numbers), SMALLEST_NORMAL[type]);
}

/** The same for any number of values, in two passes or more. */
export async function summarizeInBuckets(
  type: WideType,
  values: TensorValues,
  count: number,
  task: Task,
): Promise<ValueSummary> {
  const passes = 1 + FURTHER_PASSES[type];
  const { look, sum, magnitudeSum, squareSum } = await firstPass(type, values, count, partOf(task, 0, 1 / passes));
  const { finite, zeros } = look;
  const mean = sum / finite;
  // Zeros were left out of the buckets, where all of them are one number.
  look.buckets[0] = (look.buckets[0] as number) + zeros;
  const ranks = selectRanks(look.buckets, wantedRanks(finite, zeros), FURTHER_PASSES[type]);
  look.buckets[0] = (look.buckets[0] as number) - zeros;
  const seen = await secondPass(type, values, count, { look, mean, ranks }, partOf(task, 1 / passes, 2 / passes));
  for (let pass = 2; ranks.open; pass++) {
    await refine(type, values, count, zeros, ranks, partOf(task, pass / passes, (pass + 1) / passes));
  }
  task.onProgress?.(1);
  return {
    count,
    nan: look.nan,
    positiveInfinity: look.positiveInfinity,
    negativeInfinity: look.negativeInfinity,
    finite,
    zeros,
    negative: look.negative,
    denormals: look.denormals,
    mean,
    standardDeviation: Math.sqrt(seen.squaredDeviations / finite),
    minimum: finite === 0 ? NaN : zeros > 0 ? Math.min(0, look.minimum) : look.minimum,
    maximum: finite === 0 ? NaN : zeros > 0 ? Math.max(0, look.maximum) : look.maximum,
    meanMagnitude: magnitudeSum / finite,
    l2Norm: finite === 0 ? NaN : Math.sqrt(squareSum),
    ...quantilesFrom(ranks.found, finite, zeros),
    histogram: seen.histogram,
    magnitudes: seen.magnitudes,
    aboveHalf: look.aboveHalf,
    belowHalf: look.belowHalf,
  };
}

/** Counters of 32 bits are emptied before they can overflow. */
const COUNTED_AT_MOST = 2 ** 31;

async function firstPass(
  type: WideType,
  values: TensorValues,
  count: number,
  task: Task,
): Promise<{ readonly look: FirstLook } & Sums> {
  const look = emptyLook();
  const narrow = new Uint32Array(type === 'float32' ? NARROW_BUCKETS : 0);
  const totals = { sum: exactSum(), magnitudeSum: exactSum(), squareSum: exactSum() };
  let counted = 0;
  for await (const { data } of chunksOf(values, count, task)) {
    if (counted + data.length > COUNTED_AT_MOST) {
      addNarrowBuckets(narrow, look);
      counted = 0;
    }
    const sums =
      data instanceof Float32Array
        ? lookAtSingles(data, look, narrow)
        : lookAt(storedNumbers(type, data), SMALLEST_NORMAL[type], look);
    counted += data.length;
    totals.sum.add(sums.sum);
    totals.magnitudeSum.add(sums.magnitudeSum);
    totals.squareSum.add(sums.squareSum);
  }
  if (type === 'float32') addNarrowBuckets(narrow, look);
  return {
    look,
    sum: totals.sum.total(),
    magnitudeSum: totals.magnitudeSum.total(),
    squareSum: totals.squareSum.total(),
  };
}

/** Neumaier's summation: what adding rounds off is kept apart, so that a long tensor loses no digits. */
function exactSum(): { add(value: number): void; total(): number } {
  let [sum, lost] = [0, 0];
  return {
    add(value) {
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    },
    total: () => (Number.isFinite(lost) ? sum + lost : sum),
  };
}

async function secondPass(
  type: WideType,
  values: TensorValues,
  count: number,
  { look, mean, ranks }: { readonly look: FirstLook; readonly mean: number; readonly ranks: OrderStatistics },
  task: Task,
): Promise<Pick<ValueSummary, 'histogram' | 'magnitudes'> & { readonly squaredDeviations: number }> {
  if (look.finite === 0) return { histogram: NO_HISTOGRAM, magnitudes: noMagnitudes(0), squaredDeviations: NaN };
  const second = secondLook(look, mean, ranks);
  const squares = exactSum();
  for await (const { data } of chunksOf(values, count, task)) squares.add(second.see(storedNumbers(type, data)));
  ranks.advance();
  return { histogram: second.histogram, magnitudes: second.magnitudes, squaredDeviations: squares.total() };
}

/** One further pass over the values, to tell apart what shares a bucket with a quantile. */
async function refine(
  type: StoredType,
  values: TensorValues,
  count: number,
  zeros: number,
  ranks: OrderStatistics,
  task: Task,
): Promise<void> {
  const { buckets } = ranks;
  if (zeros > 0 && buckets.has(0)) ranks.see(0, 0, zeros);
  for await (const { data } of chunksOf(values, count, task)) {
    const numbers = storedNumbers(type, data);
    for (let index = 0; index < numbers.length; index++) {
      const value = numbers[index] as number;
      if (value !== 0 && Math.abs(value) <= Number.MAX_VALUE && buckets.has(bucketOf(value))) seeValue(ranks, value);
    }
  }
  ranks.advance();
}

/** Both neighbours of each quantile, and of the median magnitude of what is not zero. */
function wantedRanks(finite: number, zeros: number): WantedRank[] {
  const wanted: WantedRank[] = [];
  if (finite > 0) {
    for (const share of QUANTILES) {
      const { lower, upper } = quantilePosition(share, finite);
      wanted.push({ order: 'value', rank: lower }, { order: 'value', rank: upper });
    }
  }
  if (finite > zeros) {
    const { lower, upper } = quantilePosition(0.5, finite - zeros);
    wanted.push({ order: 'magnitude', rank: zeros + lower }, { order: 'magnitude', rank: zeros + upper });
  }
  return wanted;
}

function quantilesFrom(
  found: Float64Array,
  finite: number,
  zeros: number,
): { quantiles: Quantile[]; medianNonZeroMagnitude: number } {
  const between = (at: number, share: number, count: number): number =>
    interpolate(found[2 * at] as number, found[2 * at + 1] as number, quantilePosition(share, count).fraction);
  return {
    quantiles: QUANTILES.map((share, at) => ({ share, value: finite === 0 ? NaN : between(at, share, finite) })),
    medianNonZeroMagnitude: finite > zeros ? between(QUANTILES.length, 0.5, finite - zeros) : NaN,
  };
}
