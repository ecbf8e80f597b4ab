/** Which outputs can never be the largest, or the smallest: methods, D3, last certificate. */
import type { Ends } from '../../rewrite/linearize/bounds/box.js';
import type { Rows } from '../../rewrite/linearize/bounds/run-bounds.js';

/** Outputs whose differences are bounded pair by pair; with more there would be too many pairs. */
export const MOST_CLASSES = 64;

/** Whether the elements of a value are classes of one example. */
export function countsClasses(shape: readonly number[]): boolean {
  const classes = shape.at(-1) ?? 1;
  const count = shape.reduce((product, size) => product * size, 1);
  return classes >= 2 && classes === count;
}

/** All e_c − e_k with c ≠ k, as rows over the outputs. */
export function pairRows(classes: number): Float32Array {
  const rows = new Float32Array(classes * (classes - 1) * classes);
  let row = 0;
  for (const [c, k] of pairs(classes)) {
    rows[row * classes + c] = 1;
    rows[row * classes + k] = -1;
    row++;
  }
  return rows;
}

function pairs(classes: number): [number, number][] {
  const each = Array.from({ length: classes }, (_, at) => at);
  return each.flatMap((c) => each.filter((k) => k !== c).map((k): [number, number] => [c, k]));
}

export interface ClassVerdicts {
  /** Another output is larger, whatever the input in the box. */
  readonly neverLargest: Uint8Array;
  readonly neverSmallest: Uint8Array;
}

/**
 * @param ends of the outputs.
 * @param differences upper bounds of the pairs of {@link pairRows}, where there are any.
 */
export function judgeClasses({ lower, upper }: Ends, differences: Float64Array | undefined): ClassVerdicts {
  const classes = lower.length;
  const neverLargest = new Uint8Array(classes);
  const neverSmallest = new Uint8Array(classes);
  const highest = lower.reduce((a, b) => Math.max(a, b), -Infinity);
  const lowest = upper.reduce((a, b) => Math.min(a, b), Infinity);
  for (let c = 0; c < classes; c++) {
    if ((upper[c] ?? NaN) < highest) neverLargest[c] = 1;
    if ((lower[c] ?? NaN) > lowest) neverSmallest[c] = 1;
  }
  if (differences === undefined) return { neverLargest, neverSmallest };
  for (const [pair, [c, k]] of pairs(classes).entries()) {
    // z_c − z_k < 0 for every input: c is never the largest, k never the smallest.
    if (!((differences[pair] ?? NaN) < 0)) continue;
    neverLargest[c] = 1;
    neverSmallest[k] = 1;
  }
  return { neverLargest, neverSmallest };
}

/** What holds in both parts of a box. */
export function inBoth(a: ClassVerdicts, b: ClassVerdicts): ClassVerdicts {
  const both = (one: Uint8Array, other: Uint8Array): Uint8Array => one.map((flag, at) => flag & (other[at] ?? 0));
  return {
    neverLargest: both(a.neverLargest, b.neverLargest),
    neverSmallest: both(a.neverSmallest, b.neverSmallest),
  };
}

export function rowsFor(end: string, shape: readonly number[]): Rows {
  const classes = shape.at(-1) ?? 0;
  return countsClasses(shape) && classes <= MOST_CLASSES ? new Map([[end, pairRows(classes)]]) : new Map();
}
