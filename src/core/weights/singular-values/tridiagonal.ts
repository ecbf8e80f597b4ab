/**
 * A symmetric matrix as a tridiagonal one with the same eigenvalues: Householder's method, from the last row up, as
 * EISPACK's tred1 has it (Martin, Reinsch and Wilkinson, Numerische Mathematik 11, 1968). Reflections are collected and
 * taken into the matrix several at a time, as products of matrices (Dongarra, Sorensen and Hammarling, 1989; LAPACK's
 * dsytrd): until then, the matrix is only read.
 */
import { createPause, type Task } from '../stream.js';
import type { MatrixProduct } from './matrix-product.js';

export interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Between entry i and i + 1 of the diagonal; one shorter. */
  readonly offDiagonal: Float64Array;
}

/** Reflections that are collected. */
const PANEL = 32;
/** Rows of a tile of the matrix that changes at once. */
const TILE = 256;

/** Reflections not yet taken into the matrix A, which stands for A − Σ v qᵀ − Σ q vᵀ. */
interface Panel {
  readonly v: Float64Array[];
  readonly q: Float64Array[];
}

/**
 * @param matrix n × n, row-major; only its lower triangle is read, and it is overwritten.
 * @throws CancelledError
 */
export async function tridiagonalize(
  matrix: Float64Array,
  n: number,
  multiply: MatrixProduct,
  task: Task,
): Promise<Tridiagonal> {
  const pause = createPause(task.signal);
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(Math.max(0, n - 1));
  let panel: Panel = { v: [], q: [] };
  for (let row = n - 1; row >= 0; row--) {
    // The row itself, as the reflections before it leave it.
    const at = row * n;
    panel.v.forEach((v, index) => reflectRow(matrix.subarray(at, at + row + 1), v, panel.q[index] as Float64Array));
    diagonal[row] = matrix[at + row] as number;
    if (row === 0) break;
    const v = new Float64Array(row);
    const { square, entry } = householder(matrix.subarray(at, at + row), v);
    offDiagonal[row - 1] = entry;
    if (square > 0) {
      panel.q.push(reflection(matrix, n, v, square, panel));
      panel.v.push(v);
    }
    if (panel.v.length === PANEL) {
      await takeIn(matrix, n, row, panel, multiply, pause);
      panel = { v: [], q: [] };
    }
    // Rows that are left have work in proportion to their square, all steps together to the cube.
    task.onProgress?.(1 - (row / n) ** 3);
    await pause();
  }
  task.onProgress?.(1);
  return { diagonal, offDiagonal };
}

/** q = p − (vᵀp / 2h) v, with p = A v / h and h = |v|² / 2. */
function reflection(matrix: Float64Array, n: number, v: Float64Array, square: number, panel: Panel): Float64Array {
  const q = productOf(matrix, n, v);
  panel.v.forEach((before, index) => {
    const other = panel.q[index] as Float64Array;
    addMultiple(q, before, -dot(other, v));
    addMultiple(q, other, -dot(before, v));
  });
  const h = square / 2;
  const share = dot(q, v) / (2 * h * h);
  for (let k = 0; k < q.length; k++) q[k] = (q[k] as number) / h - share * (v[k] as number);
  return q;
}

/** Of as many entries as the second has. */
function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < other.length; k++) sum += (one[k] as number) * (other[k] as number);
  return sum;
}

function addMultiple(sums: Float64Array, vector: Float64Array, factor: number): void {
  for (let k = 0; k < sums.length; k++) sums[k] = (sums[k] as number) + factor * (vector[k] as number);
}

