/** One row of unit values per example, for the heatmap units × examples. Only the first examples of a dataset are kept. */
export interface ExampleRows {
  readonly units: number;
  /** Examples below this dataset index are kept. */
  readonly limit: number;
  /** 1 where the example has a row. */
  readonly seen: Uint8Array;
  /** Row-major [limit, units], in one piece; undefined before the first row. */
  data: Float32Array | undefined;
}

/** Examples that the heatmap shows: enough to see a pattern. */
const MOST_EXAMPLES = 256;
const FEWEST_EXAMPLES = 16;
/** Values that all layers of a run may keep together, for one metric: 16 MB. */
const VALUES_KEPT = 4e6;

/** How many examples a run keeps rows of, given the units of all its layers together. */
export function examplesKept(totalUnits: number): number {
  return Math.max(FEWEST_EXAMPLES, Math.min(MOST_EXAMPLES, Math.floor(VALUES_KEPT / Math.max(1, totalUnits))));
}

export function createExampleRows(units: number, limit: number): ExampleRows {
  return { units, limit, seen: new Uint8Array(limit), data: undefined };
}

/** Keeps row `row` of a row-major [examples, units] array as the example `index`. */
export function addExampleRow(into: ExampleRows, index: number, data: Float32Array, row: number): void {
  if (index >= into.limit) return;
  roomFor(into, index).set(data.subarray(row * into.units, (row + 1) * into.units));
  into.seen[index] = 1;
}

/** Of an example below the limit. */
function roomFor(rows: ExampleRows, index: number): Float32Array {
  rows.data ??= new Float32Array(rows.limit * rows.units);
  return rows.data.subarray(index * rows.units, (index + 1) * rows.units);
}

/** Adds rows of other examples of the same run. */
export function mergeExampleRows(into: ExampleRows, other: ExampleRows): void {
  for (const index of keptIndices(other)) {
    roomFor(into, index).set(roomFor(other, index));
    into.seen[index] = 1;
  }
}

/** Row-major [indices.length, units]; NaN where an example is missing. */
export function exampleMatrix(from: ExampleRows, indices: Int32Array): Float32Array {
  const matrix = new Float32Array(indices.length * from.units).fill(NaN);
  indices.forEach((index, row) => {
    if (from.seen[index] === 1) matrix.set(roomFor(from, index), row * from.units);
  });
  return matrix;
}

export function keptIndices(from: ExampleRows): Int32Array {
  return Int32Array.from([...from.seen.keys()].filter((index) => from.seen[index] === 1));
}
