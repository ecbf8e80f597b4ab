/** A value of a batch as rows of one width, one per token (or cell of a picture), and back. */
import { floatsOf } from '../../tensor/floats.js';
import { elementCount, type Tensor } from '../../tensor/tensor.js';
import type { SweptBatch } from '../../experiment/sweeps.js';
import { isFirst, isPadding, layoutOf, type WidthAxis } from './layout.js';
import type { Site } from './sites.js';

export interface Rows {
  /** Row-major [count, width]; of padding too. Shared with the tensor where it lies so: not to be changed. */
  readonly values: Float32Array;
  readonly count: number;
  readonly width: number;
  /** Of the value. */
  readonly dims: readonly number[];
  /** Mean of each row over the width, where the site takes it away. */
  readonly taken?: Float32Array;
}

export function rowsOf(tensor: Tensor, width: number, site: Pick<Site, 'axis' | 'variant'>): Rows {
  const flat = floatsOf(tensor);
  const shared = toRows(flat, tensor.dims, width, site.axis);
  const { dims } = tensor;
  const count = elementCount(dims) / width;
  if (site.variant !== 'centred') return { values: shared, count, width, dims };
  const values = shared === tensor.data ? shared.slice() : shared;
  return { values, count, width, dims, taken: centre(values, width) };
}

/** Takes its mean over the width away from each row. @returns the means. */
export function centre(values: Float32Array, width: number): Float32Array {
  const taken = new Float32Array(values.length / width);
  for (let row = 0; row < taken.length; row++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += values[row * width + i] as number;
    const mean = sum / width;
    taken[row] = mean;
    for (let i = 0; i < width; i++) values[row * width + i] = (values[row * width + i] as number) - mean;
  }
  return taken;
}

/** Rows put back as a tensor of the dims that they came from. @param taken is added again. */
export function tensorOf(
  values: Float32Array,
  dims: readonly number[],
  width: number,
  site: Pick<Site, 'axis'>,
  taken?: Float32Array,
): Tensor {
  const whole =
    taken === undefined ? values : values.map((value, i) => value + (taken[Math.floor(i / width)] as number));
  const data = site.axis === 'last' ? whole : turned(whole, dims[0] ?? 1, width, 'to picture');
  return { type: 'float32', dims, data };
}

/** Row-major [rows, width]: shared where it lies so. */
export function toRows(flat: Float32Array, dims: readonly number[], width: number, axis: WidthAxis): Float32Array {
  return axis === 'last' ? flat : turned(flat, dims[0] ?? 1, width, 'to rows');
}

/** [batch, channels, cells] to [batch, cells, channels], or back. */
function turned(flat: Float32Array, batch: number, channels: number, way: 'to rows' | 'to picture'): Float32Array {
  const cells = flat.length / (batch * channels);
  const out = new Float32Array(flat.length);
  for (let b = 0; b < batch; b++) {
    const base = b * channels * cells;
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < cells; p++) {
        const [picture, row] = [base + c * cells + p, base + p * channels + c];
        if (way === 'to rows') out[row] = flat[picture] as number;
        else out[picture] = flat[row] as number;
      }
    }
  }
  return out;
}

/**
 * Which rows count: those of examples, not of padding.
 * @returns for each row: 0 no, 1 yes, 2 the first of several that follow one another in an example: cells of a picture do not.
 */
export function countedRows(
  { count, dims }: Pick<Rows, 'count' | 'dims'>,
  batch: SweptBatch,
  runRows: number,
  { axis, told, grid }: Pick<Site, 'axis' | 'told' | 'grid'>,
): Uint8Array {
  const { indices, filled } = batch;
  const positions = Math.max(1, Math.round(count / runRows));
  const layout = layoutOf({ dims, axis, examples: runRows, positions, grid }, told);
  const counted = new Uint8Array(count);
  for (let example = 0; example < Math.min(indices.length, runRows); example++) {
    for (let position = 0; position < positions; position++) {
      if (isPadding(position, layout, filled?.[example])) continue;
      counted[example * positions + position] = positions > 1 && isFirst(position, layout) ? 2 : 1;
    }
  }
  return counted;
}
