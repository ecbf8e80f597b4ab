/** Which features the table shows. */
import type { FeatureRow } from '../../src/core/features/feature-rows.js';

export interface FeatureFilter {
  /** Numbers find features that begin with them, other words what a name or a token contains. */
  readonly text: string;
  readonly firing: 'all' | 'firing' | 'dead';
  /** Only these, of a list that was imported. */
  readonly list?: { readonly name: string; readonly features: readonly number[] };
  /** Shares of places, both ends included. */
  readonly leastDensity?: number;
  readonly mostDensity?: number;
}

export function filterFeatures(rows: readonly FeatureRow[], filter: FeatureFilter): readonly FeatureRow[] {
  const { firing, list, leastDensity = 0, mostDensity = 1 } = filter;
  const listed = list && new Set(list.features);
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (listed === undefined && words.length === 0 && firing === 'all' && leastDensity <= 0 && mostDensity >= 1)
    return rows;
  return rows.filter(({ feature, name, density, topToken }) => {
    if (listed?.has(feature) === false) return false;
    if (firing !== 'all' && density > 0 !== (firing === 'firing')) return false;
    if (density < leastDensity || density > mostDensity) return false;
    return words.every((word) =>
      /^\d+$/.test(word) ? String(feature).startsWith(word) : `${name}\n${topToken}`.toLowerCase().includes(word),
    );
  });
}
