/** A tensor as a picture: values of a rectangle, where cells would be smaller than a pixel one value per block. */
import { clipSpan, type Span } from '../tensor/span.js';
import { problem } from '../errors.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';
import { layoutOf, type MatrixView } from './matrix-view.js';
import { rowsOf } from './read-rectangle.js';
import { readAgain, valuesOf } from './stream.js';

/**
 * What is drawn: two axes across and down, or all kernels of a convolution side by side: [outputs, inputs, …, height,
 * width] with outputs down, inputs across and a line without values between kernels.
 */
export type PictureView =
  | { readonly kind: 'matrix'; readonly view: MatrixView }
  | { readonly kind: 'kernels'; readonly indices: readonly number[] };

/** How a block of cells becomes one: their mean, or the value of largest magnitude, which no outlier escapes. */
export type Reduction = 'mean' | 'extreme';

export interface TileRequest {
  readonly rows: Span;
  readonly columns: Span;
  /** Rows and columns of a block: 1 for single values. */
  readonly rowStep: number;
  readonly columnStep: number;
  readonly reduction: Reduction;
}

export interface PictureTile {
  /** Row-major, one value per block; blocks at the end may be smaller. NaN where there is none. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Where a block has more rows than can be read at once: every how many of its rows was read. */
  readonly everyRow: number;
}

/** Cells of one tile, read and given. */
const MOST_CELLS = 2 ** 20;
const MOST_READ = 2 ** 22;

export interface PictureSize {
  readonly rows: number;
  readonly columns: number;
}

/** @throws ProblemError `not-applicable` when the view does not fit the tensor. */
export function pictureSize(dims: readonly number[], picture: PictureView): PictureSize {
  if (picture.kind === 'matrix') {
    const { rows, columns } = layoutOf(dims, picture.view);
    return { rows, columns };
  }
  const { outputs, inputs, height, width } = kernelLayout(dims, picture.indices);
  return { rows: outputs * (height + 1) - 1, columns: inputs * (width + 1) - 1 };
}

/** The picture that a person would want first. */
export function defaultPicture(dims: readonly number[]): PictureView {
  const indices = dims.map(() => 0);
  const [height = 1, width = 1] = dims.slice(-2);
  // Kernels of a point are a matrix of inputs and outputs.
  if (dims.length >= 4 && height * width > 1) return { kind: 'kernels', indices };
  if (dims.length >= 3) return { kind: 'matrix', view: { rowAxis: 0, columnAxis: 1, indices } };
  return {
    kind: 'matrix',
    view: {
      ...(dims.length === 2 ? { rowAxis: 0 } : {}),
      ...(dims.length >= 1 ? { columnAxis: dims.length - 1 } : {}),
      indices,
    },
  };
}

/**
 * @throws ProblemError `not-applicable` when the view or the rectangle does not fit, and as reading does; CancelledError.
 */
export async function pictureTile(
  tensor: WeightTensor,
  picture: PictureView,
  request: TileRequest,
  signal?: AbortSignal,
): Promise<PictureTile> {
  const size = pictureSize(tensor.dims, picture);
  const rows = clipSpan(request.rows, size.rows);
  const columns = clipSpan(request.columns, size.columns);
  const { rowStep, columnStep, reduction } = request;
  const isStep = (step: number): boolean => Number.isInteger(step) && step >= 1;
  const height = Math.ceil((rows[1] - rows[0]) / rowStep);
  const width = Math.ceil((columns[1] - columns[0]) / columnStep);
  if (!isStep(rowStep) || !isStep(columnStep) || height * width > MOST_CELLS) {
    throw problem('not-applicable', 'A tile of the picture is too large for one message.');
  }
  const readAtMost = Math.max(1, Math.floor(MOST_READ / Math.max(1, height * (columns[1] - columns[0]))));
  const everyRow = Math.max(1, Math.ceil(rowStep / readAtMost));
  const blocks = blockReducer(height, width, columnStep, reduction);
  for await (const { row, data } of pictureRows(tensor, picture, rows, columns, everyRow, rowStep, signal)) {
    blocks.add(Math.floor((row - rows[0]) / rowStep), data);
  }
  return { values: blocks.finish(), rows: height, columns: width, everyRow };
}

interface Row {
  readonly row: number;
  /** Holds until the next row is asked for. */
  readonly data: Float32Array | Float64Array;
}

