import type { Batch, Dataset } from './dataset.js';

/**
 * The tokens of a batch's examples as people read them, one list per example, padding left out; undefined where the inputs
 * are no texts. An example longer than its preview has no list that fits its positions.
 */
export async function exampleTokens(
  dataset: Pick<Dataset, 'preview' | 'paddedLength'>,
  { indices, filled }: Pick<Batch, 'indices' | 'filled'>,
): Promise<readonly (readonly string[])[] | undefined> {
  const texts: (readonly string[])[] = [];
  for (const [row, index] of indices.entries()) {
    const preview = await dataset.preview(index);
    if (preview.kind !== 'tokens') return undefined;
    const { tokens } = preview;
    texts.push(tokens.length === dataset.paddedLength ? tokens.slice(0, filled?.[row]) : tokens);
  }
  return texts;
}
