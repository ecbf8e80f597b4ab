/**
 * A symmetric matrix as a tridiagonal one with the same eigenvalues: Householder's method, from the last row up, as
 * EISPACK's tred1 has it (Martin, Reinsch and Wilkinson, Numerische Mathematik 11, 1968). Each step changes the matrix
 * and multiplies what it becomes by the vector of the next step in one go over it, because memory is what it waits for.
 */
import { createPause, type Task } from '../stream.js';

export interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Between entry i and i + 1 of the diagonal; one shorter. */
  readonly offDiagonal: Float64Array;
}

/** One reflection: the matrix A becomes A − v qᵀ − q vᵀ. */
interface Reflection {
  readonly v: Float64Array;
  readonly q: Float64Array;
}

/**
 * @param matrix n × n, row-major; only its lower triangle is read, and it is overwritten.
 * @throws CancelledError
 */
export async function tridiagonalize(matrix: Float64Array, n: number, task: Task): Promise<Tridiagonal> {
  const pause = createPause(task.signal);
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(Math.max(0, n - 1));
  let last: Reflection = { v: new Float64Array(n), q: new Float64Array(n) };
  let next: Reflection = { v: new Float64Array(n), q: new Float64Array(n) };
  for (let row = n - 1; row >= 0; row--) {
    // The row itself, as the reflections before it leave it.
    const at = row * n;
    reflectRow(matrix, at, row, row + 1, last);
    diagonal[row] = matrix[at + row] as number;
    if (row === 0) break;
    const half = householder(matrix.subarray(at, at + row), next.v);
    offDiagonal[row - 1] = half.entry;
    next.q.fill(0);
    reflectAndMultiply(matrix, n, row, last, next);
    if (half.square > 0) {
      // q = p − (vᵀp / 2h) v with p = A v / h, h = |v|² / 2.
      const h = half.square / 2;
      let product = 0;
      for (let k = 0; k < row; k++) {
        const p = (next.q[k] as number) / h;
        next.q[k] = p;
        product += p * (next.v[k] as number);
      }
      const share = product / (2 * h);
      for (let k = 0; k < row; k++) next.q[k] = (next.q[k] as number) - share * (next.v[k] as number);
    }
    [last, next] = [next, last];
    // Rows that are left have work in proportion to their square, all steps together to the cube.
    task.onProgress?.(1 - (row / n) ** 3);
    await pause();
  }
  task.onProgress?.(1);
  return { diagonal, offDiagonal };
}

/**
 * Writes the vector that reflects x onto the last axis.
 * @returns its squared length, 0 where x lies on the axis already, and what becomes of the last entry.
 */
function householder(x: Float64Array, v: Float64Array): { readonly square: number; readonly entry: number } {
  const end = x.length - 1;
  const own = x[end] as number;
  let [largest, rest] = [0, 0];
  for (const value of x) largest = Math.max(largest, Math.abs(value));
  v.fill(0);
  if (largest === 0) return { square: 0, entry: 0 };
  // Scaled, so that squares of tiny numbers are no zeros.
  for (let k = 0; k < end; k++) rest += ((x[k] as number) / largest) ** 2;
  if (rest === 0) return { square: 0, entry: own };
  const length = Math.sqrt(rest + (own / largest) ** 2);
  const reflected = own / largest + (own >= 0 ? length : -length);
  for (let k = 0; k < end; k++) v[k] = (x[k] as number) / largest;
  v[end] = reflected;
  return { square: rest + reflected * reflected, entry: (own >= 0 ? -length : length) * largest };
}

function reflectRow(matrix: Float64Array, at: number, row: number, length: number, { v, q }: Reflection): void {
  const [own, other] = [v[row] as number, q[row] as number];
  for (let k = 0; k < length; k++) {
    matrix[at + k] = (matrix[at + k] as number) - own * (q[k] as number) - other * (v[k] as number);
  }
}

/** Takes the last reflection into the leading `size` rows, and adds what they give times the next vector to its `q`. */
function reflectAndMultiply(matrix: Float64Array, n: number, size: number, last: Reflection, next: Reflection): void {
  const { v, q } = last;
  const { v: x, q: sums } = next;
  let row = 0;
  // Two rows at a time share what is loaded from the vectors.
  for (; row + 1 < size; row += 2) {
    const v0 = v[row] as number;
    const q0 = q[row] as number;
    const x0 = x[row] as number;
    const v1 = v[row + 1] as number;
    const q1 = q[row + 1] as number;
    const x1 = x[row + 1] as number;
    let sum0 = 0;
    let sum1 = 0;
    for (let k = 0, a = row * n, b = a + n; k < row; k++, a++, b++) {
      const vk = v[k] as number;
      const qk = q[k] as number;
      const first = (matrix[a] as number) - v0 * qk - q0 * vk;
      const second = (matrix[b] as number) - v1 * qk - q1 * vk;
      matrix[a] = first;
      matrix[b] = second;
      const xk = x[k] as number;
      sum0 += first * xk;
      sum1 += second * xk;
      sums[k] = (sums[k] as number) + first * x0 + second * x1;
    }
    // The corner of the two rows on the diagonal.
    const a = row * n + row;
    const b = a + n;
    const corner = (matrix[a] as number) - 2 * v0 * q0;
    const side = (matrix[b] as number) - v1 * q0 - q1 * v0;
    const end = (matrix[b + 1] as number) - 2 * v1 * q1;
    matrix[a] = corner;
    matrix[b] = side;
    matrix[b + 1] = end;
    sums[row] = (sums[row] as number) + sum0 + corner * x0 + side * x1;
    sums[row + 1] = (sums[row + 1] as number) + sum1 + side * x0 + end * x1;
  }
  if (row < size) {
    const at = row * n;
    reflectRow(matrix, at, row, row + 1, last);
    const own = x[row] as number;
    let sum = (matrix[at + row] as number) * own;
    for (let k = 0; k < row; k++) {
      const value = matrix[at + k] as number;
      sum += value * (x[k] as number);
      sums[k] = (sums[k] as number) + value * own;
    }
    sums[row] = (sums[row] as number) + sum;
  }
}
