import type { Dataset } from '../../dataset/dataset.js';

/** What one row of a value is called: a token where inputs are texts, else a place (of a picture, of a series). */
export type RowWord = 'token' | 'place';

/** By the first input that can be read. @throws ProblemError as reading does. */
export async function rowWordOf(dataset: Dataset): Promise<RowWord> {
  for (let start = 0; start < dataset.size; start++) {
    const [input] = (await dataset.batch(start, start + 1)).indices;
    if (input !== undefined) return (await dataset.preview(input)).kind === 'tokens' ? 'token' : 'place';
  }
  return 'place';
}
