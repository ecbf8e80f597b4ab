/** How well an estimate agrees with what was measured. */
export interface Agreement {
  /** Pearson's r; undefined where one of both does not vary. */
  readonly correlation: number | undefined;
  /** The largest |estimate − measured|, and where; undefined where nothing was estimated. */
  readonly largest: { readonly deviation: number; readonly at: number } | undefined;
  /** How many were compared. */
  readonly count: number;
}

/** Places without an estimate (NaN) are left out. */
export function agreementOf(measured: Float64Array, estimate: Float64Array): Agreement {
  const places = Array.from(measured.keys()).filter(
    (at) => Number.isFinite(estimate[at]) && Number.isFinite(measured[at]),
  );
  const mean = (of: Float64Array): number => places.reduce((sum, at) => sum + (of[at] as number), 0) / places.length;
  const [meanMeasured, meanEstimate] = [mean(measured), mean(estimate)];
  let [product, squares, estimateSquares] = [0, 0, 0];
  let largest: Agreement['largest'];
  for (const at of places) {
    const [a, b] = [measured[at] as number, estimate[at] as number];
    product += (a - meanMeasured) * (b - meanEstimate);
    squares += (a - meanMeasured) ** 2;
    estimateSquares += (b - meanEstimate) ** 2;
    const deviation = Math.abs(b - a);
    if (largest === undefined || deviation > largest.deviation) largest = { deviation, at };
  }
  const spread = Math.sqrt(squares * estimateSquares);
  return { correlation: spread > 0 ? product / spread : undefined, largest, count: places.length };
}
