/**
 * Eigenvalues of a symmetric tridiagonal matrix: the QL method with implicit shifts (Dubrulle, Martin and Wilkinson,
 * Numerische Mathematik 12, 1968; EISPACK's imtql1). Errors are a small multiple of 2⁻⁵² times the largest eigenvalue.
 */
import { problem } from '../../errors.js';
import { createPause, type Task } from '../stream.js';
import type { Tridiagonal } from './tridiagonal.js';

/** Two are usual. */
const MOST_ITERATIONS = 60;

/** @returns eigenvalues in descending order. @throws CancelledError; ProblemError `not-applicable` without convergence. */
export async function tridiagonalEigenvalues(
  { diagonal, offDiagonal }: Tridiagonal,
  task: Task,
): Promise<Float64Array> {
  const pause = createPause(task.signal);
  const n = diagonal.length;
  const d = diagonal.slice();
  const e = new Float64Array(n);
  e.set(offDiagonal);
  for (let index = 0; index < n; index++) {
    for (let iteration = 0; ; iteration++) {
      const split = firstSmall(d, e, index);
      if (split === index) break;
      if (iteration === MOST_ITERATIONS) {
        throw problem('not-applicable', 'The singular values of this matrix could not be computed.');
      }
      step(d, e, index, split);
    }
    await pause();
    task.onProgress?.(1 - (1 - (index + 1) / n) ** 2);
  }
  return d.sort().reverse();
}

/** Where the matrix falls apart: the first off-diagonal entry from `start` that is nothing beside its neighbours. */
function firstSmall(d: Float64Array, e: Float64Array, start: number): number {
  let at = start;
  for (; at < d.length - 1; at++) {
    const size = Math.abs(d[at] as number) + Math.abs(d[at + 1] as number);
    if (Math.abs(e[at] as number) <= Number.EPSILON * size) break;
  }
  return at;
}

/** One QL step on the entries from `start` to `end`. */
function step(d: Float64Array, e: Float64Array, start: number, end: number): void {
  const first = d[start] as number;
  const slope = ((d[start + 1] as number) - first) / (2 * (e[start] as number));
  const length = Math.hypot(slope, 1);
  let g = (d[end] as number) - first + (e[start] as number) / (slope + (slope >= 0 ? length : -length));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let at = end - 1; at >= start; at--) {
    const f = sine * (e[at] as number);
    const b = cosine * (e[at] as number);
    const r = Math.hypot(f, g);
    e[at + 1] = r;
    if (r === 0) {
      d[at + 1] = (d[at + 1] as number) - shift;
      e[end] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    const above = (d[at + 1] as number) - shift;
    const turned = ((d[at] as number) - above) * sine + 2 * cosine * b;
    shift = sine * turned;
    d[at + 1] = above + shift;
    g = cosine * turned - b;
  }
  d[start] = first - shift;
  e[start] = g;
  e[end] = 0;
}
