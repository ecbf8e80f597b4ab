/** One row of unit values per example, for the heatmap units × examples. Only the first examples of a dataset are kept. */
export interface ExampleRows {
  readonly units: number;
  /** Examples below this dataset index are kept. */
  readonly limit: number;
  readonly rows: Map<number, Float32Array>;
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
  return { units, limit, rows: new Map() };
}

/** Keeps row `row` of a row-major [examples, units] array as the example `index`. */
export function addExampleRow(into: ExampleRows, index: number, data: Float32Array, row: number): void {
  if (index < into.limit) into.rows.set(index, data.slice(row * into.units, (row + 1) * into.units));
}

export function mergeExampleRows(into: ExampleRows, other: ExampleRows): void {
  for (const [index, row] of other.rows) into.rows.set(index, row);
}

/** Row-major [indices.length, units]; NaN where an example is missing. */
export function exampleMatrix(from: ExampleRows, indices: Int32Array): Float32Array {
  const matrix = new Float32Array(indices.length * from.units).fill(NaN);
  indices.forEach((index, row) => {
    const values = from.rows.get(index);
    if (values !== undefined) matrix.set(values, row * from.units);
  });
  return matrix;
}

export function keptIndices(from: ExampleRows): Int32Array {
  return Int32Array.from(from.rows.keys()).sort();
}
