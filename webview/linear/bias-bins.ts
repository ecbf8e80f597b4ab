/** Shares from 0 to 1, counted in bins of equal width. */
export const BIN_COUNT = 20;

export function binNames(): readonly string[] {
  const percent = (edge: number): string => String(Math.round((100 * edge) / BIN_COUNT));
  return Array.from({ length: BIN_COUNT }, (_, bin) => `${percent(bin)} to ${percent(bin + 1)} %`);
}

/** How many shares fall in each bin; 1 itself counts in the last. */
export function countShares(shares: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(BIN_COUNT);
  for (let index = 0; index < shares.length; index++) {
    const share = shares[index] ?? NaN;
    if (!(share >= 0 && share <= 1)) continue;
    const bin = Math.min(BIN_COUNT - 1, Math.floor(share * BIN_COUNT));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
