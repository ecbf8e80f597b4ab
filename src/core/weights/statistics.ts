/** What the values of one tensor are like: read from end to end, never held. Source: methods M4. */
import type { WeightTensor } from '../formats/tensor-file.js';
import { elementCount } from '../tensor/tensor.js';
import { sparsityPattern, type SparsityPattern } from './sparsity-pattern.js';
import { countPatterns, isNarrow, summarizeNarrow, type CountPatterns } from './statistics/narrow.js';
import type { ValueSummary } from './statistics/summary.js';
import { summarizeWide, type WideType } from './statistics/wide.js';
import { heldIfSmall, partOf, valuesOf, type Task } from './stream.js';

export interface TensorStatistics extends ValueSummary {
  /** All values are one finite value. */
  readonly constant: boolean;
  /** At most so many of so many neighbours are not zero, wherever one looks. */
  readonly pattern?: SparsityPattern;
}

/**
 * @param patternCounter counts values of 8 and 16 bits: what makes it fast is not known here.
 * @throws ProblemError `not-applicable` where the tensor has no numbers, and as reading does; CancelledError.
 */
export async function tensorStatistics(
  tensor: WeightTensor,
  task: Task = {},
  patternCounter: CountPatterns = countPatterns,
): Promise<TensorStatistics> {
  const count = elementCount(tensor.dims);
  const values = await heldIfSmall(valuesOf(tensor), tensor.dims);
  const { type } = values;
  const main = partOf(task, 0, 0.9);
  const summary = isNarrow(type)
    ? await summarizeNarrow(type, values, count, main, patternCounter)
    : await summarizeWide(type satisfies WideType, values, count, main);
  const { finite, minimum, maximum } = summary;
  const pattern = await sparsityPattern(values, tensor.dims, summary, partOf(task, 0.9, 1));
  return {
    ...summary,
    constant: count > 0 && finite === count && minimum === maximum,
    ...(pattern === undefined ? {} : { pattern }),
  };
}
