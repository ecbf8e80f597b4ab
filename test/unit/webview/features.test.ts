import { describe, expect, it } from 'vitest';
import { logarithmicBins } from '../../../webview/features/logarithmic-bins.js';
import { featuresAsText, type FeatureRow } from '../../../src/core/features/feature-rows.js';
import { filterFeatures } from '../../../webview/features/rows.js';

const row = (feature: number, density: number, topToken = ''): FeatureRow => ({
  feature,
  name: '',
  note: '',
  density,
  mean: 1,
  maximum: 2,
  share: 0,
  decoderNorm: 1,
  topToken,
});
const rows = [row(0, 0), row(1, 0.5, ' Dog'), row(12, 0.01, ' cat'), row(21, 1e-5, 'hot dog')];
const found = (filter: Partial<Parameters<typeof filterFeatures>[1]>): number[] =>
  filterFeatures(rows, { text: '', firing: 'all', ...filter }).map(({ feature }) => feature);

describe('features that are shown', () => {
  it('are all of them where nothing is asked', () => {
    expect(filterFeatures(rows, { text: ' ', firing: 'all' })).toBe(rows);
  });

  it('are found by the beginning of their number, and by every word of their token', () => {
    expect(found({ text: '1' })).toEqual([1, 12]);
    expect(found({ text: 'dog' })).toEqual([1, 21]);
    expect(found({ text: 'dog hot' })).toEqual([21]);
    expect(found({ text: '2 hot' })).toEqual([21]);
  });

  it('are alive or dead, and of a density between two ends', () => {
    expect(found({ firing: 'dead' })).toEqual([0]);
    expect(found({ firing: 'firing' })).toEqual([1, 12, 21]);
    expect(found({ leastDensity: 0.01 })).toEqual([1, 12]);
    expect(found({ mostDensity: 0.01, firing: 'firing' })).toEqual([12, 21]);
  });

  it('are those of a list that was imported, and of them what else is asked', () => {
    const list = { name: 'a.json', features: [12, 21, 400] };
    expect(found({ list })).toEqual([12, 21]);
    expect(found({ list, text: 'dog' })).toEqual([21]);
  });

  it('leave the page with exact numbers', () => {
    expect(featuresAsText([row(3, 1 / 3, '=1')], { one: 'token', many: 'tokens' }).rows[0]).toEqual([
      '3',
      '',
      '0.33333333',
      '1',
      '2',
      '0',
      '1',
      '=1',
      '',
    ]);
  });
});

describe('bins that grow tenfold in ten steps', () => {
  it('hold each value above 0 once, powers of ten at their beginning', () => {
    const { edges, counts } = logarithmicBins([0, 0.001, 0.01, 0.0101, 0.1, 1, NaN, 0.99]);
    expect(edges[0]).toBeCloseTo(0.001, 12);
    expect(counts).toHaveLength(31);
    expect([counts[0], counts[10], counts[20], counts[29], counts[30]]).toEqual([1, 2, 1, 1, 1]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(6);
  });

  it('are none where nothing is above 0', () => {
    expect(logarithmicBins([0, 0])).toEqual({ edges: [], counts: [] });
  });
});
