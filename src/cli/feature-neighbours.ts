import type { FeatureNeighbours } from '../protocol/features.js';
import { number, percent } from './numbers.js';

/** What a feature is like, as lines of text. */
export function neighbourLines(found: FeatureNeighbours): string[] {
  const { alignment, units, features, nearest, together, unitWords, warnings } = found;
  const list = <Item>(title: string, items: readonly Item[], text: (item: Item) => string): string[] =>
    items.length === 0 ? [] : [`  ${title}: ${items.map(text).join(', ')}`];
  const aligned = (item: (typeof alignment.reads)[number]): string =>
    `${item.unit} ${number(item.value)} (${percent(item.share)})`;
  const near = ({ feature, cosine }: (typeof nearest.encoder)[number]): string => `${feature} ${number(cosine)}`;
  return [
    ...warnings.map((warning) => `  Mind: ${warning}`),
    ...list(`Reads most from (${unitWords.reads}, weight, share of Σ|weight|)`, alignment.reads, aligned),
    ...list(`Writes most to (${unitWords.writes}, weight, share of Σ|weight|)`, alignment.writes, aligned),
    ...list(`Correlated ${unitWords.reads}s (Pearson r)`, units, ({ unit, pearson }) => `${unit} ${number(pearson)}`),
    ...list('Correlated features (Pearson r)', features, ({ feature, pearson }) => `${feature} ${number(pearson)}`),
    ...list('Nearest by encoder (cosine)', nearest.encoder, near),
    ...list('Nearest by decoder (cosine)', nearest.decoder, near),
    ...list(
      'Fire together with it (Jaccard; tokens of both, of either)',
      together,
      ({ feature, jaccard, both, either }) => `${feature} ${number(jaccard)} (${both} of ${either})`,
    ),
  ];
}
