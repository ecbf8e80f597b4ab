/**
 * The exact median of magnitudes, by two histograms: the bits of non-negative floats are ordered as the floats are, so
 * the upper half of the bits finds the bucket and the lower half the value in it. Linear time, bounded memory.
 */
const BUCKETS = 2 ** 16;
const INFINITY_BITS = 0x7f800000;
const upper = new Uint32Array(BUCKETS);
const lower = new Uint32Array(BUCKETS);

/** @param magnitudes not negative; NaN and infinity are left out. @returns NaN where nothing is finite; the mean of the two middle ones where their number is even. */
export function exactMedian(magnitudes: Float32Array): number {
  const bits = new Uint32Array(magnitudes.buffer, magnitudes.byteOffset, magnitudes.length);
  upper.fill(0);
  let count = 0;
  for (const value of bits) {
    if (value >= INFINITY_BITS) continue;
    upper[value >>> 16] = (upper[value >>> 16] as number) + 1;
    count++;
  }
  if (count === 0) return NaN;
  const high = ranked(bits, count >>> 1);
  return count % 2 === 1 ? high : (ranked(bits, (count >>> 1) - 1) + high) / 2;
}

/** The value of that rank, from 0. */
function ranked(bits: Uint32Array, rank: number): number {
  const bucket = find(upper, rank);
  lower.fill(0);
  for (const value of bits) {
    if (value >>> 16 === bucket.index) lower[value & 0xffff] = (lower[value & 0xffff] as number) + 1;
  }
  const low = find(lower, bucket.left).index;
  return new Float32Array(Uint32Array.of(((bucket.index << 16) | low) >>> 0).buffer)[0] as number;
}

function find(histogram: Uint32Array, rank: number): { readonly index: number; readonly left: number } {
  let left = rank;
  for (let index = 0; index < BUCKETS; index++) {
    const own = histogram[index] as number;
    if (left < own) return { index, left };
    left -= own;
  }
  throw new Error('The rank is beyond what was counted.');
}
