/** The warning beside numbers of features that rest on few tokens. */
import type { JSX } from 'preact';
import { fewPlaces, type FewPlaces } from '../../src/core/dictionary/few-places.js';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { Icon } from '../controls/icon.js';

export function fewOf({ totals, columns, placeWords }: FeatureOverview): FewPlaces | undefined {
  return fewPlaces(totals.tokens, placeWords, columns.density.length);
}

/** Nothing where there are enough. */
export function FewMark({ overview }: { readonly overview: FeatureOverview }): JSX.Element | null {
  const few = fewOf(overview);
  if (few === undefined) return null;
  return (
    <span class="few-mark" title={few.sentence}>
      <Icon name="warning" class="icon-warning" /> {few.short}
    </span>
  );
}
