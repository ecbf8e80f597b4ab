/** A Aᵀ of a matrix that is read once, piece by piece, in float64. */
import { problem } from '../../errors.js';
import type { TensorValues } from '../../formats/tensor-file.js';
import { storedNumbers } from '../../tensor/stored-type.js';
import type { NumberArray } from '../../tensor/tensor.js';
import { bandsOf, type MatrixShape } from '../matrix-shape.js';
import { rowsOf } from '../read-rectangle.js';
import { createPause, type Task } from '../stream.js';
import type { MatrixProduct } from './matrix-product.js';

/** Columns that are multiplied at once, and rows of a tile: 34 million products, some 40 ms without an engine. */
const INNER = 512;
const TILE = 256;
/** Elements that are read at once, as they are stored. */
const READ_TOGETHER = 2 ** 24;

/**
 * The lower triangle of A Aᵀ where A has no more rows than columns, of Aᵀ A otherwise; what is above it is undefined.
 * @throws ProblemError `not-applicable` where values are no finite numbers, and as reading does; CancelledError.
 */
export async function gramMatrix(
  values: TensorValues,
  shape: MatrixShape,
  multiply: MatrixProduct,
  task: Task,
): Promise<Float64Array> {
  const { rows, columns } = shape;
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  const sums = createSums(short, multiply, task.signal);
  let seen = 0;
  const advance = async (): Promise<void> => {
    await sums.flush();
    task.onProgress?.(seen / long);
  };
  if (rows > columns) {
    for await (const band of bandsOf(values, shape, [0, rows], INNER * columns, task.signal)) {
      for (let k = 0; k < band.rows; k++) {
        sums.putColumn(storedNumbers(values.type, band.data.subarray(k * columns, (k + 1) * columns)));
      }
      seen += band.rows;
      await advance();
    }
    return sums.gram;
  }
  const { first, rowStride, outer, outerStride, inner, innerStride } = shape;
  const together = Math.max(INNER, Math.floor(READ_TOGETHER / rows));
  for (let block = 0; block < outer; block++) {
    const layout = { rows, columns: inner, first: first + block * outerStride, rowStride, columnStride: innerStride };
    for (let from = 0; from < inner; from += together) {
      const to = Math.min(inner, from + together);
      const lines: NumberArray[] = [];
      for await (const { data } of rowsOf(values, layout, [0, rows], [from, to], task.signal)) lines.push(data);
      for (let at = 0; at < to - from;) {
        const width = Math.min(sums.room(), to - from - at);
        sums.putRows(lines.map((line) => storedNumbers(values.type, line.subarray(at, at + width))));
        at += width;
        seen += width;
        if (sums.room() === 0) await advance();
      }
    }
  }
  await advance();
  return sums.gram;
}

interface GramSums {
  /** Lower triangle, row-major. */
  readonly gram: Float64Array;
  /** Columns that may be put before the next flush. */
  room(): number;
  putColumn(column: Float32Array | Float64Array): void;
  /** Neighbouring columns, given as what each row has of them. */
  putRows(rows: readonly (Float32Array | Float64Array)[]): void;
  /** Adds the products of what was put. */
  flush(): Promise<void>;
}

function createSums(n: number, multiply: MatrixProduct, signal: AbortSignal | undefined): GramSums {
  const gram = new Float64Array(n * n);
  const pause = createPause(signal);
  /** n × INNER, row-major; columns beyond what was put are zero. */
  const block = new Float64Array(n * INNER);
  let width = 0;
  const tile = (at: number): Float64Array => block.subarray(at * INNER, Math.min(n, at + TILE) * INNER);
  return {
    gram,
    room: () => INNER - width,
    putColumn(column) {
      for (let row = 0; row < n; row++) block[row * INNER + width] = column[row] as number;
      width++;
    },
    putRows(rows) {
      rows.forEach((row, index) => block.set(row, index * INNER + width));
      width += rows[0]?.length ?? 0;
    },
    async flush() {
      if (width === 0) return;
      for (let top = 0; top < n; top += TILE) {
        for (let left = 0; left <= top; left += TILE) {
          const [height, across] = [Math.min(TILE, n - top), Math.min(TILE, n - left)];
          const product = await multiply(tile(top), tile(left), { rows: height, columns: across, inner: INNER });
          for (let row = 0; row < height; row++) {
            for (let column = 0, at = (top + row) * n + left; column < across; column++, at++) {
              gram[at] = (gram[at] as number) + (product[row * across + column] as number);
            }
          }
          await pause();
        }
      }
      for (let row = 0; row < n; row++) {
        if (Number.isFinite(gram[row * n + row])) continue;
        throw problem(
          'not-applicable',
          'A matrix with values that are not finite, or whose squares leave float64, has no singular values.',
        );
      }
      block.fill(0);
      width = 0;
    },
  };
}
