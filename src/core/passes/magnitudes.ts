import { exactMedian } from '../summary/exact-median.js';
import type { Layout } from '../rewrite/layout.js';

const INFINITY_BITS = 0x7f800000;

/** Columns of one example's magnitudes: the peaks of units begin at `peaks`. */
export const MAGNITUDES = { nonFinite: 0, median: 1, largest: [2, 5, 8], peaks: 11 } as const;

/**
 * Per example: how many entries are not finite; the exact median of |h| over the finite ones; the three largest finite
 * |h|, each with its unit and its position (−1 where there are fewer); then the largest finite |h| of every unit.
 * @param data all values, in the order that `layout` says.
 * @returns row-major [examples, {@link MAGNITUDES}.peaks + units].
 */
export function magnitudes(data: Float32Array, layout: Layout, examples: number): Float32Array {
  const { exampleStride, unitOffsets, positionOffsets } = layout;
  const units = unitOffsets.length;
  const columns = MAGNITUDES.peaks + units;
  const rows = new Float32Array(examples * columns);
  // Writing goes one place beyond what is kept.
  const finite = new Int32Array(units * positionOffsets.length + 1);
  for (let example = 0; example < examples; example++) {
    const first = example * exampleStride;
    const row = rows.subarray(example * columns, (example + 1) * columns);
    const peaks = row.subarray(MAGNITUDES.peaks);
    const count = readFinite(data, first, layout, finite, peaks);
    row[MAGNITUDES.nonFinite] = units * positionOffsets.length - count;
    row[MAGNITUDES.median] = exactMedian(finite, count);
    const largest = largestThree(data, first, layout, peaks);
    MAGNITUDES.largest.forEach((column, rank) => row.set(largest[rank] ?? [0, -1, -1], column));
  }
  return rows;
}

/**
 * Writes the bits of the magnitudes that are finite, position by position, and the largest one of each unit.
 * @returns how many are finite.
 */
function readFinite(
  data: Float32Array,
  first: number,
  { unitOffsets, positionOffsets }: Layout,
  finite: Int32Array,
  peaks: Float32Array,
): number {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  const peakBits = new Int32Array(peaks.buffer, peaks.byteOffset, peaks.length);
  let count = 0;
  for (let position = 0; position < positionOffsets.length; position++) {
    const start = first + (positionOffsets[position] as number);
    for (let unit = 0; unit < unitOffsets.length; unit++) {
      const magnitude = (bits[start + (unitOffsets[unit] as number)] as number) & 0x7fffffff;
      // −1 where it is finite, else 0: no branch that a processor would have to foretell.
      const isFinite = (magnitude - INFINITY_BITS) >> 31;
      finite[count] = magnitude;
      count -= isFinite;
      peakBits[unit] = Math.max(peakBits[unit] as number, magnitude & isFinite);
    }
  }
  return count;
}

/** [|h|, unit, position] of the three largest finite ones, largest first. @param peaks by unit. */
function largestThree(
  data: Float32Array,
  first: number,
  { unitOffsets, positionOffsets }: Layout,
  peaks: Float32Array,
): readonly (readonly [number, number, number])[] {
  const largest = threeLargest();
  for (let unit = 0; unit < unitOffsets.length; unit++) {
    if (!((peaks[unit] as number) > largest.least)) continue;
    const start = first + (unitOffsets[unit] as number);
    positionOffsets.forEach((offset, position) => {
      const magnitude = Math.abs(data[start + offset] as number);
      // Neither NaN nor infinity is less than infinity.
      if (magnitude < Infinity && magnitude > largest.least) largest.add(magnitude, unit, position);
    });
  }
  return largest.entries;
}

/** The three largest so far: [|h|, unit, position], largest first; of equal ones the first seen. */
function threeLargest() {
  const entries: [number, number, number][] = [];
  return {
    entries,
    /** What a newcomer must exceed. */
    least: -1,
    add(magnitude: number, unit: number, position: number): void {
      const place = entries.findIndex(([held]) => magnitude > held);
      entries.splice(place < 0 ? entries.length : place, 0, [magnitude, unit, position]);
      entries.length = Math.min(entries.length, MAGNITUDES.largest.length);
      if (entries.length === MAGNITUDES.largest.length) this.least = entries.at(-1)?.[0] ?? -1;
    },
  };
}
