/**
 * Count, mean and variance per unit, merged exactly in float64 (Chan, Golub, LeVeque 1979: the pairwise update of mean
 * and sum of squared deviations). Population variance, as methods section 0 fixes it.
 */
export interface Moments {
  /** Entries seen per unit. */
  readonly count: Float64Array;
  readonly mean: Float64Array;
  /** Σ (h − mean)². */
  readonly squaredDeviations: Float64Array;
}

export function createMoments(units: number): Moments {
  return {
    count: new Float64Array(units),
    mean: new Float64Array(units),
    squaredDeviations: new Float64Array(units),
  };
}

function combine(into: Moments, unit: number, count: number, mean: number, squaredDeviations: number): void {
  const before = into.count[unit] as number;
  const total = before + count;
  if (total === 0) return;
  const held = into.mean[unit] as number;
  const shift = mean - held;
  into.mean[unit] = held + (shift * count) / total;
  into.squaredDeviations[unit] =
    (into.squaredDeviations[unit] as number) + squaredDeviations + (shift * shift * before * count) / total;
  into.count[unit] = total;
}

/**
 * Adds one group of `entries` values of a unit, given as Σ h and Σ h².
 * A group whose sums are not finite is left out; the caller counts it.
 */
export function addSums(into: Moments, unit: number, entries: number, sum: number, sumOfSquares: number): void {
  if (!Number.isFinite(sum) || !Number.isFinite(sumOfSquares) || entries === 0) return;
  const mean = sum / entries;
  // A single value deviates from itself by nothing, whatever rounding says.
  combine(into, unit, entries, mean, entries === 1 ? 0 : Math.max(0, sumOfSquares - sum * mean));
}

export function mergeMoments(into: Moments, other: Moments): void {
  for (let unit = 0; unit < other.count.length; unit++) {
    combine(into, unit, other.count[unit] ?? 0, other.mean[unit] ?? 0, other.squaredDeviations[unit] ?? 0);
  }
}

/** Population variance per unit; NaN where nothing was seen. */
export function variances(moments: Moments): Float64Array {
  return moments.squaredDeviations.map((sum, unit) => {
    const count = moments.count[unit] ?? 0;
    return count === 0 ? NaN : sum / count;
  });
}

/** All units of a layer as one: count, mean and population variance over every entry. */
export function pooled(moments: Moments): { count: number; mean: number; variance: number } {
  const all = createMoments(1);
  for (let unit = 0; unit < moments.count.length; unit++) {
    combine(all, 0, moments.count[unit] ?? 0, moments.mean[unit] ?? 0, moments.squaredDeviations[unit] ?? 0);
  }
  const count = all.count[0] ?? 0;
  return {
    count,
    mean: count === 0 ? NaN : (all.mean[0] ?? 0),
    variance: count === 0 ? NaN : (all.squaredDeviations[0] ?? 0) / count,
  };
}
