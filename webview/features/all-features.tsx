/** All features as a table, and the page of the one that is chosen. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { formatCount } from '../format/numbers.js';
import { ui } from '../state/interface-state.js';
import { FeatureFilters } from './feature-filters.js';
import { FeaturePage } from './feature-page.js';
import { FeatureTable } from './feature-table.js';
import { featureRows, filterFeatures } from './rows.js';

export function AllFeatures({ overview }: { overview: FeatureOverview }): JSX.Element {
  const rows = useMemo(() => featureRows(overview), [overview]);
  const filter = ui.featureFilter.value;
  const shown = useMemo(() => filterFeatures(rows, filter), [rows, filter]);
  const chosen = ui.feature.value;
  const feature = chosen !== undefined && chosen < rows.length ? chosen : undefined;
  return (
    <div class="all-features">
      <div class="all-features-list">
        <FeatureFilters />
        <p class="muted" role="status">
          {shown.length < rows.length
            ? `${formatCount(shown.length)} of ${formatCount(rows.length)} features`
            : `${formatCount(rows.length)} features`}
        </p>
        <FeatureTable rows={shown} selected={feature} />
      </div>
      {feature === undefined ? (
        <p class="note feature-page">Choose a feature in the table to see what it fires on and what it does.</p>
      ) : (
        <FeaturePage overview={overview} feature={feature} />
      )}
    </div>
  );
}
