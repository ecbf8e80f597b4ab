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
  /** By dataset index, row-major [rows, units]. */
  readonly rows: Map<number, Float32Array>;
  /** Inputs of the run that give rows. */
  readonly giving: number;
  /**
   * Where rows lie once they are gathered: one piece of memory with as much room for each input as the first ones took, as
   * thousands of small pieces keep freed memory apart.
   */
  gathered: { readonly data: Float32Array; readonly each: number } | undefined;
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
  return { units, every, perInput, rows: new Map(), giving: Math.ceil(inputs / every), gathered: undefined };
}

/**
 * @param values all values of the batch, or `sample`: row-major [examples, units, positions].
 * @param row the example in the batch, @param index in the dataset.
 */
export function addRows(into: RowSample, values: Observed, row: number, index: number): void {
  const { units, every, perInput } = into;
  if (index % every !== 0) return;
  const { data, columns, layout } = values;
  const positions = columns / units;
  const kept = Math.min(positions, perInput);
  const rows = new Float32Array(kept * units);
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
  into.rows.set(index, rows);
}

/** Takes the rows of `other` over into one piece of memory. */
export function gatherRows(into: RowSample, other: RowSample): void {
  const { every, giving } = into;
  const isFirst = into.gathered === undefined;
  const each = into.gathered?.each ?? longest(into.rows.values(), longest(other.rows.values(), 0));
  const { data } = (into.gathered ??= { data: new Float32Array(giving * each), each });
  const take = (index: number, rows: Float32Array): void => {
    const start = (index / every) * each;
    // Of an input with more positions than those before.
    const place = rows.length > each ? rows : data.subarray(start, start + rows.length);
    if (place !== rows) place.set(rows);
    into.rows.set(index, place);
  };
  if (isFirst) for (const [index, rows] of into.rows) take(index, rows);
  for (const [index, rows] of other.rows) take(index, rows);
  other.rows.clear();
}

function longest(all: Iterable<Float32Array>, least: number): number {
  let most = least;
  for (const { length } of all) most = Math.max(most, length);
  return most;
}

export function mergeRows(into: RowSample, other: RowSample): void {
  for (const [index, rows] of other.rows) into.rows.set(index, rows);
}

/** Row-major [rows, units], in the order of the dataset. */
export function sampledRows({ units, rows }: RowSample): { readonly rows: number; readonly data: Float32Array } {
  const ordered = [...rows].sort(([a], [b]) => a - b).map(([, each]) => each);
  const data = new Float32Array(ordered.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of ordered) {
    data.set(each, at);
    at += each.length;
  }
  return { rows: data.length / units, data };
}
