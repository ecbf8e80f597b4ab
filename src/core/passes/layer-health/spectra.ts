/** How many directions a layer's features really take: singular values of sampled rows, and units that are multiples. */
import { ProblemError } from '../../errors.js';
import { closePairs } from '../../weights/duplicates/close-pairs.js';
import { singularValues, type Spectrum } from '../../weights/singular-values.js';
import type { MatrixProduct } from '../../weights/singular-values/matrix-product.js';
import type { Task } from '../../weights/stream.js';

/** Correlations of at least this, in size, make a unit a multiple of another (strict: ≥). */
export const CORRELATED = 0.9999;
/** A correlation rests on units that are not 0 on at least so many rows. */
export const LEAST_FIRINGS = 10;
const MOST_PAIRS = 100_000;

export interface LayerSpectrum {
  /** N of the N × n feature matrix. */
  readonly rows: number;
  /** Absent where singular values could not be computed, with the reason. */
  readonly spectrum?: Spectrum;
  readonly reason?: string;
  /** Units whose sampled values are a multiple of those of a unit before them, plus a constant. */
  readonly multiples: readonly number[];
}

/**
 * @param data row-major [rows, units], not centred.
 * @throws CancelledError
 */
export async function spectrumOf(
  data: Float32Array,
  rows: number,
  units: number,
  task: Task,
  multiply: MatrixProduct | undefined,
): Promise<LayerSpectrum> {
  if (rows === 0) return { rows, reason: 'no input was seen', multiples: [] };
  if (!data.every(Number.isFinite)) return { rows, reason: 'some values are NaN or infinite', multiples: [] };
  const multiples = await multiplesIn(data, rows, units, task);
  try {
    const matrix = {
      name: 'features',
      dims: [rows, units],
      dtype: 'F32',
      bytes: data.byteLength,
      values: {
        type: 'float32' as const,
        read: (start: number, count: number) => Promise.resolve(data.slice(start, start + count)),
      },
    };
    const spectrum = await singularValues(matrix, undefined, {
      ...task,
      ...(multiply === undefined ? {} : { multiply }),
    });
    return { rows, spectrum, multiples };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { rows, reason: error.problem.message, multiples };
  }
}

/** |correlation| ≥ c means a squared distance of at most 2 (1 − c) between centred unit vectors, in the nearer sign. */
async function multiplesIn(data: Float32Array, rows: number, units: number, task: Task): Promise<number[]> {
  const chosen: number[] = [];
  const vectors: Float32Array[] = [];
  for (let unit = 0; unit < units; unit++) {
    let sum = 0;
    let firings = 0;
    for (let row = 0; row < rows; row++) {
      const value = data[row * units + unit] as number;
      sum += value;
      if (value !== 0) firings++;
    }
    if (firings < LEAST_FIRINGS) continue;
    const mean = sum / rows;
    const centred = Float64Array.from({ length: rows }, (_, row) => (data[row * units + unit] as number) - mean);
    const length = Math.sqrt(centred.reduce((squares, value) => squares + value * value, 0));
    // What stays within rounding of its mean varies with nothing.
    if (length <= 1e-6 * Math.abs(mean) * Math.sqrt(rows)) continue;
    chosen.push(unit);
    vectors.push(Float32Array.from(centred, (value) => value / length));
  }
  if (vectors.length < 2) return [];
  const all = new Float32Array(vectors.length * rows);
  vectors.forEach((vector, at) => all.set(vector, at * rows));
  const { pairs } = await closePairs(
    { count: vectors.length, length: rows, data: all },
    2 * (1 - CORRELATED),
    MOST_PAIRS,
    task,
  );
  return [...new Set(pairs.map(({ second }) => chosen[second] as number))].sort((a, b) => a - b);
}
