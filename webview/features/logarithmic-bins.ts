const PER_DECADE = 10;

/** Counts of what is above 0 in bins that are each 10^(1/10) times as wide as the one before; their edges are fixed. */
export function logarithmicBins(values: ArrayLike<number>): {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
} {
  const found = new Map<number, number>();
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (!(value > 0) || value === Infinity) continue;
    // A power of ten belongs to the bin that begins with it, whichever way its logarithm is rounded.
    const bin = Math.floor(Math.log10(value) * PER_DECADE + 1e-9);
    found.set(bin, (found.get(bin) ?? 0) + 1);
  }
  if (found.size === 0) return { edges: [], counts: [] };
  const first = Math.min(...found.keys());
  const length = Math.max(...found.keys()) - first + 1;
  return {
    edges: Array.from({ length: length + 1 }, (_, bin) => 10 ** ((first + bin) / PER_DECADE)),
    counts: Array.from({ length }, (_, bin) => found.get(first + bin) ?? 0),
  };
}
