/** One feature as the page is told of it: its histogram, examples as texts, and what it does to the scores. */
import type { Dataset } from '../core/dataset/dataset.js';
import { readRows } from '../core/dictionary/feature-matrix.js';
import { ProblemError } from '../core/errors.js';
import { featureFacts } from '../core/features/columns.js';
import { equalBins, LOGIT_BINS } from '../core/features/equal-bins.js';
import { excerptsOf, placeOf, type Excerpt } from '../core/features/excerpts.js';
import type { GatheredFeatures } from '../core/features/gather.js';
import type { Unembedding } from '../core/features/logit-effects.js';
import type { AttachedDictionary } from '../core/features/attached.js';
import { addToTop, createTopK } from '../core/summary/top-examples.js';
import type { FeatureDetail, TokenEffect } from '../protocol/features.js';
import type { ActivationsOn } from './feature-activations.js';

const EFFECTS_SHOWN = 10;

/** All but what it does to the scores. */
export async function detailOf(
  { state, stride, layout }: Pick<GatheredFeatures, 'state' | 'stride' | 'layout'>,
  dataset: Pick<Dataset, 'preview'>,
  feature: number,
  activations: ActivationsOn,
): Promise<Omit<FeatureDetail, 'logits' | 'noLogits'>> {
  const excerpts = (examples: readonly { readonly token: number }[]): Promise<readonly Excerpt[]> =>
    excerptsOf(
      dataset,
      examples.map(({ token }) => placeOf(token, stride)),
      layout,
      activations,
    );
  const { edges, counts, intervals, top } = featureFacts(state, feature);
  const shown: FeatureDetail['intervals'][number][] = [];
  for (const interval of intervals) shown.push({ ...interval, examples: await excerpts(interval.examples) });
  return { feature, histogram: { edges, counts }, top: await excerpts(top), intervals: shown };
}

/** Of several features, in their order; the reason where there are no scores. @throws as reading does. */
export async function logitsOf(
  { coder: { decoder } }: AttachedDictionary,
  unembedding: () => Promise<Unembedding>,
  classes: readonly string[] | undefined,
  features: readonly number[],
): Promise<readonly Pick<FeatureDetail, 'logits' | 'noLogits'>[]> {
  try {
    const { effects: effectsOf, tokens } = await unembedding();
    const rows = new Float32Array(features.length * decoder.width);
    for (const [at, feature] of features.entries()) rows.set(await readRows(decoder, feature, 1), at * decoder.width);
    const effects = await effectsOf(rows);
    return features.map((_, at) => ({
      logits: shownEffects(effects.subarray(at * tokens, (at + 1) * tokens), classes),
    }));
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return features.map(() => ({ noLogits: error.problem.message }));
  }
}

function shownEffects(effects: Float32Array, classes: readonly string[] | undefined): FeatureDetail['logits'] {
  // Of few classes none is among both the highest and the lowest.
  const shown = Math.min(EFFECTS_SHOWN, Math.max(1, Math.floor(effects.length / 2)));
  // Of those below zero, the largest of what is turned around.
  const ends = createTopK(2, shown);
  effects.forEach((effect, token) => {
    addToTop(ends, 0, token, effect);
    addToTop(ends, 1, token, -effect);
  });
  const told = (row: number): TokenEffect[] =>
    [...ends.indices.subarray(row * shown, (row + 1) * shown)]
      .filter((token) => token !== -1)
      .map((token) => ({ token, text: classes?.[token] ?? String(token), effect: effects[token] as number }));
  return { top: told(0), bottom: told(1), histogram: equalBins(effects, LOGIT_BINS) };
}
