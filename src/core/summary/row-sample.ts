import type { Observed } from '../rewrite/observation.js';

/**
 * Rows of a layer's feature matrix (one row per position of an input, one column per unit), spread evenly over the
 * inputs of a run and over the positions of each. Which rows are kept follows from the number of inputs alone, so that
 * memory is bounded whatever is run and the order of merging changes nothing.
 */
export interface RowSample {
  readonly units: number;
  /** One of so many inputs gives rows, and each that does gives up to `perInput`. */
  readonly every: number;
  readonly perInput: number;
  /** Rows that each input gave, of those that give any. */
  readonly given: Uint32Array;
  /**
   * Row-major [inputs that give rows, perInput, units]: in one piece, as thousands of small ones keep freed memory apart.
   * Undefined before the first row and once rows were let go.
   */
  data: Float32Array | undefined;
}

/** Which inputs give rows, and how many each. @param most rows of all inputs together. */
export function sampling(inputs: number, most: number): Pick<RowSample, 'every' | 'perInput'> {
  const every = Math.max(1, Math.ceil(inputs / most));
  return { every, perInput: Math.max(1, Math.floor((most * every) / inputs)) };
}

/** The `at`-th of `kept` places that are spread evenly over `count`. */
export function spreadPlace(at: number, kept: number, count: number): number {
  return Math.floor(((at + 0.5) * count) / kept);
}

/** @param most rows of all inputs together. */
export function createRowSample(units: number, inputs: number, most: number): RowSample {
  const { every, perInput } = sampling(inputs, most);
  return { units, every, perInput, given: new Uint32Array(Math.ceil(inputs / every)), data: undefined };
}

/**
 * @param values all values of the batch, or `sample`: row-major [examples, units, positions].
 * @param row the example in the batch, @param index in the dataset.
 */
export function addRows(into: RowSample, values: Observed, row: number, index: number): void {
  const { units, every, perInput, given } = into;
  if (index % every !== 0) return;
  const { data, columns, layout } = values;
  const positions = columns / units;
  const kept = Math.min(positions, perInput);
  const rows = roomFor(into, index / every);
  for (let at = 0; at < kept; at++) {
    const position = spreadPlace(at, kept, positions);
    for (let unit = 0; unit < units; unit++) {
      const place =
        layout === undefined
          ? row * columns + unit * positions + position
          : row * layout.exampleStride +
            (layout.unitOffsets[unit] as number) +
            (layout.positionOffsets[position] as number);
      rows[at * units + unit] = data[place] as number;
    }
  }
  given[index / every] = kept;
}

/** Of the `at`-th input that gives rows. */
function roomFor(sample: RowSample, at: number): Float32Array {
  const each = sample.perInput * sample.units;
  sample.data ??= new Float32Array(sample.given.length * each);
  return sample.data.subarray(at * each, (at + 1) * each);
}

/** Adds rows of other inputs of the same run. */
export function mergeRows(into: RowSample, other: RowSample): void {
  other.given.forEach((rows, at) => {
    if (rows === 0) return;
    roomFor(into, at).set(roomFor(other, at).subarray(0, rows * other.units));
    into.given[at] = rows;
  });
}

/** Row-major [rows, units], in the order of the dataset. */
export function sampledRows(sample: RowSample): { readonly rows: number; readonly data: Float32Array } {
  const { units, given } = sample;
  const rows = given.reduce((sum, each) => sum + each, 0);
  const data = new Float32Array(rows * units);
  let end = 0;
  given.forEach((each, at) => {
    if (each === 0) return;
    data.set(roomFor(sample, at).subarray(0, each * units), end);
    end += each * units;
  });
  return { rows, data };
}

export function letRowsGo(sample: RowSample): void {
  sample.given.fill(0);
  sample.data = undefined;
}
