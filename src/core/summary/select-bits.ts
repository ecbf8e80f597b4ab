/**
 * The k-th largest of the magnitudes of float32 numbers, by their bits: those are ordered as the magnitudes are. A
 * histogram tells the bucket that it lies in, and few share that. Nothing but the last step branches on values, which a
 * processor cannot foretell.
 */

/** A bucket is the exponent and the top three bits of the mantissa: an eighth of a power of two. */
const SHIFT = 20;
const BUCKETS = 2 ** (31 - SHIFT);
/** All bits but the sign. */
const MAGNITUDE = 0x7fffffff;
const histogram = new Uint32Array(BUCKETS);
let candidates = new Int32Array(BUCKETS);

export interface Selected {
  /** The k-th largest. */
  readonly bits: number;
  /** How many of the k largest equal it. */
  readonly ties: number;
  /** How many of all equal it. */
  readonly equal: number;
}

/**
 * @param bits of float32 numbers, whose signs are left out; NaN are the largest. The first `count` are looked at.
 * @param k from 1 to `count`.
 */
export function kthLargestBits(bits: Int32Array, count: number, k: number): Selected {
  histogram.fill(0);
  for (let at = 0; at < count; at++) {
    const bucket = ((bits[at] as number) & MAGNITUDE) >> SHIFT;
    histogram[bucket] = (histogram[bucket] as number) + 1;
  }
  let ties = k;
  let bucket = BUCKETS - 1;
  while ((histogram[bucket] as number) < ties) ties -= histogram[bucket--] as number;
  const held = histogram[bucket] as number;
  // Writing goes one place beyond what is kept.
  if (candidates.length <= held) candidates = new Int32Array(held + 1);
  let found = 0;
  for (let at = 0; at < count; at++) {
    const each = (bits[at] as number) & MAGNITUDE;
    candidates[found] = each;
    found += (((each >> SHIFT) ^ bucket) - 1) >>> 31;
  }
  const least = kthLargestOfFew(candidates, held, ties);
  let equal = 0;
  for (let at = 0; at < held; at++) {
    const each = candidates[at] as number;
    ties -= (least - each) >>> 31;
    equal += ((each ^ least) - 1) >>> 31;
  }
  return { bits: least, ties, equal };
}

/** The k-th largest |value|; NaN are the largest. @param k from 1 to the number of values. */
export function kthLargest(values: Float32Array, k: number): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  return numberOf(kthLargestBits(bits, bits.length, k).bits);
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/** The float32 with these bits. */
export function numberOf(bits: number): number {
  floatBits[0] = bits;
  return float[0] as number;
}

/** The k-th largest of the first `count` values, which are put into another order (Hoare's FIND). */
function kthLargestOfFew(values: Int32Array, count: number, k: number): number {
  let [low, high] = [0, count - 1];
  const wanted = k - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] as number;
    let [left, right] = [low, high];
    while (left <= right) {
      while ((values[left] as number) > pivot) left++;
      while ((values[right] as number) < pivot) right--;
      if (left > right) break;
      const value = values[left] as number;
      values[left++] = values[right] as number;
      values[right--] = value;
    }
    if (wanted <= right) high = right;
    else if (wanted >= left) low = left;
    else break;
  }
  return values[wanted] as number;
}
