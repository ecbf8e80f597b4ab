/** How much of what a dictionary is to write it does write: fraction of variance unexplained (methods B1), streamed. */

export interface Reconstruction {
  tokens: number;
  /** Σ |x − x̂|². */
  error: number;
  /** Σ |x|². */
  squares: number;
  /** Σ x, by axis. */
  readonly sums: Float64Array;
}

export function createReconstruction(width: number): Reconstruction {
  return { tokens: 0, error: 0, squares: 0, sums: new Float64Array(width) };
}

/** @param wanted row-major [tokens, width], as `written`. */
export function addReconstruction(into: Reconstruction, wanted: Float32Array, written: Float32Array): void {
  const width = into.sums.length;
  let at = 0;
  for (; at < wanted.length; at++) {
    const [x, left] = [wanted[at] as number, (wanted[at] as number) - (written[at] as number)];
    into.error += left * left;
    into.squares += x * x;
    into.sums[at % width] = (into.sums[at % width] as number) + x;
  }
  into.tokens += at / width;
}

export function mergeReconstructions(into: Reconstruction, other: Reconstruction): void {
  into.tokens += other.tokens;
  into.error += other.error;
  into.squares += other.squares;
  other.sums.forEach((sum, axis) => (into.sums[axis] = (into.sums[axis] as number) + sum));
}

/** Σ |x − x̂|² / Σ |x − mean over tokens|²; NaN where all tokens are alike. */
export function unexplainedVariance({ tokens, error, squares, sums }: Reconstruction): number {
  const aroundMean = squares - sums.reduce((total, sum) => total + sum * sum, 0) / Math.max(1, tokens);
  return aroundMean > 0 ? error / aroundMean : NaN;
}
