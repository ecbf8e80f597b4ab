/**
 * What each firing adds directly, past all that comes after, to the score of the token that is predicted there:
 * a · (⟨W_dec, W_U[:, y]⟩ − mean over tokens v of ⟨W_dec, W_U[:, v]⟩), without the final normalisation (formats 3.4).
 */
import { breathe } from '../../breathe.js';
import type { Coder } from '../../dictionary/coder.js';
import { throwIfCancelled } from '../../errors.js';
import type { Unembedding } from '../logit-effects.js';
import { writtenRows } from '../written-rows.js';
import type { Firings } from './firings.js';

/** Scores that are held at once. */
const TILE_NUMBERS = 2 ** 22;

/**
 * @param predicted the token with the largest score at each position.
 * @param gain by token, what undoing the dictionary’s normalisation multiplies with.
 * @param only firings of these features, the effects of others stay 0; absent: all.
 * @throws CancelledError; ProblemError as reading and engines do.
 */
export async function directEffects(
  { token, feature, value }: Firings,
  coder: Coder,
  unembedding: Unembedding,
  predicted: Int32Array,
  gain: Float32Array,
  only: readonly number[] | undefined,
  signal: AbortSignal,
): Promise<Float64Array> {
  const effects = new Float64Array(value.length);
  const byFeature = new Map<number, number[]>((only ?? []).map((index) => [index, []]));
  feature.forEach((index, firing) => {
    const known = byFeature.get(index);
    if (known !== undefined) known.push(firing);
    else if (only === undefined) byFeature.set(index, [firing]);
  });
  const wanted = [...byFeature];
  const { tokens, effects: effectsOf } = unembedding;
  const most = Math.max(1, Math.floor(TILE_NUMBERS / tokens));
  for (let first = 0; first < wanted.length; first += most) {
    throwIfCancelled(signal);
    const some = wanted.slice(first, first + most);
    const rows = await writtenRows(
      coder,
      some.map(([index]) => index),
    );
    const scores = await effectsOf(rows);
    for (const [at, [, firings]] of some.entries()) {
      const own = scores.subarray(at * tokens, (at + 1) * tokens);
      const mean = own.reduce((sum, score) => sum + score, 0) / tokens;
      for (const firing of firings) {
        const place = token[firing] as number;
        const score = own[predicted[place] as number] as number;
        effects[firing] = (value[firing] as number) * (gain[place] as number) * (score - mean);
      }
    }
    await breathe();
  }
  return effects;
}