/** Takes the reflections into the lower triangle of the leading `size` rows: [V Q] · [Q V]ᵀ, tile by tile. */
async function takeIn(
  matrix: Float64Array,
  n: number,
  size: number,
  { v, q }: Panel,
  multiply: MatrixProduct,
  pause: () => Promise<void>,
): Promise<void> {
  const inner = 2 * v.length;
  const left = sideBySide([...v, ...q], size);
  const right = sideBySide([...q, ...v], size);
  for (let top = 0; top < size; top += TILE) {
    for (let start = 0; start <= top; start += TILE) {
      const [rows, columns] = [Math.min(TILE, size - top), Math.min(TILE, size - start)];
      const product = await multiply(
        left.subarray(top * inner, (top + rows) * inner),
        right.subarray(start * inner, (start + columns) * inner),
        { rows, columns, inner },
      );
      for (let row = 0; row < rows; row++) {
        for (let column = 0, at = (top + row) * n + start; column < columns; column++, at++) {
          matrix[at] = (matrix[at] as number) - (product[row * columns + column] as number);
        }
      }
      await pause();
    }
  }
}

/** Vectors as the columns of a matrix of `size` rows, row-major. */
function sideBySide(vectors: readonly Float64Array[], size: number): Float64Array {
  const matrix = new Float64Array(size * vectors.length);
  vectors.forEach((vector, column) => {
    for (let row = 0; row < size; row++) matrix[row * vectors.length + column] = vector[row] as number;
  });
  return matrix;
}

/**
 * Writes the vector that reflects x onto the last axis, into zeros.
 * @returns its squared length, 0 where x lies on the axis already, and what becomes of the last entry.
 */
function householder(x: Float64Array, v: Float64Array): { readonly square: number; readonly entry: number } {
  const end = x.length - 1;
  const own = x[end] as number;
  let [largest, rest] = [0, 0];
  for (const value of x) largest = Math.max(largest, Math.abs(value));
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

/** The last row of what the vectors' beginnings span. */
function reflectRow(row: Float64Array, v: Float64Array, q: Float64Array): void {
  const own = v[row.length - 1] as number;
  const other = q[row.length - 1] as number;
  for (let k = 0; k < row.length; k++) {
    row[k] = (row[k] as number) - own * (q[k] as number) - other * (v[k] as number);
  }
}

/** The leading part of a symmetric matrix, of which the lower triangle is given, times a vector. */
function productOf(matrix: Float64Array, n: number, x: Float64Array): Float64Array {
  const size = x.length;
  const sums = new Float64Array(size);
  let row = 0;
  // Four rows at a time share what is loaded from the vectors.
  for (; row + 3 < size; row += 4) {
    const a = row * n;
    const b = a + n;
    const c = b + n;
    const d = c + n;
    const x0 = x[row] as number;
    const x1 = x[row + 1] as number;
    const x2 = x[row + 2] as number;
    const x3 = x[row + 3] as number;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let k = 0; k < row; k++) {
      const ak = matrix[a + k] as number;
      const bk = matrix[b + k] as number;
      const ck = matrix[c + k] as number;
      const dk = matrix[d + k] as number;
      const xk = x[k] as number;
      sum0 += ak * xk;
      sum1 += bk * xk;
      sum2 += ck * xk;
      sum3 += dk * xk;
      sums[k] = (sums[k] as number) + (ak * x0 + bk * x1) + (ck * x2 + dk * x3);
    }
    sums[row] = sum0;
    sums[row + 1] = sum1;
    sums[row + 2] = sum2;
    sums[row + 3] = sum3;
    for (let corner = row; corner < row + 4; corner++) addRow(matrix, n, x, sums, corner, row);
  }
  for (; row < size; row++) addRow(matrix, n, x, sums, row, 0);
  return sums;
}

/** What one row adds, from a column to the diagonal, and its mirror image. */
function addRow(matrix: Float64Array, n: number, x: Float64Array, sums: Float64Array, row: number, from: number): void {
  const own = x[row] as number;
  let sum = (matrix[row * n + row] as number) * own;
  for (let k = from; k < row; k++) {
    const value = matrix[row * n + k] as number;
    sum += value * (x[k] as number);
    sums[k] = (sums[k] as number) + value * own;
  }
  sums[row] = (sums[row] as number) + sum;
}
