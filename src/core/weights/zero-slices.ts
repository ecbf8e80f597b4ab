/** Rows and columns of weights that are zero throughout: what pruning emptied. */
import type { WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';
import { chunksOf, valuesOf, type Task } from './stream.js';

/**
 * For each of the given axes, which of its indices hold nothing but zeros (1) and which hold anything else, NaN included
 * (0). An axis beyond the tensor's rank has one index. The tensor is read once.
 * @throws ProblemError `not-applicable` where the tensor has no numbers, and as reading does; CancelledError.
 */
export async function zeroSlices(
  tensor: WeightTensor,
  axes: readonly number[],
  task: Task = {},
): Promise<readonly Uint8Array[]> {
  const { dims } = tensor;
  const values = valuesOf(tensor);
  const slices = axes.map((axis) => ({
    size: dims[axis] ?? 1,
    stride: elementCount(dims.slice(axis + 1)),
    zero: new Uint8Array(dims[axis] ?? 1).fill(1),
  }));
  for await (const { start, data } of chunksOf(values, elementCount(dims), task)) {
    const numbers = storedNumbers(values.type, data);
    for (const { size, stride, zero } of slices) {
      let inner = start % stride;
      let index = Math.floor(start / stride) % size;
      for (let at = 0; at < numbers.length; at++) {
        if (numbers[at] !== 0) zero[index] = 0;
        if (++inner < stride) continue;
        inner = 0;
        index = index + 1 === size ? 0 : index + 1;
      }
    }
  }
  return slices.map(({ zero }) => zero);
}
