/** A tensor, or a slice of it, as one matrix whose rows and columns figures are about, and its rows as they are read. */
import type { Span } from '../tensor/span.js';
import { problem } from '../errors.js';
import type { TensorValues } from '../formats/tensor-file.js';
import { bytesPerStored, storedArray } from '../tensor/stored-type.js';
import { elementCount, type NumberArray } from '../tensor/tensor.js';
import { layoutOf, type MatrixView } from './matrix-view.js';
import { rowsOf } from './read-rectangle.js';
import { createPause } from './stream.js';

/** The whole tensor: one axis runs down, all others, flattened in their order, run across (its unfolding along that axis). */
export interface Unfolding {
  readonly unfoldedAxis: number;
}

/** A slice along two axes, or all of the tensor. */
export type MatrixChoice = MatrixView | Unfolding;

/** Outputs are the first axis of the weights of most layers. */
export const FIRST_AXIS: Unfolding = { unfoldedAxis: 0 };

/** Element (row, column) lies at `first + row · rowStride + ⌊column / inner⌋ · outerStride + (column mod inner) · innerStride`. */
export interface MatrixShape {
  readonly rows: number;
  readonly columns: number;
  readonly first: number;
  readonly rowStride: number;
  readonly outer: number;
  readonly outerStride: number;
  readonly inner: number;
  readonly innerStride: number;
}

/**
 * A scalar is a matrix of one row and one column; an unfolded vector has one column.
 * @throws ProblemError `not-applicable` when the choice does not fit the dimensions.
 */
export function matrixShape(dims: readonly number[], choice: MatrixChoice): MatrixShape {
  if (!('unfoldedAxis' in choice)) {
    const { rows, columns, first, rowStride, columnStride } = layoutOf(dims, choice);
    return { rows, columns, first, rowStride, outer: 1, outerStride: 0, inner: columns, innerStride: columnStride };
  }
  const { unfoldedAxis: axis } = choice;
  if (!Number.isInteger(axis) || axis < 0 || axis >= Math.max(1, dims.length)) {
    throw problem('not-applicable', 'The tensor has no such axis.');
  }
  const rows = dims[axis] ?? 1;
  const outer = elementCount(dims.slice(0, axis));
  const inner = elementCount(dims.slice(axis + 1));
  const shape = { rows, columns: outer * inner, first: 0, rowStride: inner };
  // Along the last axis, columns lie a row apart: one long step each instead of many short ones.
  return inner === 1
    ? { ...shape, outer: 1, outerStride: 0, inner: outer, innerStride: rows }
    : { ...shape, outer, outerStride: rows * inner, inner, innerStride: 1 };
}

/** Neighbouring rows, as they are stored, one after the other. */
export interface Band {
  readonly row: number;
  readonly rows: number;
  readonly data: NumberArray;
}

/**
 * The rows of a span, several at a time, each complete.
 * @param elements of a band at most, unless one row alone has more.
 * @throws CancelledError, and as reading does.
 */
export async function* bandsOf(
  values: TensorValues,
  shape: MatrixShape,
  span: Span,
  elements: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Band> {
  const { columns } = shape;
  if (columns === 0) return;
  const together = Math.max(1, Math.floor(elements / columns));
  for (let row = span[0]; row < span[1]; row += together) {
    const rows = Math.min(together, span[1] - row);
    yield { row, rows, data: await readBand(values, shape, row, rows, signal) };
  }
}

async function readBand(
  values: TensorValues,
  { first, rowStride, columns, outer, outerStride, inner, innerStride }: MatrixShape,
  row: number,
  rows: number,
  signal: AbortSignal | undefined,
): Promise<NumberArray> {
  const pause = createPause(signal);
  const isDense = innerStride === 1 && rowStride === inner;
  if (isDense && outer === 1) {
    await pause();
    return values.read(first + row * rowStride, rows * columns);
  }
  const data = storedArray(values.type, rows * columns);
  for (let block = 0; block < outer; block++) {
    const start = first + block * outerStride;
    if (isDense) {
      const piece = await values.read(start + row * rowStride, rows * inner);
      for (let k = 0; k < rows; k++) {
        copyInto(data, piece.subarray(k * inner, (k + 1) * inner), k * columns + block * inner);
      }
      await pause();
      continue;
    }
    const layout = { rows: row + rows, columns: inner, first: start, rowStride, columnStride: innerStride };
    for await (const line of rowsOf(values, layout, [row, row + rows], [0, inner], signal)) {
      copyInto(data, line.data, (line.row - row) * columns + block * inner);
    }
  }
  return data;
}

function copyInto(target: NumberArray, source: NumberArray, at: number): void {
  // Both are arrays of the one type that the tensor is stored in.
  (target as Float64Array).set(source as Float64Array, at);
}

/** Elements that take so many bytes as they are stored. */
export function elementsOf(values: TensorValues, bytes: number): number {
  return Math.floor(bytes / bytesPerStored(values.type));
}
