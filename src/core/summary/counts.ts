/** Per-unit (or per-position) sums of counts in float64: exact far beyond any dataset. */
export type Counts = Float64Array;

export function createCounts(length: number): Counts {
  return new Float64Array(length);
}

export function total(counts: Counts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** @param into of histograms and maps Uint32Array: they are too many for 8 bytes each. */
export function mergeCounts(into: Counts | Uint32Array, other: ArrayLike<number>): void {
  for (let index = 0; index < other.length; index++) into[index] = (into[index] as number) + (other[index] as number);
}
