/**
 * Histograms over fixed buckets, so that any two merge by adding counts and no first pass for the range is needed.
 * A bucket is the sign, the exponent and the top three mantissa bits of a float32: eight buckets per power of two between
 * 2⁻¹⁶ and 2¹². Because every bucket edge is a multiple of the bucket widths below it, the buckets of any histogram add
 * up exactly into bins of equal width for drawing.
 */
const MANTISSA_BITS = 3;
const LOWEST_EXPONENT = -16;
const HIGHEST_EXPONENT = 12;
const PER_OCTAVE = 1 << MANTISSA_BITS;
const REGULAR = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * PER_OCTAVE;
/** Below the lowest exponent, the regular buckets, and from the highest exponent up. */
const PER_SIGN = REGULAR + 2;
const SHIFT = 23 - MANTISSA_BITS;
const FIRST_KEY = (127 + LOWEST_EXPONENT) << MANTISSA_BITS;

/** NaN and ±Infinity. */
const NON_FINITE = 0;
/** Exactly zero; negative buckets lie below it (largest magnitude first), positive ones above. */
const ZERO = 1 + PER_SIGN;
export const BUCKETS = 2 + 2 * PER_SIGN;

/** Adds `length` values from `values[start]` on to the counts that begin at `counts[offset]`. */
export function countValues(
  counts: Uint32Array,
  offset: number,
  values: Float32Array,
  start: number,
  length: number,
): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset + start * 4, length);
  for (let index = 0; index < length; index++) {
    const bucket = offset + bucketOf(bits[index] as number);
    counts[bucket] = (counts[bucket] as number) + 1;
  }
}

/**
 * Adds every value both to `all` and to the counts of its own unit, in one reading.
 * @param values row-major [examples, units, positions].
 * @param perUnit row-major [units, {@link BUCKETS}].
 */
export function countValuesByUnit(
  all: Uint32Array,
  perUnit: Uint32Array,
  values: Float32Array,
  units: number,
  positions: number,
): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const rows = units * positions === 0 ? 0 : bits.length / (units * positions);
  let index = 0;
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      const first = unit * BUCKETS;
      for (const end = index + positions; index < end; index++) {
        const bucket = bucketOf(bits[index] as number);
        all[bucket] = (all[bucket] as number) + 1;
        perUnit[first + bucket] = (perUnit[first + bucket] as number) + 1;
      }
    }
  }
}

/** @param word the bits of a float32. */
function bucketOf(word: number): number {
  const magnitude = word & 0x7fffffff;
  if (magnitude === 0) return ZERO;
  if (magnitude >= 0x7f800000) return NON_FINITE;
  const key = (magnitude >>> SHIFT) - FIRST_KEY;
  const distance = key < 0 ? 1 : key >= REGULAR ? PER_SIGN : key + 2;
  return word === magnitude ? ZERO + distance : ZERO - distance;
}

/** Smallest magnitude of the bucket `distance` steps from zero (1 = nearest). */
function lowerMagnitude(distance: number): number {
  if (distance <= 1) return 0;
  const key = distance - 2;
  const exponent = LOWEST_EXPONENT + Math.floor(key / PER_OCTAVE);
  return 2 ** exponent * (1 + (key % PER_OCTAVE) / PER_OCTAVE);
}

/** A histogram ready to draw: `counts[i]` values lie between `edges[i]` and `edges[i + 1]`; zeros stand apart. */
export interface DrawableHistogram {
  readonly edges: number[];
  readonly counts: number[];
  readonly zeros: number;
  readonly nonFinite: number;
}

/**
 * Adds buckets up into bins of equal width, exactly: the width is that of the outermost occupied bucket, so the other
 * buckets nest in it. Values of 4,096 and more share one open-ended last bin on their side.
 */
export function drawable(buckets: Uint32Array): DrawableHistogram {
  let outermost = 0;
  for (let distance = 1; distance <= PER_SIGN; distance++) {
    if ((buckets[ZERO + distance] ?? 0) > 0 || (buckets[ZERO - distance] ?? 0) > 0) outermost = distance;
  }
  const zeros = buckets[ZERO] ?? 0;
  const nonFinite = buckets[NON_FINITE] ?? 0;
  if (outermost === 0) return { edges: [], counts: [], zeros, nonFinite };
  const octave = Math.floor((Math.max(2, Math.min(outermost, PER_SIGN - 1)) - 2) / PER_OCTAVE);
  // Never narrower than the bucket around zero, which reaches to the lowest exponent.
  const width = 2 ** Math.max(LOWEST_EXPONENT, LOWEST_EXPONENT + octave - MANTISSA_BITS);
  const sides = [-1, 1].map((sign) => {
    const bins: number[] = [];
    for (let distance = 1; distance <= outermost; distance++) {
      const count = buckets[ZERO + sign * distance] ?? 0;
      const bin = Math.floor(lowerMagnitude(distance) / width);
      if (count > 0) {
        while (bins.length <= bin) bins.push(0);
        bins[bin] = (bins[bin] ?? 0) + count;
      }
    }
    return bins;
  });
  const [negative = [], positive = []] = sides;
  const counts = [...negative.reverse(), ...positive];
  const edges = Array.from({ length: counts.length + 1 }, (_, index) => (index - negative.length) * width);
  return { edges, counts, zeros, nonFinite };
}

/** Ends of all buckets of finite values, ascending: every value of a bucket is at most its end, and above the one before. */
export function upperEdges(): number[] {
  const edges: number[] = [];
  for (let distance = PER_SIGN; distance >= 1; distance--) edges.push(0 - lowerMagnitude(distance));
  // The nearest negative bucket ends at zero, and so does zero itself: one edge for both.
  for (let distance = 1; distance < PER_SIGN; distance++) edges.push(lowerMagnitude(distance + 1));
  return edges;
}

/**
 * Share of the finite values that are at most `edge`, one of {@link upperEdges}. Exact at zero; elsewhere values that are
 * exactly on a bucket's edge count to the bucket of larger magnitude.
 */
export function shareUpTo(buckets: Uint32Array, edge: number): number {
  let [upTo, all] = [0, 0];
  for (let bucket = ZERO - PER_SIGN; bucket <= ZERO + PER_SIGN; bucket++) {
    const counted = buckets[bucket] as number;
    all += counted;
    const distance = bucket - ZERO;
    const end =
      distance <= 0 ? -lowerMagnitude(-distance) : distance === PER_SIGN ? Infinity : lowerMagnitude(distance + 1);
    if (end <= edge) upTo += counted;
  }
  return all === 0 ? NaN : upTo / all;
}
