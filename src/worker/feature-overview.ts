/** What is known of all features after one pass, as the page is told. */
import { fewPlaces } from '../core/dictionary/few-places.js';
import type { Dataset } from '../core/dataset/dataset.js';
import type { Coder } from '../core/dictionary/coder.js';
import { densityWarnings } from '../core/dictionary/attach/declared-density.js';
import { poorFit } from '../core/dictionary/poor-fit.js';
import { unexplainedVariance } from '../core/dictionary/unexplained-variance.js';
import { featureColumns, featureTotals } from '../core/features/columns.js';
import { decoderNorms } from '../core/features/decoder-norms.js';
import { tokensAt } from '../core/features/excerpts.js';
import type { GatheredFeatures } from '../core/features/gather.js';
import { hasTokens, placeWordsOf, type PlaceWords } from '../core/dictionary/attach/layout.js';
import type { FeatureOverview } from '../protocol/features.js';
import type { FeaturePlaces } from './feature-places.js';

interface PassMade {
  /** In words. */
  readonly dictionary: string;
  readonly places: FeaturePlaces;
  readonly coder: Coder;
  readonly dataset: Dataset;
  readonly gathered: GatheredFeatures;
  /** Of each feature in training, where that is stated. */
  readonly density: Float64Array | undefined;
  readonly noSourceTokens: string | undefined;
  readonly signal: AbortSignal;
}

/** @throws CancelledError; ProblemError as reading does. */
export async function overviewOf({
  dictionary,
  places,
  coder,
  dataset,
  gathered,
  density,
  noSourceTokens,
  signal,
}: PassMade): Promise<FeatureOverview> {
  const { state, layout, stride, reconstruction } = gathered;
  const { all, withoutFirst } = reconstruction;
  const fvu = unexplainedVariance(all);
  const totals = featureTotals(state);
  const columns = featureColumns(state);
  const topTokens = hasTokens(layout) ? await tokensAt(dataset, columns.topToken, stride, layout, signal) : undefined;
  const placeWords = placeWordsOf(layout, topTokens !== undefined);
  return {
    dictionary,
    ...places,
    totals,
    layout,
    placeWords,
    fvu,
    ...(withoutFirst.tokens === 0 ? {} : { fvuWithoutFirst: unexplainedVariance(withoutFirst) }),
    data: dataset.description,
    synthetic: dataset.synthetic,
    warnings: [
      ...warningsOf(totals.tokens, coder, fvu, placeWords),
      ...densityWarnings(density, columns.density, totals.tokens, placeWords.many),
    ],
    columns,
    stride,
    ...(topTokens === undefined ? {} : { topTokens }),
    decoderNorm: await decoderNorms(coder.decoder, signal),
    ...(noSourceTokens === undefined ? {} : { noSourceTokens }),
  };
}

function warningsOf(tokens: number, coder: Coder, fvu: number, words: PlaceWords): string[] {
  const few = fewPlaces(tokens, words, coder.features);
  const warnings = few === undefined ? [] : [few.sentence];
  const poor =
    fvu > 1
      ? `The dictionary does not fit this value (FVU ${fvu.toPrecision(3)}): its features mean nothing here.`
      : poorFit(fvu, coder);
  return poor === undefined ? warnings : [...warnings, poor];
}
