/** All features as a table, and the page of the one that is chosen. */
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { featureRows } from '../../src/core/features/feature-rows.js';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { featureLabels, loadLabels } from '../state/feature-labels.js';
import { ui } from '../state/interface-state.js';
import { Distributions } from './distributions.js';
import { FeatureFilters } from './feature-filters.js';
import { FeaturePage } from './feature-page.js';
import { FeatureTable } from './feature-table.js';
import { filterFeatures } from './rows.js';

export function AllFeatures({ overview }: { overview: FeatureOverview }): JSX.Element {
  const labels = featureLabels.value;
  useEffect(loadLabels, [overview]);
  const rows = useMemo(() => featureRows(overview, labels), [overview, labels]);
  const filter = ui.featureFilter.value;
  const shown = useMemo(() => filterFeatures(rows, filter), [rows, filter]);
  const chosen = ui.feature.value;
  const feature = chosen !== undefined && chosen < rows.length ? chosen : undefined;
  return (
    <div class="all-features">
      <div class="all-features-list">
        <FeatureFilters isText={overview.topTokens !== undefined} />
        <FeatureTable rows={shown} overview={overview} selected={feature} />
      </div>
      {feature === undefined ? (
        <Distributions overview={overview} />
      ) : (
        <FeaturePage overview={overview} feature={feature} />
      )}
    </div>
  );
}
