/** How much the weights of each index of an axis weigh together. */
import type { WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';
import { chunksOf, valuesOf, type Task } from './stream.js';

/**
 * Σ|w| over everything that has one index of the axis, in float64; NaN where a value is NaN. The tensor is read once.
 * @throws ProblemError `not-applicable` where the tensor has no numbers, and as reading does; CancelledError.
 */
export async function magnitudeSums(tensor: WeightTensor, axis: number, task: Task = {}): Promise<Float64Array> {
  const { dims } = tensor;
  const values = valuesOf(tensor);
  const size = dims[axis] ?? 1;
  const stride = elementCount(dims.slice(axis + 1));
  const sums = new Float64Array(size);
  for await (const { start, data } of chunksOf(values, elementCount(dims), task)) {
    const numbers = storedNumbers(values.type, data);
    for (let at = 0; at < numbers.length;) {
      const run = start + at;
      const end = Math.min(numbers.length, at + stride - (run % stride));
      let sum = 0;
      for (; at < end; at++) sum += Math.abs(numbers[at] as number);
      const index = Math.floor(run / stride) % size;
      sums[index] = (sums[index] as number) + sum;
    }
  }
  return sums;
}
