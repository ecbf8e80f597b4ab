/** What a point of the residual stream holds on each input of a batch, without padding. */
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { SweptBatch } from '../../experiment/sweeps.js';
import { layoutOf, unfoldedAxes, unfoldedDims, type Layout } from '../../rewrite/layout.js';
import type { ObservedLayer } from '../../graph/layers.js';

/** One input: the entry of a unit and a position lies at the sum of their offsets in `layout`, behind `start`. */
export interface StreamValues {
  /** Place of the input in the dataset. */
  readonly index: number;
  readonly data: Float32Array;
  readonly start: number;
  /** Positions that hold something; it counts one example. */
  readonly layout: Layout;
}

/**
 * @param data all values of the point in one run, whose axes are `dims`; rows behind the batch's are padding of a graph
 *   that fixes its batch.
 */
export function streamValues(
  { dataset }: Pick<ExperimentSubject, 'dataset'>,
  point: ObservedLayer,
  batch: SweptBatch,
  { data, dims }: { readonly data: Float32Array; readonly dims: readonly number[] },
): readonly StreamValues[] {
  const layout = layoutOf(unfoldedDims(point, dims), unfoldedAxes(point));
  const all = layout.positionOffsets;
  return batch.indices.map((index, row) => {
    const filled = dataset.paddedLength === all.length ? (batch.filled?.[row] ?? all.length) : all.length;
    return {
      index,
      data,
      start: row * layout.exampleStride,
      layout: { ...layout, examples: 1, positionOffsets: all.subarray(0, filled) },
    };
  });
}

/** Offset of an entry in the values of its run. */
export function offsetOf({ start, layout }: StreamValues, unit: number, position: number): number {
  return start + (layout.unitOffsets[unit] as number) + (layout.positionOffsets[position] as number);
}
