/** Quantiles as numpy's method "linear" defines them: at position q (n − 1) of the sorted values, between two of them. */

export const QUANTILES = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999] as const;

export interface Quantile {
  /** Share of the values that lie below, 0 to 1. */
  readonly share: number;
  readonly value: number;
}

/** Which of `count` sorted values (from 0) a quantile lies between, and where. */
export interface QuantilePosition {
  readonly lower: number;
  readonly upper: number;
  /** 0 at the lower one, below 1. */
  readonly fraction: number;
}

export function quantilePosition(share: number, count: number): QuantilePosition {
  const position = share * (count - 1);
  const lower = Math.floor(position);
  return { lower, upper: Math.min(count - 1, lower + 1), fraction: position - lower };
}

/** Between two values, from the nearer one, as numpy does, so that it never leaves them. */
export function interpolate(lower: number, upper: number, fraction: number): number {
  const difference = upper - lower;
  // Zeros of either sign are one value.
  if (difference === 0) return lower + 0;
  // The difference of two float64 may be none.
  if (!Number.isFinite(difference)) return lower * (1 - fraction) + upper * fraction;
  return fraction >= 0.5 ? upper - difference * (1 - fraction) : lower + difference * fraction;
}
