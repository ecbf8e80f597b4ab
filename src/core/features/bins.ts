/**
 * Bins of equal width from zero to the next power of two above the largest value seen. Where a larger value comes, two
 * bins become one, as often as needed: their edges nest, so the counts are those that one would have had from the start,
 * whatever the order in which values came or parts were merged.
 */

export const BINS = 64;
const BIN_BITS = 6;

/** Activations are split into so many intervals for examples: each is {@link BINS} / INTERVALS bins. */
export const INTERVALS = 16;
const INTERVAL_BITS = 4;

/** Below all exponents: nothing was seen. */
export const NO_EXPONENT = -32768;
/** float32 below this share one exponent: their own would leave their bins without numbers between them. */
const LOWEST_EXPONENT = -126;

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The smallest e with value < 2^e. @param value positive, finite, float32. */
export function exponentAbove(value: number): number {
  float[0] = value;
  return Math.max(LOWEST_EXPONENT, ((bits[0] as number) >>> 23) - 126);
}

/** The bin of a value below 2^exponent. */
export function binOf(value: number, exponent: number): number {
  return Math.floor(value * 2 ** (BIN_BITS - exponent));
}

export function intervalOf(value: number, exponent: number): number {
  return Math.floor(value * 2 ** (INTERVAL_BITS - exponent));
}

export function binWidth(exponent: number): number {
  return 2 ** (exponent - BIN_BITS);
}

export function intervalWidth(exponent: number): number {
  return 2 ** (exponent - INTERVAL_BITS);
}

/** Adds the counts of bins up to 2^from to those up to 2^to, to ≥ from. They may be the same array, then it is rewritten. */
export function addBins(into: Uint32Array, intoStart: number, counts: Uint32Array, start: number, shift: number): void {
  const isSame = into === counts && intoStart === start;
  for (let bin = 0; bin < BINS; bin++) {
    const count = counts[start + bin] as number;
    if (count === 0) continue;
    if (isSame) counts[start + bin] = 0;
    const at = intoStart + coarser(bin, shift);
    into[at] = (into[at] as number) + count;
  }
}

/** The bin, or interval, of twice the width that many times over. */
export function coarser(bin: number, shift: number): number {
  return shift >= BIN_BITS ? 0 : bin >> shift;
}
