/** Texts around examples where a preview has but the first tokens of a long text, or the tokens of something else. */
import { expect, it } from 'vitest';
import { PREVIEWED_TOKENS, type Dataset } from '../../../src/core/dataset/dataset.js';
import { excerptsOf, tokensAt } from '../../../src/core/features/excerpts.js';

const sequence = { kind: 'sequence' } as const;

/** One text, of whose tokens a preview has so many. */
function textOf(previewed: number): Dataset {
  const tokens = Array.from({ length: previewed }, (_, at) => `t${at}`);
  const preview: Dataset['preview'] = () => Promise.resolve({ kind: 'tokens', name: 'long', tokens, ids: [] });
  return { size: 1, preview } as unknown as Dataset;
}
const LONG = PREVIEWED_TOKENS + 100;

it('tokens that a preview leaves out are told by their number, all others by their text', async () => {
  const at = Int32Array.of(3, LONG - 1, -1);
  const texts = await tokensAt(textOf(PREVIEWED_TOKENS), at, LONG, sequence);
  expect(texts).toEqual(['t3', `[token ${LONG}]`, '']);
});

it('places past all tokens of a short text are not of its tokens', async () => {
  expect(await tokensAt(textOf(10), Int32Array.of(3, 12), LONG, sequence)).toBeUndefined();
});

it('an example shows the text around it where a preview has it, else all activations', async () => {
  const places = [100, LONG - 1].map((position) => ({ input: 0, position }));
  const activations = (): Promise<Float32Array> => Promise.resolve(new Float32Array(LONG));
  const [within, behind] = await excerptsOf(textOf(PREVIEWED_TOKENS), places, sequence, activations);
  expect(within?.tokens?.[within.at]).toBe('t100');
  expect(behind).toMatchObject({ at: LONG - 1 });
  expect(behind).not.toHaveProperty('tokens');
  const [other] = await excerptsOf(textOf(10), [{ input: 0, position: 3 }], sequence, activations);
  expect(other).not.toHaveProperty('tokens');
});
