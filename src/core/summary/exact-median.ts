import { kthLargestBits, numberOf } from './select-bits.js';

/**
 * The exact median of magnitudes in linear time.
 * @param bits of float32 numbers that are finite and not negative; the first `count` are looked at.
 * @returns NaN where there are none; the mean of the two middle ones where their number is even.
 */
export function exactMedian(bits: Int32Array, count: number): number {
  if (count === 0) return NaN;
  const upper = kthLargestBits(bits, count, Math.ceil(count / 2));
  const high = numberOf(upper.bits);
  if (count % 2 === 1) return high;
  const low = upper.equal > upper.ties ? upper.bits : largestBelow(bits, count, upper.bits);
  return (numberOf(low) + high) / 2;
}

function largestBelow(bits: Int32Array, count: number, limit: number): number {
  let largest = 0;
  for (let at = 0; at < count; at++) {
    const each = bits[at] as number;
    largest = Math.max(largest, each & ((each - limit) >> 31));
  }
  return largest;
}
