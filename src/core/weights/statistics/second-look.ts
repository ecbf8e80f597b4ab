/**
 * The second pass: deviations from the mean, and the few values that buckets alone do not place. A bucket that lies in
 * one bin of a histogram is counted whole; only those on an edge, or with a quantile, are looked into.
 */
import { bucketOf, NARROW_BUCKETS, wideBucket, type FirstLook } from './first-look.js';
import {
  addTo,
  emptyMagnitudes,
  LINEAR_BINS,
  linearBin,
  linearEdges,
  magnitudeBin,
  type LinearHistogram,
  type MagnitudeHistogram,
} from './histograms.js';
import { BUCKETS, NEGATIVE_BUCKETS, type OrderStatistics } from './order-statistics.js';
import { noMagnitudes } from './summary.js';

/** Why values of a bucket are looked at one by one. */
const LINEAR = 1;
const MAGNITUDE = 2;
const RANK = 4;

export interface SecondLook {
  readonly histogram: LinearHistogram;
  readonly magnitudes: MagnitudeHistogram;
  /** Looks at one piece. @returns Σ(x − mean)² over its finite values. */
  see(numbers: Float32Array | Float64Array): number;
}

/** @param look of at least one finite value. */
export function secondLook(look: FirstLook, mean: number, ranks: OrderStatistics): SecondLook {
  const { zeros, smallest } = look;
  const minimum = zeros > 0 ? Math.min(0, look.minimum) : look.minimum;
  const maximum = zeros > 0 ? Math.max(0, look.maximum) : look.maximum;
  const histogram = { edges: linearEdges(minimum, maximum, LINEAR_BINS), counts: new Float64Array(LINEAR_BINS) };
  const magnitudes =
    smallest === Infinity ? noMagnitudes(zeros) : emptyMagnitudes(smallest, Math.max(maximum, -minimum), zeros);
  const flags = new Uint8Array(BUCKETS);
  if (zeros > 0) addTo(histogram.counts, linearBin(histogram.edges, 0), zeros);
  for (const bucket of ranks.buckets) flags[bucket] = RANK;
  const clamp = (value: number): number => Math.min(maximum, Math.max(minimum, value));
  const signs = (value: number): Float64Array => (value < 0 ? magnitudes.negative : magnitudes.positive);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const inside = look.buckets[bucket] as number;
    if (inside === 0) continue;
    const [first, last] = endsOf(bucket);
    const bin = linearBin(histogram.edges, clamp(first));
    if (bin === linearBin(histogram.edges, clamp(last))) addTo(histogram.counts, bin, inside);
    else flags[bucket] = (flags[bucket] as number) | LINEAR;
    const own = magnitudeBin(magnitudes.edges, Math.max(smallest, Math.abs(first)));
    if (own === magnitudeBin(magnitudes.edges, Math.abs(clamp(last)))) addTo(signs(last), own, inside);
    else flags[bucket] = (flags[bucket] as number) | MAGNITUDE;
  }
  const narrowFlags = Uint8Array.from({ length: NARROW_BUCKETS }, (_, narrow) => flags[wideBucket(narrow)] as number);
  // Zeros are all alike: they count at once where a quantile may be among them.
  if (zeros > 0 && ranks.buckets.has(0)) ranks.see(0, 0, zeros);

  const place = (value: number, flag: number): void => {
    if ((flag & LINEAR) !== 0) addTo(histogram.counts, linearBin(histogram.edges, value), 1);
    if ((flag & MAGNITUDE) !== 0) addTo(signs(value), magnitudeBin(magnitudes.edges, Math.abs(value)), 1);
    if ((flag & RANK) !== 0) seeValue(ranks, value);
  };
  const seeAny = (numbers: Float32Array | Float64Array): number => {
    let squares = 0;
    for (let index = 0; index < numbers.length; index++) {
      const value = numbers[index] as number;
      if (!(Math.abs(value) <= Number.MAX_VALUE)) continue;
      squares += (value - mean) ** 2;
      if (value === 0) continue;
      const flag = flags[bucketOf(value)] as number;
      if (flag !== 0) place(value, flag);
    }
    return squares;
  };
  const seeSingles = (numbers: Float32Array): number => {
    const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
    const odd: number[] = [];
    const fromZero = mean * mean;
    let squares = 0;
    for (let index = 0; index < bits.length; index++) {
      const own = bits[index] as number;
      const exponent = own & 0x7f800000;
      if (exponent === 0 || exponent === 0x7f800000) {
        if ((own & 0x7fffffff) === 0) squares += fromZero;
        else odd.push(numbers[index] as number);
        continue;
      }
      const value = numbers[index] as number;
      const deviation = value - mean;
      squares += deviation * deviation;
      const flag = narrowFlags[own >>> 15] as number;
      if (flag !== 0) place(value, flag);
    }
    return squares + seeAny(Float64Array.from(odd));
  };
  return {
    histogram,
    magnitudes,
    see: (numbers) => (numbers instanceof Float32Array ? seeSingles(numbers) : seeAny(numbers)),
  };
}

/** Tells the ranks of one value that is not −0, where it matters to them. */
export function seeValue(ranks: OrderStatistics, value: number): void {
  word[0] = value;
  ranks.see(halves[1] as number, halves[0] as number, 1);
}

const word = new Float64Array(1);
/** Little endian: the high half is the second. */
const halves = new Uint32Array(word.buffer);

/** The numbers of smallest and of largest magnitude in a bucket. */
function endsOf(bucket: number): readonly [number, number] {
  halves[1] = bucket << 12;
  halves[0] = 0;
  const first = word[0] as number;
  halves[1] = (bucket << 12) | 0xfff;
  halves[0] = 0xffffffff;
  const last = word[0] as number;
  // The first bucket of each sign holds zero, which is not counted there.
  return bucket === 0 || bucket === NEGATIVE_BUCKETS
    ? [last < 0 ? -Number.MIN_VALUE : Number.MIN_VALUE, last]
    : [first, last];
}
