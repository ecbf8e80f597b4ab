import type { Dataset } from '../../dataset/dataset.js';
import type { Site } from '../../dictionary/attach/sites.js';

/** What one row of a value is called: a token where inputs are texts, else a place (of a picture, of a series, of one head). */
export type RowWord = 'token' | 'place';

/**
 * By the first input that can be read.
 * @param site of which a token may have rows for several heads. @throws ProblemError as reading does.
 */
export async function rowWordOf(dataset: Dataset, { told, rank }: Pick<Site, 'told' | 'rank'>): Promise<RowWord> {
  if (told.heads !== undefined && (rank >= 4 || told.heads.besideExamples === true)) return 'place';
  for (let start = 0; start < dataset.size; start++) {
    const [input] = (await dataset.batch(start, start + 1)).indices;
    if (input !== undefined) return (await dataset.preview(input)).kind === 'tokens' ? 'token' : 'place';
  }
  return 'place';
}
