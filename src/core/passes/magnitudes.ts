import { exactMedian } from '../summary/exact-median.js';
import type { Layout } from '../rewrite/layout.js';

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
  const scratch = new Float32Array(units * positionOffsets.length);
  for (let example = 0; example < examples; example++) {
    const row = rows.subarray(example * columns, (example + 1) * columns);
    const largest = threeLargest();
    let filled = 0;
    let nonFinite = 0;
    for (let unit = 0; unit < units; unit++) {
      const start = example * exampleStride + (unitOffsets[unit] as number);
      let peak = 0;
      for (let position = 0; position < positionOffsets.length; position++) {
        const magnitude = Math.abs(data[start + (positionOffsets[position] as number)] as number);
        scratch[filled++] = magnitude;
        // Neither NaN nor infinity is less than infinity.
        if (!(magnitude < Infinity)) {
          nonFinite++;
          continue;
        }
        if (magnitude > peak) peak = magnitude;
        if (magnitude > largest.least) largest.add(magnitude, unit, position);
      }
      row[MAGNITUDES.peaks + unit] = peak;
    }
    row[MAGNITUDES.nonFinite] = nonFinite;
    row[MAGNITUDES.median] = exactMedian(scratch);
    MAGNITUDES.largest.forEach((column, rank) => row.set(largest.entries[rank] ?? [0, -1, -1], column));
  }
  return rows;
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
