/** The table of all features as rows: which are shown, and as text. */
import { placeOf } from '../../src/core/features/excerpts.js';
import { placeText } from '../../src/core/features/layout.js';
import type { FeatureLabels, FeatureOverview, Layout, PlaceWords } from '../../src/protocol/features.js';
import { formatExact } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';

export interface FeatureRow {
  readonly feature: number;
  /** What the person calls it; empty where they do not. */
  readonly name: string;
  readonly density: number;
  /** NaN of one that never fired: it has neither. */
  readonly mean: number;
  readonly maximum: number;
  readonly share: number;
  readonly decoderNorm: number;
  /** What it fires on most strongly; empty where it never fired. */
  readonly topToken: string;
}

export function featureRows(
  { columns, decoderNorm, stride, topTokens, layout }: FeatureOverview,
  labels: FeatureLabels,
): readonly FeatureRow[] {
  return Array.from(columns.density, (density, feature): FeatureRow => ({
    feature,
    name: labels[feature]?.name ?? '',
    density,
    mean: density > 0 ? (columns.mean[feature] as number) : NaN,
    maximum: density > 0 ? (columns.maximum[feature] as number) : NaN,
    share: columns.share[feature] as number,
    decoderNorm: decoderNorm[feature] as number,
    topToken: topTokens?.[feature] ?? whereText(columns.topToken[feature] as number, stride, layout),
  }));
}

/** Where there is no text: the number of the input, and the place in it where it has several. */
function whereText(token: number, stride: number, layout: Layout): string {
  if (token < 0) return '';
  const { input, position } = placeOf(token, stride);
  return [`input ${input}`, placeText(position, layout)].filter(Boolean).join(', ');
}

export interface FeatureFilter {
  /** Numbers find features that begin with them, other words what a name or a token contains. */
  readonly text: string;
  readonly firing: 'all' | 'firing' | 'dead';
  /** Shares of places, both ends included. */
  readonly leastDensity?: number;
  readonly mostDensity?: number;
}

export function filterFeatures(rows: readonly FeatureRow[], filter: FeatureFilter): readonly FeatureRow[] {
  const { firing, leastDensity = 0, mostDensity = 1 } = filter;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && firing === 'all' && leastDensity <= 0 && mostDensity >= 1) return rows;
  return rows.filter(({ feature, name, density, topToken }) => {
    if (firing !== 'all' && density > 0 !== (firing === 'firing')) return false;
    if (density < leastDensity || density > mostDensity) return false;
    return words.every((word) =>
      /^\d+$/.test(word) ? String(feature).startsWith(word) : `${name}\n${topToken}`.toLowerCase().includes(word),
    );
  });
}

export function featuresAsText(rows: readonly FeatureRow[], { one, many }: PlaceWords): TextTable {
  return {
    header: [
      'feature',
      'name',
      `density (share of ${many} with f > 0)`,
      'mean where f > 0',
      'largest',
      'share of L0',
      'decoder norm',
      `strongest ${one}`,
    ],
    rows: rows.map(({ feature, name, density, mean, maximum, share, decoderNorm, topToken }) => [
      String(feature),
      name,
      ...[density, mean, maximum, share, decoderNorm].map(formatExact),
      topToken,
    ]),
  };
}
