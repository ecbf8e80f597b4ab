import type { Dataset } from '../core/dataset/dataset.js';
import type { SystemDescription, SystemEnd } from '../core/linear/description.js';

/** A system whose positions know the text of their tokens, where the input is a text of as many. */
export async function withTokens(
  description: SystemDescription,
  dataset: Pick<Dataset, 'preview'>,
  example: number,
): Promise<SystemDescription> {
  const { from, to } = description;
  if (![from, to].some(({ layout }) => layout.kind === 'sequence')) return description;
  const preview = await dataset.preview(example);
  if (preview.kind !== 'tokens') return description;
  const told = (end: SystemEnd): SystemEnd =>
    end.layout.kind === 'sequence' && end.layout.positions === preview.tokens.length
      ? { ...end, layout: { ...end.layout, tokens: preview.tokens } }
      : end;
  return { ...description, from: told(from), to: told(to) };
}
