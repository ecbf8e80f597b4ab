/** On how many different activations a fit rests, and how many dimensions they span. */
import { breather } from '../../breathe.js';
import { mostValues, type NormalEquations } from './normal-equations.js';

export interface Support {
  /** Different activations, bit for bit; not counted on beyond `mostValues`. */
  readonly values: number;
  readonly isAll: boolean;
  /** Of Σ x xᵀ: 0 to the width. */
  readonly rank: number;
}

/** A direction on which the activation has less than this share of its largest mean square is rounding. */
const SMALLEST = 1e-12;

/** @throws CancelledError */
export async function supportOf(sums: NormalEquations, signal?: AbortSignal): Promise<Support> {
  const { values } = sums;
  return { values: values.size, isAll: values.size < mostValues(sums.width), rank: await rankOf(sums, signal) };
}

/**
 * By Cholesky factorisation with the largest pivot first, which ends where no pivot is left (Higham, “Analysis of the
 * Cholesky decomposition of a semi-definite matrix”, 1990).
 */
async function rankOf({ width, xx }: NormalEquations, signal?: AbortSignal): Promise<number> {
  const pause = breather(signal);
  const left = Float64Array.from({ length: width }, (_, i) => xx[i * width + i] as number);
  const smallest = SMALLEST * left.reduce((most, each) => Math.max(most, each), 0);
  const taken = new Set<number>();
  const rows: Float64Array[] = [];
  while (rows.length < width) {
    let pivot = -1;
    left.forEach((value, i) => {
      if (!taken.has(i) && value > smallest && value > (left[pivot] ?? 0)) pivot = i;
    });
    if (pivot < 0) break;
    taken.add(pivot);
    const row = Float64Array.from(
      { length: width },
      (_, i) => xx[i < pivot ? i * width + pivot : pivot * width + i] as number,
    );
    for (const before of rows) {
      const weight = before[pivot] as number;
      for (let i = 0; i < width; i++) row[i] = (row[i] as number) - weight * (before[i] as number);
    }
    const root = Math.sqrt(left[pivot] as number);
    for (let i = 0; i < width; i++) {
      const value = (row[i] as number) / root;
      row[i] = value;
      left[i] = (left[i] as number) - value * value;
    }
    rows.push(row);
    await pause();
  }
  return rows.length;
}
