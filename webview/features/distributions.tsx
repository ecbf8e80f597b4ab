/** How all features of a dictionary are spread: how often they fire, and how strongly at most. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { formatCount, formatNumber, formatShare } from '../format/numbers.js';
import { BarHistogram } from './bar-histogram.js';
import { FewMark } from './few-places.js';
import { featuresFoot } from './foot.js';
import { logarithmicBins } from './logarithmic-bins.js';

export function Distributions({ overview }: { overview: FeatureOverview }): JSX.Element {
  const { columns, totals, placeWords } = overview;
  const densities = useMemo(() => logarithmicBins(columns.density), [columns]);
  const largest = useMemo(() => logarithmicBins(columns.maximum), [columns]);
  const foot = featuresFoot(overview);
  const dead = totals.dead > 0 ? ` ${formatCount(totals.dead)} dead ones have none and are not drawn.` : '';
  return (
    <div class="feature-page">
      <p class="note">Choose a feature in the table to see what it fires on and what it does.</p>
      <BarHistogram
        title="How often features fire"
        definition={`How many features have which density (share of ${placeWords.many} with f > 0), ten bins for each power of ten.${dead}`}
        foot={foot}
        mind={<FewMark overview={overview} />}
        {...densities}
        along="density, logarithmic"
        counted="features"
        edgeText={formatShare}
      />
      <BarHistogram
        title="How strong they are at most"
        definition={`How many features have which largest activation, ten bins for each power of ten.${dead}`}
        foot={foot}
        mind={<FewMark overview={overview} />}
        {...largest}
        along="largest activation, logarithmic"
        counted="features"
        edgeText={formatNumber}
      />
    </div>
  );
}
