export interface EqualBins {
  /** Bin i holds edges[i] ≤ value < edges[i + 1]; the last one holds the largest value, too. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** How the histogram of logit effects is cut (formats 5). */
export const LOGIT_BINS = 50;

/** Counts in bins of equal width from the smallest to the largest value; what is not finite is in none. */
export function equalBins(values: Float32Array, bins: number): EqualBins {
  let [smallest, largest] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  if (smallest > largest) return { edges: [], counts: [] };
  const width = (largest - smallest) / bins;
  if (!(width > 0))
    return { edges: [smallest, largest], counts: [values.filter((value) => value === smallest).length] };
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(bins - 1, Math.floor((value - smallest) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, edge) => smallest + edge * width), counts };
}
