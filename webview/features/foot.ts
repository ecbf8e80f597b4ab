import type { FeatureOverview } from '../../src/protocol/features.js';
import { formatCount } from '../format/numbers.js';
import { openedModel } from '../state/session.js';

/** What the numbers rest on: stands under every picture that leaves the page. */
export function featuresFoot({ dictionary, totals, data, reads, placeWords }: FeatureOverview): string {
  const model = openedModel.peek()?.overview.fileName ?? 'model';
  return `${model}, ${dictionary} at ${reads}, on ${formatCount(totals.tokens)} ${placeWords.many} (${data})`;
}
