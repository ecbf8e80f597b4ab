import type { Batch, Dataset } from './dataset.js';

/** Examples of a run, padding rows among them: a graph that fixes its batch takes as many every time. */
export function rowsOfRun(
  { maximumBatch }: Pick<Dataset, 'maximumBatch'>,
  { indices }: Pick<Batch, 'indices'>,
): number {
  return Number.isFinite(maximumBatch) ? maximumBatch : indices.length;
}
