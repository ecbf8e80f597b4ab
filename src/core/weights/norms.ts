/** How large the rows and columns of a matrix are: which outputs and which inputs matter, and which are not there at all. */
import { problem } from '../errors.js';
import type { TensorValues, WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';
import { FIRST_AXIS, matrixShape, type MatrixChoice, type MatrixShape } from './matrix-shape.js';
import { rowsOf } from './read-rectangle.js';
import { chunksOf, valuesOf, type Task } from './stream.js';

export interface LineNorms {
  /** √Σx² of each row or column, added up in float64; Infinity where squares leave float64. */
  readonly l2Norm: Float64Array;
  /** Largest |x| of each; 0 where it has no values. */
  readonly largestMagnitude: Float64Array;
  /** How many have values and all of them are 0, of either sign. */
  readonly allZero: number;
}

export interface MatrixNorms {
  readonly rows: LineNorms;
  readonly columns: LineNorms;
}

/** Rows, and columns, that are told apart at most: each takes 16 bytes. */
export const MOST_LINES = 2 ** 24;

/**
 * L2 norm and largest magnitude of each row and each column, in one reading. Values that are no numbers count as numbers
 * do: a line with NaN has NaN for both, one with an infinity and no NaN has Infinity. 64-bit integers beyond 2⁵³ count as
 * the nearest float64.
 * @throws ProblemError `not-applicable` beyond {@link MOST_LINES} rows or columns, where the view does not fit and where
 * the tensor has no numbers, and as reading does; CancelledError.
 */
export async function rowAndColumnNorms(
  tensor: WeightTensor,
  view: MatrixChoice = FIRST_AXIS,
  task: Task = {},
): Promise<MatrixNorms> {
  const values = valuesOf(tensor);
  const shape = matrixShape(tensor.dims, view);
  const { rows, columns } = shape;
  if (rows > MOST_LINES || columns > MOST_LINES) {
    throw problem(
      'not-applicable',
      `Norms are computed for up to ${MOST_LINES} rows and columns; this matrix has ${rows} × ${columns}.`,
      { place: `tensor “${tensor.name}”`, remedy: 'Choose another axis for the rows, or a slice of the tensor.' },
    );
  }
  if (!('unfoldedAxis' in view)) return ofSlice(values, shape, task);
  const { dims } = tensor;
  const inner = elementCount(dims.slice(view.unfoldedAxis + 1));
  // Along the last axis, the file has the transposed matrix: runs of one element would take an age.
  if (inner === 1) {
    const found = await inFileOrder(values, { rows: columns, columns: rows, inner: rows }, task);
    return { rows: found.columns, columns: found.rows };
  }
  return inFileOrder(values, { rows, columns, inner }, task);
}

interface FileOrder {
  readonly rows: number;
  readonly columns: number;
  /** Elements of one row that lie together. */
  readonly inner: number;
}

async function inFileOrder(
  values: TensorValues,
  { rows, columns, inner }: FileOrder,
  task: Task,
): Promise<MatrixNorms> {
  const sums = createSums(rows, columns);
  for await (const { start, data } of chunksOf(values, rows * columns, task)) {
    const numbers = storedNumbers(values.type, data);
    for (let at = 0; at < numbers.length;) {
      const run = Math.floor((start + at) / inner);
      const within = (start + at) % inner;
      const end = Math.min(at + inner - within, numbers.length);
      sums.add(run % rows, Math.floor(run / rows) * inner + within, numbers, at, end);
      at = end;
    }
  }
  return sums.finish();
}

async function ofSlice(values: TensorValues, shape: MatrixShape, task: Task): Promise<MatrixNorms> {
  const { rows, columns, first, rowStride, innerStride } = shape;
  const sums = createSums(rows, columns);
  const layout = { rows, columns, first, rowStride, columnStride: innerStride };
  for await (const { row, data } of rowsOf(values, layout, [0, rows], [0, columns], task.signal)) {
    sums.add(row, 0, storedNumbers(values.type, data), 0, columns);
    task.onProgress?.((row + 1) / rows);
  }
  return sums.finish();
}

interface NormSums {
  /** Takes `numbers[from]` up to `numbers[to - 1]`, neighbours of one row that begin at a column. */
  add(row: number, column: number, numbers: Float32Array | Float64Array, from: number, to: number): void;
  finish(): MatrixNorms;
}

function createSums(rows: number, columns: number): NormSums {
  const rowSquares = new Float64Array(rows);
  const rowLargest = new Float64Array(rows);
  const columnSquares = new Float64Array(columns);
  const columnLargest = new Float64Array(columns);
  return {
    add(row, column, numbers, from, to) {
      let squares = 0;
      let largest = rowLargest[row] as number;
      for (let at = from, into = column; at < to; at++, into++) {
        const magnitude = Math.abs(numbers[at] as number);
        const square = magnitude * magnitude;
        squares += square;
        columnSquares[into] = (columnSquares[into] as number) + square;
        // Math.max keeps NaN, a comparison would lose it.
        largest = Math.max(largest, magnitude);
        columnLargest[into] = Math.max(columnLargest[into] as number, magnitude);
      }
      rowSquares[row] = (rowSquares[row] as number) + squares;
      rowLargest[row] = largest;
    },
    finish: () => ({
      rows: lineNorms(rowSquares, rowLargest, columns),
      columns: lineNorms(columnSquares, columnLargest, rows),
    }),
  };
}

function lineNorms(squares: Float64Array, largestMagnitude: Float64Array, values: number): LineNorms {
  let allZero = 0;
  if (values > 0) for (const largest of largestMagnitude) if (largest === 0) allZero++;
  return { l2Norm: squares.map(Math.sqrt), largestMagnitude, allZero };
}
