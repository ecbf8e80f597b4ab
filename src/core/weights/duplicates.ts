/** Rows of a matrix that say the same: equal bit for bit, or the same direction, or its opposite. Source: methods M4. */
import { problem } from '../errors.js';
import type { TensorValues, WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import type { NumberArray } from '../tensor/tensor.js';
import { closePairs, type Pair, type Vectors } from './duplicates/close-pairs.js';
import { contentHash, isSame } from './duplicates/content-hash.js';
import { rowSketcher, SKETCH_LENGTH } from './duplicates/row-sketch.js';
import { bandsOf, elementsOf, FIRST_AXIS, matrixShape, type MatrixChoice, type MatrixShape } from './matrix-shape.js';
import { partOf, valuesOf, type Task } from './stream.js';

export interface NearPair {
  /** The first rows of their groups, where they are in one; first < second. */
  readonly first: number;
  readonly second: number;
  /** a · b / (|a| |b|): at least 0.99, or at most −0.99 where one is nearly the other's opposite. */
  readonly cosine: number;
}

export interface NearDuplicates {
  /** Largest |cosine| first. */
  readonly pairs: readonly NearPair[];
  /** False where there are more than {@link MOST_PAIRS}. */
  readonly complete: boolean;
  /**
   * `all-pairs`: every pair of rows was compared, none is missing. `sketched`: pairs were looked for among sketches of the
   * rows (see row-sketch.ts) and then computed exactly: all that are listed are pairs, and of pairs at the very limit
   * about one in a thousand is missing.
   */
  readonly method: 'all-pairs' | 'sketched';
}

export interface DuplicateRows {
  readonly rows: number;
  /** Rows whose values are all 0, of either sign, ascending. They are in no group and no pair. */
  readonly zeroRows: readonly number[];
  /** Rows that are equal bit for bit, two or more together, ascending. Rows with NaN and infinities, too. */
  readonly groups: readonly (readonly number[])[];
  /** Absent where rows have one column (all have one direction), or where there are more than {@link MOST_COMPARED}. */
  readonly near?: NearDuplicates;
  /** Rows without direction, because a value is no finite number or squares leave float64: in no pair. */
  readonly withoutDirection: number;
}

export const NEAR_COSINE = 0.99;
/** Pairs that are listed at most. */
export const MOST_PAIRS = 10_000;
/** Rows of a matrix whose pairs are looked at: their number grows with the square. */
const MOST_COMPARED = 2 ** 18;
/** Rows, and values of one row, at most. */
export const MOST_ROWS = 2 ** 20;
const MOST_COLUMNS = 2 ** 22;
/** Values of the whole matrix, and rows, up to which all pairs are compared as they are. */
const MOST_HELD = 2 ** 24;
const MOST_HELD_ROWS = 4096;

/** |a − b|² of vectors of length 1 whose cosine is c is 2 − 2c. */
const LIMIT = 2 - 2 * NEAR_COSINE;
/** float32 rounds. */
const ROUNDING = 1e-5;
/** The estimate from 128 numbers exceeds 1.5 times the truth about once in a thousand times: χ² of 128 degrees. */
const SKETCH_SLACK = 1.5;

const BAND_BYTES = 8 * 2 ** 20;
/** Values of rows that are compared with each other, held at once. */
const HELD_TOGETHER = 2 ** 23;

/**
 * @throws ProblemError `not-applicable` beyond {@link MOST_ROWS} or {@link MOST_COLUMNS}, where the view does not fit and
 * where the tensor has no numbers, and as reading does; CancelledError.
 */
export async function duplicateRows(
  tensor: WeightTensor,
  { view = FIRST_AXIS, ...task }: { readonly view?: MatrixChoice } & Task = {},
): Promise<DuplicateRows> {
  const values = valuesOf(tensor);
  const shape = matrixShape(tensor.dims, view);
  const { rows, columns } = shape;
  if (rows > MOST_ROWS || columns > MOST_COLUMNS) {
    throw problem(
      'not-applicable',
      `Rows are compared in matrices of up to ${MOST_ROWS} × ${MOST_COLUMNS}; this one has ${rows} × ${columns}.`,
      { place: `tensor “${tensor.name}”`, remedy: 'Choose another axis for the rows, or a slice of the tensor.' },
    );
  }
  if (columns === 0) return { rows, zeroRows: [], groups: [], withoutDirection: 0 };
  const matrix = { values, shape };
  const looked = await lookAtRows(matrix, partOf(task, 0, 0.4));
  const groups = await equalRows(matrix, looked.alike, partOf(task, 0.4, 0.5));
  const { zeroRows, withoutDirection } = looked;
  const result = { rows, zeroRows, groups, withoutDirection };
  const repeated = new Set(groups.flatMap((group) => group.slice(1)));
  const kept = looked.directed.filter((row) => !repeated.has(row));
  if (looked.vectors === undefined) {
    task.onProgress?.(1);
    return result;
  }
  const { vectors, method } = looked.vectors;
  const limit = method === 'all-pairs' ? LIMIT + ROUNDING : LIMIT * SKETCH_SLACK;
  const candidates = await closePairs(chosen(vectors, kept), limit, MOST_PAIRS, partOf(task, 0.5, 0.9));
  const wanted = candidates.pairs.map(({ first, second }) => ({
    first: kept[first] as number,
    second: kept[second] as number,
  }));
  const pairs = await exactPairs(matrix, wanted, looked.norms, partOf(task, 0.9, 1));
  task.onProgress?.(1);
  return { ...result, near: { pairs, complete: candidates.complete, method } };
}

interface Matrix {
  readonly values: TensorValues;
  readonly shape: MatrixShape;
}

interface Looked {
  /** Rows that are not zero and have one hash, two or more together. */
  readonly alike: readonly (readonly number[])[];
  readonly norms: Float64Array;
  readonly zeroRows: readonly number[];
  /** Rows that have a direction, ascending. */
  readonly directed: readonly number[];
  readonly withoutDirection: number;
  /** A vector for every row, of length 1; absent where there are too many rows. */
  readonly vectors?: { readonly vectors: Vectors; readonly method: NearDuplicates['method'] };
}

/** The only reading of all rows. */
async function lookAtRows({ values, shape }: Matrix, task: Task): Promise<Looked> {
  const { rows, columns } = shape;
  const isHeld = rows <= MOST_HELD_ROWS && rows * columns <= MOST_HELD;
  const length = isHeld || columns <= SKETCH_LENGTH ? columns : SKETCH_LENGTH;
  const isCompared = columns > 1 && rows <= MOST_COMPARED;
  const data = new Float32Array(isCompared ? rows * length : 0);
  const sketcher = length < columns ? rowSketcher(columns) : undefined;
  const alike = alikeRows();
  const norms = new Float64Array(rows);
  const [zeroRows, directed]: [number[], number[]] = [[], []];
  for await (const band of bandsOf(values, shape, [0, rows], elementsOf(values, BAND_BYTES), task.signal)) {
    for (let k = 0; k < band.rows; k++) {
      const row = band.row + k;
      const stored = band.data.subarray(k * columns, (k + 1) * columns);
      const numbers = storedNumbers(values.type, stored);
      let squares = 0;
      let isZero = true;
      for (let at = 0; at < columns; at++) {
        const value = numbers[at] as number;
        squares += value * value;
        if (value !== 0) isZero = false;
      }
      if (isZero) {
        zeroRows.push(row);
        continue;
      }
      alike.add(row, stored);
      const norm = Math.sqrt(squares);
      norms[row] = norm;
      if (!(norm > 0 && norm < Infinity)) continue;
      directed.push(row);
      if (!isCompared) continue;
      if (sketcher !== undefined) sketcher.sketch(numbers, norm, data, row * length);
      else for (let at = 0; at < columns; at++) data[row * length + at] = (numbers[at] as number) / norm;
    }
    task.onProgress?.((band.row + band.rows) / rows);
  }
  const withoutDirection = rows - zeroRows.length - directed.length;
  const found = { alike: alike.buckets(), norms, zeroRows, directed, withoutDirection };
  if (!isCompared) return found;
  const method = sketcher === undefined ? 'all-pairs' : 'sketched';
  return { ...found, vectors: { vectors: { count: rows, length, data }, method } };
}

function alikeRows(): { add(row: number, data: NumberArray): void; buckets(): number[][] } {
  const firstOf = new Map<number, number>();
  const repeated = new Map<number, number[]>();
  const hash = contentHash();
  return {
    add(row, data) {
      hash.add(data);
      const key = hash.finish();
      const first = firstOf.get(key);
      if (first === undefined) firstOf.set(key, row);
      else {
        const rows = repeated.get(key);
        if (rows === undefined) repeated.set(key, [first, row]);
        else rows.push(row);
      }
    },
    buckets: () => [...repeated.values()],
  };
}

function chosen({ length, data }: Vectors, rows: readonly number[]): Vectors {
  // Rows ascend: each moves down over rows that are done with, so that nothing is held twice.
  rows.forEach((row, index) => data.copyWithin(index * length, row * length, (row + 1) * length));
  return { count: rows.length, length, data };
}

/** Rows whose hashes are equal, compared bit for bit. */
async function equalRows(matrix: Matrix, buckets: readonly (readonly number[])[], task: Task): Promise<number[][]> {
  const groups: number[][] = [];
  // Of each bucket its first row is held while the others pass.
  const together = Math.max(1, Math.floor(HELD_TOGETHER / matrix.shape.columns));
  for (let from = 0; from < buckets.length; from += together) {
    const bucketOf = new Map<number, { readonly data: NumberArray; readonly rows: number[] }[]>();
    for (const rows of buckets.slice(from, from + together)) {
      const found: { readonly data: NumberArray; readonly rows: number[] }[] = [];
      for (const row of rows) bucketOf.set(row, found);
    }
    await visitRows(matrix, [...bucketOf.keys()], task.signal, (row, data) => {
      const found = bucketOf.get(row) ?? [];
      const same = found.find((group) => isSame(group.data, data));
      if (same === undefined) found.push({ data: data.slice(), rows: [row] });
      else same.rows.push(row);
    });
    for (const found of new Set(bucketOf.values())) {
      for (const { rows } of found) if (rows.length > 1) groups.push(rows);
    }
    task.onProgress?.((from + together) / (buckets.length + together));
  }
  return groups.sort(([a = 0], [b = 0]) => a - b);
}

/** Cosines in float64 of the rows as they are stored; what is not near after all is left out. */
async function exactPairs(
  matrix: Matrix,
  candidates: readonly Pair[],
  norms: Float64Array,
  task: Task,
): Promise<NearPair[]> {
  const found: NearPair[] = [];
  const together = Math.max(2, Math.floor(HELD_TOGETHER / matrix.shape.columns));
  const inOrder = [...candidates].sort((a, b) => a.first - b.first || a.second - b.second);
  for (let from = 0; from < inOrder.length;) {
    const rows = new Map<number, Float32Array | Float64Array>();
    const none = new Float32Array(0);
    let to = from;
    for (; to < inOrder.length && rows.size + 2 <= together; to++) {
      const { first, second } = inOrder[to] as Pair;
      rows.set(first, none).set(second, none);
    }
    await visitRows(matrix, [...rows.keys()], task.signal, (row, data) => {
      rows.set(row, storedNumbers(matrix.values.type, data).slice());
    });
    for (const { first, second } of inOrder.slice(from, to)) {
      const product = dotProduct(rows.get(first) ?? none, rows.get(second) ?? none);
      const cosine = product / (norms[first] as number) / (norms[second] as number);
      if (Math.abs(cosine) >= NEAR_COSINE) found.push({ first, second, cosine: Math.max(-1, Math.min(1, cosine)) });
    }
    from = to;
    task.onProgress?.(from / inOrder.length);
  }
  return found.sort((a, b) => Math.abs(b.cosine) - Math.abs(a.cosine) || a.first - b.first || a.second - b.second);
}

function dotProduct(one: Float32Array | Float64Array, other: Float32Array | Float64Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += (one[at] as number) * (other[at] as number);
  return sum;
}

/** Gaps up to here are read along, where rows lie in one piece; where they do not, a whole band costs as little as a row. */
const GAP_BYTES = 64 * 1024;

/** Reads some rows again, in ascending order. */
async function visitRows(
  { values, shape }: Matrix,
  wanted: readonly number[],
  signal: AbortSignal | undefined,
  visit: (row: number, data: NumberArray) => void,
): Promise<void> {
  const { columns, outer, innerStride } = shape;
  const bytes = outer === 1 && innerStride === 1 ? GAP_BYTES : BAND_BYTES;
  const gap = Math.floor(elementsOf(values, bytes) / columns);
  const rows = Float64Array.from(wanted).sort();
  for (let from = 0, to = 0; from < rows.length; from = to) {
    while (to < rows.length && (to === from || (rows[to] as number) - (rows[to - 1] as number) <= gap + 1)) to++;
    const span = [rows[from] as number, (rows[to - 1] as number) + 1] as const;
    let next = from;
    for await (const band of bandsOf(values, shape, span, elementsOf(values, BAND_BYTES), signal)) {
      for (; next < to && (rows[next] as number) < band.row + band.rows; next++) {
        const row = rows[next] as number;
        visit(row, band.data.subarray((row - band.row) * columns, (row - band.row + 1) * columns));
      }
    }
  }
}
