import type { WeightTensor } from '../formats/tensor-file.js';
import type { TensorStatistics } from '../weights/statistics.js';
import { zeroSlices } from '../weights/zero-slices.js';

/** Which indices of the first axis (rows) and of the second (columns) hold nothing but zeros: 1 where they do. */
export type ZeroLines = readonly [rows: Uint8Array, columns: Uint8Array];

const known = new WeakMap<WeightTensor, ZeroLines>();

/**
 * Read again only where the tensor has zeros enough for a row or a column, and once for all passes that ask.
 * @throws as reading does; CancelledError.
 */
export async function zeroLines(
  tensor: WeightTensor,
  { zeros, count }: Pick<TensorStatistics, 'zeros' | 'count'>,
  signal: AbortSignal,
): Promise<ZeroLines> {
  const found = known.get(tensor);
  if (found !== undefined) return found;
  const [rows = 1, columns = 1] = tensor.dims;
  if (zeros < count / Math.max(1, rows, columns)) return [new Uint8Array(rows), new Uint8Array(columns)];
  const [ofRows, ofColumns] = await zeroSlices(tensor, [0, 1], { signal });
  const lines: ZeroLines = [ofRows ?? new Uint8Array(rows), ofColumns ?? new Uint8Array(columns)];
  known.set(tensor, lines);
  return lines;
}
