/** A tensor seen as rows and columns along two of its axes, with the indices of all others held still. */
import { problem } from '../errors.js';
import { elementCount } from '../tensor/tensor.js';

export interface MatrixView {
  /** Axis that runs down, or undefined where there is one row. */
  readonly rowAxis?: number;
  /** Axis that runs across, or undefined where there is one column. */
  readonly columnAxis?: number;
  /** An index for every axis; those of the two axes count for nothing. */
  readonly indices: readonly number[];
}

export interface MatrixLayout {
  readonly rows: number;
  readonly columns: number;
  /** Place of the first element, and elements from one row and column to the next. */
  readonly first: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** @throws ProblemError `not-applicable` when the view does not fit the dimensions. */
export function layoutOf(dims: readonly number[], { rowAxis, columnAxis, indices }: MatrixView): MatrixLayout {
  const isAxis = (axis: number | undefined): boolean =>
    axis === undefined || (Number.isInteger(axis) && axis >= 0 && axis < dims.length);
  const fits =
    isAxis(rowAxis) &&
    isAxis(columnAxis) &&
    (rowAxis === undefined || rowAxis !== columnAxis) &&
    indices.length === dims.length &&
    dims.every((size, axis) => axis === rowAxis || axis === columnAxis || isIndex(indices[axis], size));
  if (!fits) throw problem('not-applicable', 'The tensor has no such axes or indices.');
  const strideOf = (axis: number): number => elementCount(dims.slice(axis + 1));
  const first = dims.reduce(
    (place, _, axis) =>
      axis === rowAxis || axis === columnAxis ? place : place + (indices[axis] ?? 0) * strideOf(axis),
    0,
  );
  return {
    rows: rowAxis === undefined ? 1 : (dims[rowAxis] ?? 1),
    columns: columnAxis === undefined ? 1 : (dims[columnAxis] ?? 1),
    first,
    rowStride: rowAxis === undefined ? 0 : strideOf(rowAxis),
    columnStride: columnAxis === undefined ? 0 : strideOf(columnAxis),
  };
}

function isIndex(index: number | undefined, size: number): boolean {
  return index !== undefined && Number.isInteger(index) && index >= 0 && index < size;
}
