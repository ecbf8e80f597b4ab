/** How many directions a matrix really has: its singular values and what follows from them. Source: methods D2, M4. */
import { problem } from '../errors.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { FIRST_AXIS, matrixShape, type MatrixChoice } from './matrix-shape.js';
import { gramMatrix } from './singular-values/gram-matrix.js';
import { ownProduct, type MatrixProduct } from './singular-values/matrix-product.js';
import { tridiagonalEigenvalues } from './singular-values/tridiagonal-eigenvalues.js';
import { tridiagonalize } from './singular-values/tridiagonal.js';
import { partOf, valuesOf, type Task } from './stream.js';

export interface Spectrum {
  /** exp(−Σ pᵢ ln pᵢ) with pᵢ = σᵢ / Σσ: between 1 and the rank (Roy and Vetterli, 2007; not centred). 0 where all are 0. */
  readonly effectiveRank: number;
  /** The fewest largest singular values whose sum is at least 99 % of that of all (methods D2). 0 where all are 0. */
  readonly rank99: number;
  /** ‖A‖²_F / ‖A‖²₂ = Σσ² / σ₁² (Rudelson and Vershynin, 2007). 0 where all are 0. */
  readonly stableRank: number;
  /** σ₁ / σₙ; where σₙ is not above the resolution, σ₁ / resolution. NaN where all are 0. */
  readonly conditionNumber: number;
  /** Whether the condition number is at least this, and no more is known. */
  readonly conditionIsLowerBound: boolean;
}

export interface SingularValues extends Spectrum {
  readonly rows: number;
  readonly columns: number;
  /** Descending, as many as the shorter side has. */
  readonly values: Float64Array;
  /**
   * σ₁ √(n 2⁻⁵²), n being the shorter side: below it, values are noise. They are square roots of the eigenvalues of A Aᵀ
   * in float64, so that errors are relative to σ₁², not to σ²: a value that is 10⁻³ of the largest is right to about ten
   * digits, one that is 10⁻⁶ of it to about four. Weights of 16 and 32 bits are rounded to no less themselves.
   */
  readonly resolution: number;
}

/** The shorter side at most: time grows with its cube, memory (8 bytes each) with its square. */
export const LONGEST_SHORT_SIDE = 4096;

export interface SingularValueOptions extends Task {
  /** Products of tiles in float64, where an engine does them faster. */
  readonly multiply?: MatrixProduct;
}

/**
 * The matrix is read once and never held.
 * @throws ProblemError `not-applicable` where the shorter side is beyond {@link LONGEST_SHORT_SIDE} or a value is not
 * finite, where the view does not fit and where the tensor has no numbers, and as reading does; CancelledError.
 */
export async function singularValues(
  tensor: WeightTensor,
  view: MatrixChoice = FIRST_AXIS,
  { multiply = ownProduct, ...task }: SingularValueOptions = {},
): Promise<SingularValues> {
  const values = valuesOf(tensor);
  const shape = matrixShape(tensor.dims, view);
  const { rows, columns } = shape;
  const n = Math.min(rows, columns);
  if (n > LONGEST_SHORT_SIDE) {
    throw problem(
      'not-applicable',
      `Singular values are computed of matrices whose shorter side is up to ${LONGEST_SHORT_SIDE}; this one has ${rows} × ${columns}.`,
      { place: `tensor “${tensor.name}”`, remedy: 'Choose another axis for the rows, or a slice of the tensor.' },
    );
  }
  // By their measured times without an engine.
  const gram = await gramMatrix(values, shape, multiply, partOf(task, 0, 0.4));
  const tridiagonal = await tridiagonalize(gram, n, multiply, partOf(task, 0.4, 0.95));
  const eigenvalues = await tridiagonalEigenvalues(tridiagonal, partOf(task, 0.95, 1));
  // A Aᵀ has no negative ones; rounding may give some.
  const singular = eigenvalues.map((eigenvalue) => Math.sqrt(Math.max(0, eigenvalue)));
  const resolution = (singular[0] ?? 0) * Math.sqrt(n * Number.EPSILON);
  task.onProgress?.(1);
  return { rows, columns, values: singular, resolution, ...spectrum(singular, resolution) };
}

/** What follows from singular values in descending order. */
export function spectrum(values: Float64Array, resolution: number): Spectrum {
  const largest = values[0] ?? 0;
  if (largest === 0) {
    return { effectiveRank: 0, rank99: 0, stableRank: 0, conditionNumber: NaN, conditionIsLowerBound: false };
  }
  // Relative to the largest, so that no square leaves float64.
  const shares = values.map((value) => value / largest);
  const sum = shares.reduce((total, share) => total + share, 0);
  let [entropy, squares, upTo, rank99] = [0, 0, 0, 0];
  for (const share of shares) {
    const p = share / sum;
    if (p > 0) entropy -= p * Math.log(p);
    squares += share * share;
    if (upTo < 0.99 * sum) rank99++;
    upTo += share;
  }
  const smallest = values.at(-1) ?? 0;
  const isBelow = smallest <= resolution;
  return {
    effectiveRank: Math.exp(entropy),
    rank99,
    stableRank: squares,
    conditionNumber: largest / (isBelow ? resolution : smallest),
    conditionIsLowerBound: isBelow,
  };
}
