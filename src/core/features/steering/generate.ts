/** Continues a text token by token, greedily or by seeded sampling. */
import { breathe } from '../../breathe.js';
import { randomStream } from '../../dataset/random.js';
import { throwIfCancelled } from '../../errors.js';
import { largest, sampled } from './distribution.js';

export interface ContinuationOptions {
  /** Tokens at most. */
  readonly tokens: number;
  /** 0: always the most probable token; else probabilities are softmax(scores / temperature). */
  readonly temperature: number;
  /** Of the sampling: step t draws the same number in every continuation with this seed. */
  readonly seed: number;
}

export interface Continuation {
  readonly ids: readonly number[];
  /** Why it is shorter than asked for. */
  readonly stopped?: 'end of text' | 'context full';
}

export const MOST_CONTINUED = 256;

/**
 * @param next scores of what follows these ids; undefined where the network takes no more of them.
 * @param end a token after which nothing more is written; it is part of what is returned.
 * @throws CancelledError between two tokens, and what `next` throws.
 */
export async function continueText(
  prompt: readonly number[],
  next: (ids: readonly number[]) => Promise<Float32Array | undefined>,
  { tokens, temperature, seed }: ContinuationOptions,
  { end, signal, onToken }: { readonly end?: number; readonly signal: AbortSignal; readonly onToken: () => void },
): Promise<Continuation> {
  const ids: number[] = [];
  for (let step = 0; step < tokens; step++) {
    throwIfCancelled(signal);
    const scores = await next([...prompt, ...ids]);
    if (scores === undefined) return { ids, stopped: 'context full' };
    const id =
      temperature === 0 ? largest(scores) : sampled(scores, temperature, randomStream(seed, 'continuation', step)());
    ids.push(id);
    onToken();
    if (id === end) return { ids, stopped: 'end of text' };
    await breathe();
  }
  return { ids };
}
