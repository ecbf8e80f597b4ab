import type { FeatureOverview } from '../../src/protocol/features.js';
import { formatCount } from '../format/numbers.js';
import { openedModel } from '../state/session.js';
import { fewOf } from './few-places.js';

/** What the numbers rest on: stands under every picture that leaves the page. */
export function featuresFoot(overview: FeatureOverview): string {
  const { dictionary, totals, data, reads, placeWords } = overview;
  const model = openedModel.peek()?.overview.fileName ?? 'model';
  const few = fewOf(overview);
  const mind = few === undefined ? '' : `; mind: ${few.short}`;
  return `${model}, ${dictionary} at ${reads}, on ${formatCount(totals.tokens)} ${placeWords.many} (${data})${mind}`;
}
