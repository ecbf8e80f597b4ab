/** What follows from how often each value occurs: everything, exactly. */
import { addTo, emptyMagnitudes, LINEAR_BINS, linearBin, linearEdges, magnitudeBin } from './histograms.js';
import { interpolate, quantilePosition, QUANTILES } from './quantiles.js';
import { HALF_OVERFLOW, HALF_SMALLEST, NO_HISTOGRAM, noMagnitudes, type ValueSummary } from './summary.js';

/** Finite values that occur, ascending, and how often; zeros of both signs are one. */
export interface CountedValues {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
}

/** Values in any order as values and how often each occurs. */
export function countSorted(numbers: Float32Array | Float64Array): CountedValues {
  let [nan, positiveInfinity, negativeInfinity, finite] = [0, 0, 0, 0];
  const sorted = new Float64Array(numbers.length);
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] as number;
    if (Math.abs(value) <= Number.MAX_VALUE) sorted[finite++] = value + 0;
    else if (value === Infinity) positiveInfinity++;
    else if (value === -Infinity) negativeInfinity++;
    else nan++;
  }
  const ascending = sorted.subarray(0, finite).sort();
  const values = new Float64Array(finite);
  const counts = new Float64Array(finite);
  let distinct = 0;
  for (let index = 0; index < finite; index++) {
    const value = ascending[index] as number;
    if (distinct > 0 && values[distinct - 1] === value) addTo(counts, distinct - 1, 1);
    else {
      values[distinct] = value;
      counts[distinct++] = 1;
    }
  }
  return {
    values: values.subarray(0, distinct),
    counts: counts.subarray(0, distinct),
    nan,
    positiveInfinity,
    negativeInfinity,
  };
}

/** @param smallestNormal magnitudes below it are denormal; 0 for integers. */
export function summaryOfCounts(count: number, counted: CountedValues, smallestNormal: number): ValueSummary {
  const { values, counts, nan, positiveInfinity, negativeInfinity } = counted;
  const sum = (term: (value: number, occurs: number) => number): number =>
    values.reduce((total, value, index) => total + term(value, counts[index] as number), 0);
  const countIf = (holds: (value: number) => boolean): number => sum((value, occurs) => (holds(value) ? occurs : 0));
  const finite = sum((_, occurs) => occurs);
  const zeros = countIf((value) => value === 0);
  const mean = sum((value, occurs) => value * occurs) / finite;
  return {
    count,
    nan,
    positiveInfinity,
    negativeInfinity,
    finite,
    zeros,
    negative: countIf((value) => value < 0),
    denormals: countIf((value) => value !== 0 && Math.abs(value) < smallestNormal),
    mean,
    standardDeviation: Math.sqrt(sum((value, occurs) => occurs * (value - mean) ** 2) / finite),
    minimum: values[0] ?? NaN,
    maximum: values.at(-1) ?? NaN,
    meanMagnitude: sum((value, occurs) => Math.abs(value) * occurs) / finite,
    l2Norm: Math.sqrt(sum((value, occurs) => occurs * value ** 2)),
    medianNonZeroMagnitude: medianNonZero(counted),
    quantiles: quantilesOfCounts(values, counts, finite, QUANTILES),
    ...histogramsOfCounts(counted, zeros),
    aboveHalf: countIf((value) => Math.abs(value) >= HALF_OVERFLOW),
    belowHalf: countIf((value) => value !== 0 && Math.abs(value) < HALF_SMALLEST),
  };
}

function quantilesOfCounts(
  values: Float64Array,
  counts: Float64Array,
  total: number,
  shares: readonly number[],
): { share: number; value: number }[] {
  const upTo = cumulated(counts);
  const at = (rank: number): number => values[firstAbove(upTo, rank)] ?? NaN;
  return shares.map((share) => {
    const { lower, upper, fraction } = quantilePosition(share, total);
    return { share, value: total === 0 ? NaN : interpolate(at(lower), at(upper), fraction) };
  });
}

function medianNonZero({ values, counts }: CountedValues): number {
  const found = new Map<number, number>();
  values.forEach((value, index) => {
    const magnitude = Math.abs(value);
    if (magnitude > 0) found.set(magnitude, (found.get(magnitude) ?? 0) + (counts[index] as number));
  });
  const magnitudes = Float64Array.from(found.keys()).sort();
  const occurs = magnitudes.map((magnitude) => found.get(magnitude) ?? 0);
  const total = occurs.reduce((sum, each) => sum + each, 0);
  return quantilesOfCounts(magnitudes, occurs, total, [0.5])[0]?.value ?? NaN;
}

function cumulated(counts: Float64Array): Float64Array {
  let sum = 0;
  return counts.map((count) => (sum += count));
}

/** Index of the first entry of an ascending list that is above `rank`. */
function firstAbove(ascending: Float64Array, rank: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) > rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

function histogramsOfCounts(
  { values, counts }: CountedValues,
  zeros: number,
): Pick<ValueSummary, 'histogram' | 'magnitudes'> {
  const [low, high] = [values[0], values.at(-1)];
  if (low === undefined || high === undefined) return { histogram: NO_HISTOGRAM, magnitudes: noMagnitudes(0) };
  const histogram = { edges: linearEdges(low, high, LINEAR_BINS), counts: new Float64Array(LINEAR_BINS) };
  let smallest = Infinity;
  for (const value of values) if (value !== 0) smallest = Math.min(smallest, Math.abs(value));
  const magnitudes =
    smallest === Infinity ? noMagnitudes(zeros) : emptyMagnitudes(smallest, Math.max(high, -low), zeros);
  values.forEach((value, index) => {
    const occurs = counts[index] as number;
    addTo(histogram.counts, linearBin(histogram.edges, value), occurs);
    if (value === 0) return;
    addTo(
      value < 0 ? magnitudes.negative : magnitudes.positive,
      magnitudeBin(magnitudes.edges, Math.abs(value)),
      occurs,
    );
  });
  return { histogram, magnitudes };
}
