/**
 * Which part of a dictionary's error is a linear function of the activation, and whether its size is (“Decomposing the
 * Dark Matter of Sparse Autoencoders”, Engels et al. 2024; methods B3).
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { breather } from '../../breathe.js';
import type { NormalEquations } from './normal-equations.js';

/** e ≈ x B and |e|² ≈ x·a, least squares without a constant. */
export interface ErrorFit {
  readonly width: number;
  /** B, row-major [width, width]. */
  readonly matrix: Float64Array;
  /** a, [width]. */
  readonly norm: Float64Array;
  /** What was added to the diagonal of Σ x xᵀ, over its largest entry: more where directions are never used. */
  readonly ridge: number;
}

/** How well a fit does on some tokens. All are shares or ratios without units. */
export interface FittedError {
  readonly tokens: number;
  /** Mean over dims of 1 − SSR/SST, of B. */
  readonly r2: number;
  /** 1 − Σ|e − x B|² / Σ|e|²: the share of the squared error that the fit gives back. */
  readonly linearShare: number;
  /** Σ|e|² / Σ|x − mean|², and Σ|e − x B|² over the same: FVU of x̂, and of x̂ + x B. */
  readonly fvu: number;
  readonly fvuNonlinear: number;
  /** 1 − SSR/SST of a. */
  readonly normR2: number;
}

/** Keeps rounding of the sums, which are near 1e-15 of the largest, from deciding directions that hold nothing. */
const SMALLEST_RIDGE = 1e-12;
const LARGEST_RIDGE = 1e-4;
/** Columns that are solved for at a time. */
const COLUMNS = 32;

/** @throws CancelledError */
export async function fitError(sums: NormalEquations, signal?: AbortSignal): Promise<ErrorFit> {
  const { width, xe, xn } = sums;
  const pause = breather(signal);
  const { cholesky, ridge } = factorised(sums);
  const matrix = new Float64Array(width * width);
  for (let first = 0; first < width; first += COLUMNS) {
    const columns = Math.min(COLUMNS, width - first);
    const right = new Matrix(width, columns);
    for (let row = 0; row < width; row++)
      for (let column = 0; column < columns; column++)
        right.set(row, column, xe[row * width + first + column] as number);
    const solved = cholesky.solve(right);
    for (let row = 0; row < width; row++)
      for (let column = 0; column < columns; column++) matrix[row * width + first + column] = solved.get(row, column);
    await pause();
  }
  const norm = Float64Array.from(cholesky.solve(Matrix.columnVector(Array.from(xn))).to1DArray());
  return { width, matrix, norm, ridge };
}

function factorised(sums: NormalEquations): { readonly cholesky: CholeskyDecomposition; readonly ridge: number } {
  const { width, xx } = sums;
  let largest = 0;
  for (let i = 0; i < width; i++) largest = Math.max(largest, xx[i * width + i] as number);
  for (let ridge = SMALLEST_RIDGE; ; ridge *= 10) {
    const matrix = new Matrix(width, width);
    for (let i = 0; i < width; i++) {
      for (let j = i; j < width; j++) {
        const value = xx[i * width + j] as number;
        matrix.set(i, j, value);
        matrix.set(j, i, value);
      }
      matrix.set(i, i, matrix.get(i, i) + ridge * largest);
    }
    const cholesky = new CholeskyDecomposition(matrix);
    if (cholesky.isPositiveDefinite() || ridge > LARGEST_RIDGE) return { cholesky, ridge };
  }
}

/** @param sums of the tokens to judge by: others than those of the fit. @throws CancelledError */
export async function judgeFit(
  { width, matrix, norm }: ErrorFit,
  sums: NormalEquations,
  signal?: AbortSignal,
): Promise<FittedError> {
  const { tokens, xx, xe, xn, x, e, ee, n, nn } = sums;
  const pause = breather(signal);
  // Σ|e_d − x b_d|² = Σe_d² − 2 b_d·Σ(x e_d) + b_dᵀ (Σ x xᵀ) b_d, for every dim d at once.
  const residual = Float64Array.from(ee);
  const product = new Float64Array(width);
  let normResidual = nn;
  for (let i = 0; i < width; i++) {
    product.fill(0);
    let normProduct = 0;
    for (let j = 0; j < width; j++) {
      const between = xx[j < i ? j * width + i : i * width + j] as number;
      normProduct += between * (norm[j] as number);
      const row = j * width;
      for (let d = 0; d < width; d++) product[d] = (product[d] as number) + between * (matrix[row + d] as number);
    }
    const row = i * width;
    for (let d = 0; d < width; d++) {
      const weight = matrix[row + d] as number;
      residual[d] = (residual[d] as number) + weight * ((product[d] as number) - 2 * (xe[row + d] as number));
    }
    normResidual += (norm[i] as number) * (normProduct - 2 * (xn[i] as number));
    await pause();
  }
  let [variance, r2, dims] = [0, 0, 0];
  for (let d = 0; d < width; d++) {
    // A sum of squares, as a difference of rounded sums: nothing is left where that comes out below 0.
    residual[d] = Math.max(0, residual[d] as number);
    variance += (xx[d * width + d] as number) - (x[d] as number) ** 2 / tokens;
    const total = (ee[d] as number) - (e[d] as number) ** 2 / tokens;
    if (total <= 0) continue;
    r2 += 1 - (residual[d] as number) / total;
    dims++;
  }
  const left = residual.reduce((sum, each) => sum + each, 0);
  return {
    tokens,
    r2: r2 / dims,
    linearShare: 1 - left / n,
    fvu: n / variance,
    fvuNonlinear: left / variance,
    normR2: 1 - Math.max(0, normResidual) / (nn - n ** 2 / tokens),
  };
}

/** x B for rows of x. @param rows row-major [count, width]. @returns likewise. */
export function linearPart({ width, matrix }: ErrorFit, rows: Float32Array): Float32Array {
  const out = new Float32Array(rows.length);
  const sum = new Float64Array(width);
  for (let start = 0; start < rows.length; start += width) {
    sum.fill(0);
    for (let i = 0; i < width; i++) {
      const value = rows[start + i] as number;
      const row = i * width;
      for (let d = 0; d < width; d++) sum[d] = (sum[d] as number) + value * (matrix[row + d] as number);
    }
    out.set(sum, start);
  }
  return out;
}
