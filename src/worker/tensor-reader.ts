/** Statistics of tensors, read once and shared by passes and by whoever looks at one. */
import { problem } from '../core/errors.js';
import type { TensorFile, WeightTensor } from '../core/formats/tensor-file.js';
import { tensorStatistics, type TensorStatistics } from '../core/weights/statistics.js';
import type { CountPatterns } from '../core/weights/statistics/narrow.js';
import type { OnProgress } from '../protocol/rpc.js';

export interface TensorReader {
  /** @throws ProblemError `not-applicable` when there is no such tensor or it has no numbers, and as reading does. */
  statistics(tensor: number, signal?: AbortSignal, onProgress?: OnProgress): Promise<TensorStatistics>;
  /** The same for a run over all tensors: undefined where a tensor has no numbers; told are bytes read and bytes in all. */
  during(
    signal: AbortSignal,
    onProgress: (done: number, planned: number) => void,
  ): (tensor: number) => Promise<TensorStatistics | undefined>;
}

/** @param patternCounter as {@link tensorStatistics} takes it. */
export function createTensorReader({ tensors }: TensorFile, patternCounter?: CountPatterns): TensorReader {
  const known = new Map<number, TensorStatistics>();
  const statistics: TensorReader['statistics'] = async (index, signal, onProgress) => {
    const found =
      known.get(index) ?? (await tensorStatistics(tensorAt(tensors, index), { signal, onProgress }, patternCounter));
    known.set(index, found);
    return found;
  };
  return {
    statistics,
    during(signal, onProgress) {
      const unread = tensors.filter(({ values }, index) => values !== undefined && !known.has(index));
      const planned = unread.reduce((sum, { bytes }) => sum + bytes, 0);
      let done = 0;
      return async (index) => {
        const tensor = tensors[index];
        if (tensor?.values === undefined) return undefined;
        if (known.has(index)) return known.get(index);
        const found = await statistics(index, signal, (share) => onProgress(done + share * tensor.bytes, planned));
        done += tensor.bytes;
        onProgress(done, planned);
        return found;
      };
    },
  };
}

export function tensorAt(tensors: readonly WeightTensor[], index: number): WeightTensor {
  const tensor = tensors[index];
  if (tensor === undefined) throw problem('not-applicable', `This file has no tensor number ${index}.`);
  return tensor;
}
