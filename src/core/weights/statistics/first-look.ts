/** The first pass over the values of a wide type: counts, sums, extremes, and how many lie in which bucket. */
import { BUCKETS } from './order-statistics.js';
import { HALF_OVERFLOW, HALF_SMALLEST } from './summary.js';

export interface FirstLook {
  nan: number;
  positiveInfinity: number;
  negativeInfinity: number;
  finite: number;
  zeros: number;
  negative: number;
  denormals: number;
  minimum: number;
  maximum: number;
  /** The smallest magnitude above zero. */
  smallest: number;
  aboveHalf: number;
  belowHalf: number;
  /** Finite values by the leading 20 bits of their float64; zeros are in the first. */
  readonly buckets: Float64Array;
}

/** Σx, Σ|x| and Σx² of one piece. */
export interface Sums {
  readonly sum: number;
  readonly magnitudeSum: number;
  readonly squareSum: number;
}

export function emptyLook(): FirstLook {
  return {
    nan: 0,
    positiveInfinity: 0,
    negativeInfinity: 0,
    finite: 0,
    zeros: 0,
    negative: 0,
    denormals: 0,
    minimum: Infinity,
    maximum: -Infinity,
    smallest: Infinity,
    aboveHalf: 0,
    belowHalf: 0,
    buckets: new Float64Array(BUCKETS),
  };
}

const word = new Float64Array(1);
/** Little endian: the high half is the second. */
const halves = new Uint32Array(word.buffer);

/** The bucket of a finite value that is not −0. */
export function bucketOf(value: number): number {
  word[0] = value;
  return (halves[1] as number) >>> 12;
}

/** Any numbers. @param smallestNormal magnitudes below it are denormal. */
export function lookAt(numbers: Float64Array | Float32Array, smallestNormal: number, look: FirstLook): Sums {
  const { buckets } = look;
  let [sum, magnitudeSum, squareSum] = [0, 0, 0];
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] as number;
    const magnitude = Math.abs(value);
    if (!(magnitude <= Number.MAX_VALUE)) {
      if (value === Infinity) look.positiveInfinity++;
      else if (value === -Infinity) look.negativeInfinity++;
      else look.nan++;
      continue;
    }
    look.finite++;
    if (magnitude === 0) {
      look.zeros++;
      continue;
    }
    word[0] = value;
    const bucket = (halves[1] as number) >>> 12;
    buckets[bucket] = (buckets[bucket] as number) + 1;
    sum += value;
    magnitudeSum += magnitude;
    squareSum += value * value;
    if (value < look.minimum) look.minimum = value;
    if (value > look.maximum) look.maximum = value;
    if (magnitude < look.smallest) look.smallest = magnitude;
    if (value < 0) look.negative++;
    if (magnitude < smallestNormal) look.denormals++;
    if (magnitude < HALF_SMALLEST) look.belowHalf++;
    else if (magnitude >= HALF_OVERFLOW) look.aboveHalf++;
  }
  return { sum, magnitudeSum, squareSum };
}

/** float32 has 17 leading bits where float64 has 20: sign, exponent and 8 bits of the fraction. */
export const NARROW_BUCKETS = 2 ** 17;
const EXPONENT = 0x7f800000;

/**
 * The same for float32, by its own bits: four times as fast. What its bits do not tell (zeros, denormals, what is no
 * number) goes the other way.
 * @param counts values by the leading 17 bits; see {@link addNarrowBuckets}.
 */
export function lookAtSingles(numbers: Float32Array, look: FirstLook, counts: Uint32Array): Sums {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  let [sum, magnitudeSum, squareSum] = [0, 0, 0];
  let { minimum, maximum, smallest } = look;
  let normal = 0;
  const odd: number[] = [];
  for (let index = 0; index < bits.length; index++) {
    const own = bits[index] as number;
    const exponent = own & EXPONENT;
    if (exponent === 0 || exponent === EXPONENT) {
      if ((own & 0x7fffffff) === 0) {
        look.zeros++;
        look.finite++;
      } else odd.push(numbers[index] as number);
      continue;
    }
    const bucket = own >>> 15;
    counts[bucket] = (counts[bucket] as number) + 1;
    const value = numbers[index] as number;
    const magnitude = value < 0 ? -value : value;
    normal++;
    sum += value;
    magnitudeSum += magnitude;
    squareSum += value * value;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
    if (magnitude < smallest) smallest = magnitude;
    if (magnitude >= HALF_OVERFLOW) look.aboveHalf++;
  }
  look.finite += normal;
  look.minimum = minimum;
  look.maximum = maximum;
  look.smallest = smallest;
  const rest = lookAt(Float64Array.from(odd), 2 ** -126, look);
  return {
    sum: sum + rest.sum,
    magnitudeSum: magnitudeSum + rest.magnitudeSum,
    squareSum: squareSum + rest.squareSum,
  };
}

/** The bucket of float64 that holds what a bucket of normal float32 holds. */
export function wideBucket(narrow: number): number {
  return ((narrow & 0x10000) << 3) | ((((narrow >>> 8) & 0xff) + 896) << 8) | (narrow & 0xff);
}

/** Adds counts of {@link lookAtSingles} to the look and begins anew. */
export function addNarrowBuckets(counts: Uint32Array, look: FirstLook): void {
  const { buckets } = look;
  for (let narrow = 0; narrow < NARROW_BUCKETS; narrow++) {
    const own = counts[narrow] as number;
    if (own === 0) continue;
    buckets[wideBucket(narrow)] = (buckets[wideBucket(narrow)] as number) + own;
    if (narrow >= NARROW_BUCKETS / 2) look.negative += own;
    // 2^-24 begins a bucket.
    if (((narrow >>> 8) & 0xff) < 127 - 24) look.belowHalf += own;
  }
  counts.fill(0);
}
