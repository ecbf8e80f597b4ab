/** Elements of a rectangle of a matrix view, read in as few and as short pieces as they lie in. */
import type { TensorValues } from '../formats/tensor-file.js';
import type { Span } from '../tensor/span.js';
import { bytesPerStored, storedArray } from '../tensor/stored-type.js';
import type { NumberArray } from '../tensor/tensor.js';
import { createPause } from './stream.js';
import type { MatrixLayout } from './matrix-view.js';

/** Gaps up to here are read along: another read takes longer. */
const GAP_BYTES = 64 * 1024;
/** What one read of close rows brings at most, unless a row alone is longer: so much stays in the processor's cache. */
const CLOSE_ROWS_BYTES = 2 ** 20;
/** What one read of a row with gaps brings at most, and what is gathered of a transposed view at once. */
const PIECE_BYTES = 8 * 2 ** 20;

/**
 * Hands out rows of the rectangle in order, each as the elements of its columns. A row holds as long as what reading the
 * values gives.
 * @throws CancelledError, and as reading does.
 */
export async function* rowsOf(
  values: TensorValues,
  layout: MatrixLayout,
  rows: Span,
  columns: Span,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly row: number; readonly data: NumberArray }> {
  const pause = createPause(signal);
  const { first, rowStride, columnStride } = layout;
  const width = columns[1] - columns[0];
  if (width <= 0) return;
  const size = bytesPerStored(values.type);
  /** Elements from the first to the last column of a row, both included. */
  const extent = (width - 1) * columnStride + 1;
  // Rows that lie close together come in one read.
  const apart = rowStride - extent;
  const together =
    apart >= 0 && apart * size <= GAP_BYTES ? Math.max(1, Math.floor(CLOSE_ROWS_BYTES / (rowStride * size))) : 1;
  // A row whose elements lie far apart is read with the rows beside it, which fill the gaps.
  const sideways = columnStride > 1 && rowStride > 0 && rowStride * size <= GAP_BYTES && rowStride < columnStride;
  if (sideways) {
    yield* rowsSideways(values, layout, rows, columns, signal);
    return;
  }
  for (let row = rows[0]; row < rows[1]; row += together) {
    const count = Math.min(together, rows[1] - row);
    const start = first + row * rowStride + columns[0] * columnStride;
    const piece = await readStrided(values, start, extent + (count - 1) * rowStride, columnStride, width);
    for (let k = 0; k < count; k++) {
      yield { row: row + k, data: piece.row(k * rowStride) };
      await pause();
    }
  }
}

interface Piece {
  /** The columns of the row that begins at this offset of the piece. */
  row(offset: number): NumberArray;
}

async function readStrided(
  values: TensorValues,
  start: number,
  length: number,
  columnStride: number,
  width: number,
): Promise<Piece> {
  const size = bytesPerStored(values.type);
  if (columnStride <= 1 || length * size <= PIECE_BYTES) {
    const all = await values.read(start, length);
    return {
      row(offset) {
        if (columnStride <= 1) return all.subarray(offset, offset + width);
        const data = storedArray(values.type, width);
        for (let at = 0; at < width; at++) data[at] = all[offset + at * columnStride] as never;
        return data;
      },
    };
  }
  // Elements far apart, one by one: only for a few of them.
  const data = storedArray(values.type, width);
  for (let at = 0; at < width; at++) {
    const [value] = await values.read(start + at * columnStride, 1);
    data[at] = value as never;
  }
  return { row: () => data };
}

/** A transposed view: columns of the rectangle are rows of the file. They are gathered in bands of bounded size. */
async function* rowsSideways(
  values: TensorValues,
  layout: MatrixLayout,
  rows: Span,
  columns: Span,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly row: number; readonly data: NumberArray }> {
  const pause = createPause(signal);
  const { first, rowStride, columnStride } = layout;
  const width = columns[1] - columns[0];
  const size = bytesPerStored(values.type);
  const band = Math.max(1, Math.floor(PIECE_BYTES / (width * size)));
  for (let top = rows[0]; top < rows[1]; top += band) {
    const height = Math.min(band, rows[1] - top);
    const lines = Array.from({ length: height }, () => storedArray(values.type, width));
    for (let column = 0; column < width; column++) {
      const start = first + top * rowStride + (columns[0] + column) * columnStride;
      const run = await values.read(start, (height - 1) * rowStride + 1);
      lines.forEach((line, k) => (line[column] = run[k * rowStride] as never));
      await pause();
    }
    for (const [k, data] of lines.entries()) yield { row: top + k, data };
  }
}