async function* pictureRows(
  tensor: WeightTensor,
  picture: PictureView,
  rows: Span,
  columns: Span,
  everyRow: number,
  rowStep: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row> {
  if (picture.kind === 'kernels') {
    yield* kernelRows(tensor, picture.indices, rows, columns, everyRow, signal);
    return;
  }
  const values = readAgain(valuesOf(tensor));
  const layout = layoutOf(tensor.dims, picture.view);
  const room = new Float32Array(Math.min(MOST_READ, columns[1] - columns[0]));
  if (everyRow === 1) {
    for await (const { row, data } of rowsOf(values, layout, rows, columns, signal)) {
      yield { row, data: storedNumbers(values.type, data, room) };
    }
    return;
  }
  for (let block = rows[0]; block < rows[1]; block += rowStep) {
    const taken = Math.ceil((Math.min(rows[1], block + rowStep) - block) / everyRow);
    // Every so many rows of a block are the rows of another layout: close ones come in one read.
    const { first, rowStride } = layout;
    const sparse = { ...layout, first: first + block * rowStride, rowStride: rowStride * everyRow };
    for await (const { row, data } of rowsOf(values, sparse, [0, taken], columns, signal)) {
      yield { row: block + row * everyRow, data: storedNumbers(values.type, data, room) };
    }
  }
}

interface KernelLayout {
  readonly outputs: number;
  readonly inputs: number;
  readonly height: number;
  readonly width: number;
  /** Elements of one input of one output, and of the slice of it that is drawn. */
  readonly perInput: number;
  readonly first: number;
}

function kernelLayout(dims: readonly number[], indices: readonly number[]): KernelLayout {
  if (dims.length < 4 || indices.length !== dims.length) {
    throw problem('not-applicable', 'Only tensors of four or more axes are drawn as kernels.');
  }
  const [outputs = 0, inputs = 0] = dims;
  const [height = 0, width = 0] = dims.slice(-2);
  const inner = dims.slice(2);
  const first = inner.slice(0, -2).reduce((place, size, axis) => {
    const index = indices[axis + 2] ?? 0;
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw problem('not-applicable', 'The tensor has no such axes or indices.');
    }
    return place + index * elementCount(inner.slice(axis + 1));
  }, 0);
  return { outputs, inputs, height, width, perInput: elementCount(inner), first };
}

/** Rows of kernels: each comes from the same stretch of the file as its neighbours, which is read once. */
async function* kernelRows(
  tensor: WeightTensor,
  indices: readonly number[],
  rows: Span,
  columns: Span,
  everyRow: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row> {
  const values = valuesOf(tensor);
  const { inputs, height, width, perInput, first } = kernelLayout(tensor.dims, indices);
  const [left, right] = [Math.floor(columns[0] / (width + 1)), Math.ceil(columns[1] / (width + 1))];
  const layout = { rows: 0, columns: 0, first: 0, rowStride: inputs * perInput, columnStride: 1 };
  let read = -1;
  let line: Float32Array | Float64Array = new Float32Array(0);
  for (let row = rows[0]; row < rows[1]; row += everyRow) {
    const output = Math.floor(row / (height + 1));
    const inKernel = row % (height + 1);
    const data = new Float64Array(columns[1] - columns[0]).fill(NaN);
    if (inKernel < height) {
      if (output !== read) {
        const span: Span = [left * perInput, right * perInput];
        for await (const { data: raw } of rowsOf(values, layout, [output, output + 1], span, signal)) {
          line = storedNumbers(values.type, raw);
        }
        read = output;
      }
      for (let column = columns[0]; column < columns[1]; column++) {
        const input = Math.floor(column / (width + 1));
        const across = column % (width + 1);
        if (across === width) continue;
        const at = (input - left) * perInput + first + inKernel * width + across;
        data[column - columns[0]] = line[at] ?? NaN;
      }
    }
    yield { row, data };
  }
}

function blockReducer(
  height: number,
  width: number,
  columnStep: number,
  reduction: Reduction,
): { add(blockRow: number, data: Float32Array | Float64Array): void; finish(): Float32Array } {
  const values = new Float64Array(height * width).fill(reduction === 'mean' ? 0 : NaN);
  const counts = new Uint32Array(reduction === 'mean' ? height * width : 0);
  return {
    add(blockRow, data) {
      for (let from = 0, block = blockRow * width; from < data.length; from += columnStep, block++) {
        const to = Math.min(data.length, from + columnStep);
        // Lines between kernels are no values; a broken weight is, and shows.
        if (reduction === 'mean') {
          let sum = 0;
          let count = 0;
          for (let at = from; at < to; at++) {
            const value = data[at] as number;
            if (Number.isNaN(value)) continue;
            sum += value;
            count++;
          }
          values[block] = (values[block] as number) + sum;
          counts[block] = (counts[block] as number) + count;
        } else {
          let extreme = values[block] as number;
          for (let at = from; at < to; at++) {
            const value = data[at] as number;
            if (!(Math.abs(value) <= Math.abs(extreme)) && !Number.isNaN(value)) extreme = value;
          }
          values[block] = extreme;
        }
      }
    },
    finish() {
      if (reduction === 'extreme') return Float32Array.from(values);
      return new Float32Array(values.map((sum, block) => sum / (counts[block] as number)));
    },
  };
}
