/** One feature as the page is told of it: its histogram, examples as texts, and what it does to the scores. */
import type { Dataset } from '../core/dataset/dataset.js';
import { ProblemError } from '../core/errors.js';
import { featureFacts } from '../core/features/columns.js';
import { equalBins, LOGIT_BINS } from '../core/features/equal-bins.js';
import { excerptsOf, placeOf, type Excerpt } from '../core/features/excerpts.js';
import { followedOf } from '../core/features/followed.js';
import type { GatheredFeatures } from '../core/features/gather.js';
import { writtenRows } from '../core/features/written-rows.js';
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

export interface FeatureLogits extends Pick<FeatureDetail, 'logits' | 'noLogits'> {
  /** On every score; absent where there are none. */
  readonly effects?: Float32Array;
}

/** Of several features, in their order; the reason where there are no scores. @throws as reading does. */
export async function logitsOf(
  { coder }: AttachedDictionary,
  unembedding: () => Promise<Unembedding>,
  classes: readonly string[] | undefined,
  features: readonly number[],
): Promise<readonly FeatureLogits[]> {
  try {
    const { effects: effectsOf, tokens } = await unembedding();
    const all = await effectsOf(await writtenRows(coder, features));
    return features.map((_, at) => {
      const effects = all.subarray(at * tokens, (at + 1) * tokens);
      return { effects, logits: shownEffects(effects, classes) };
    });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return features.map(() => ({ noLogits: error.problem.message }));
  }
}

function tokenText(token: number, classes: readonly string[] | undefined): string {
  return classes?.[token] ?? String(token);
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
      .map((token) => ({ token, text: tokenText(token, classes), effect: effects[token] as number }));
  return { top: told(0), bottom: told(1), histogram: equalBins(effects, LOGIT_BINS) };
}

/**
 * Examples with what really came after their tokens.
 * @param gains of all positions of an input, as `writtenGains` has them.
 */
export async function withFollowed(
  { top, intervals }: Pick<FeatureDetail, 'top' | 'intervals'>,
  dataset: Pick<Dataset, 'targets' | 'classes'>,
  effects: Float32Array,
  gains: (input: number) => Promise<Float32Array | undefined>,
): Promise<Pick<FeatureDetail, 'top' | 'intervals'>> {
  const textOf = (token: number): string => tokenText(token, dataset.classes);
  const known = new Map<number, ReturnType<typeof gains>>();
  const gainsOf = (input: number): ReturnType<typeof gains> => {
    const found = known.get(input) ?? gains(input);
    known.set(input, found);
    return found;
  };
  const followed = async (excerpts: readonly Excerpt[]): Promise<readonly Excerpt[]> => {
    const found: Excerpt[] = [];
    for (const excerpt of excerpts) {
      const { input, position, at, tokens } = excerpt;
      const { nextTokens } = tokens === undefined ? {} : await dataset.targets(input);
      if (tokens === undefined || nextTokens === undefined) {
        found.push(excerpt);
        continue;
      }
      const shown = { first: position - at, count: tokens.length };
      found.push({ ...excerpt, followed: followedOf(shown, nextTokens, effects, textOf, await gainsOf(input)) });
    }
    return found;
  };
  const told: FeatureDetail['intervals'][number][] = [];
  for (const interval of intervals) told.push({ ...interval, examples: await followed(interval.examples) });
  return { top: await followed(top), intervals: told };
}
