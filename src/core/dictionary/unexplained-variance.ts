/** How much of what a dictionary is to write it does not write: fraction of variance unexplained (methods B1), streamed. */

export interface VarianceSums {
  tokens: number;
  /** Σ |y − ŷ|². */
  error: number;
  /** Σ |y − a|², and Σ (y − a) by axis: a is near the mean, so that nothing cancels where the mean is large. */
  spread: number;
  readonly offsets: Float64Array;
  /** a; undefined until the first token, which is taken where no mean is known before. */
  around: Float64Array | undefined;
}

export function varianceSums(width: number, around?: Float64Array): VarianceSums {
  return { tokens: 0, error: 0, spread: 0, offsets: new Float64Array(width), around };
}

/** @param wanted row-major [tokens, width], as `written`: all of their rows are added. */
export function addVariance(into: VarianceSums, wanted: Float32Array, written: Float32Array): void {
  const rows = wanted.length / into.offsets.length;
  for (let row = 0; row < rows; row++) addVarianceOfRow(into, wanted, written, row);
}

/** @returns |y − ŷ|² and |y − a|² of that row. */
export function addVarianceOfRow(
  into: VarianceSums,
  wanted: Float32Array,
  written: Float32Array,
  row: number,
): { readonly error: number; readonly spread: number } {
  const { offsets } = into;
  const width = offsets.length;
  const start = row * width;
  const around = (into.around ??= Float64Array.from(wanted.subarray(start, start + width)));
  let [error, spread] = [0, 0];
  for (let axis = 0; axis < width; axis++) {
    const y = wanted[start + axis] as number;
    const [left, off] = [y - (written[start + axis] as number), y - (around[axis] as number)];
    error += left * left;
    spread += off * off;
    offsets[axis] = (offsets[axis] as number) + off;
  }
  into.error += error;
  into.spread += spread;
  into.tokens++;
  return { error, spread };
}

/** Σ |y − mean over tokens|². */
export function varianceAroundMean({ tokens, spread, offsets }: VarianceSums): number {
  return spread - offsets.reduce((total, offset) => total + offset * offset, 0) / Math.max(1, tokens);
}

/** Σ |y − ŷ|² / Σ |y − mean over tokens|²; NaN where all tokens are alike. */
export function unexplainedVariance(sums: VarianceSums): number {
  const variance = varianceAroundMean(sums);
  return variance > 0 ? sums.error / variance : NaN;
}
