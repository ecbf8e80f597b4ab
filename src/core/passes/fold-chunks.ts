import { throwIfCancelled } from '../errors.js';
import type { ObservedBatch } from '../rewrite/observation.js';
import type { Pass } from './pass.js';

/** Inputs per chunk. Fixed, because chunks decide the order of merging and with it the last bits of every sum. */
export const CHUNK_INPUTS = 64;

/** One state per pass, in the order of the passes. */
type States = unknown[];

export interface Folded {
  readonly states: States;
  /** Inputs that were folded: fewer than asked for when cancelled, or when inputs could not be read. */
  readonly inputsSeen: number;
}

/**
 * Folds `inputs` inputs chunk by chunk, each into its own states, and merges the chunks along a fixed binary tree: two
 * neighbours of equal size merge as soon as both exist. One machine and any number of shards that split on chunk
 * boundaries therefore add the same numbers in the same order. Of what adds up in any order they may share the first one's
 * memory, so that those which wait hold little: there are more of them the more inputs there are.
 *
 * Cancelling keeps what was folded so far.
 * @param start gives a pass an empty state, told that of the first chunk.
 * @param observe runs inputs [start, end) and gives what the passes asked for, in one batch or several, in order; none
 *   where no input could be read.
 */
export async function foldChunks(
  passes: readonly Pass<unknown>[],
  start: (pass: Pass<unknown>, first?: unknown) => unknown,
  inputs: number,
  batchSize: number,
  observe: (start: number, end: number) => AsyncIterable<ObservedBatch>,
  onBatch: (inputsDone: number) => void,
  signal?: AbortSignal,
): Promise<Folded> {
  const tree: { size: number; states: States }[] = [];
  const mergeLast = (): void => {
    const right = tree.pop();
    const left = tree.at(-1);
    if (left === undefined || right === undefined) return;
    passes.forEach((pass, index) => pass.merge(left.states[index], right.states[index]));
    left.size += right.size;
  };
  let inputsSeen = 0;
  for (let chunk = 0; chunk < inputs && !signal?.aborted; chunk += CHUNK_INPUTS) {
    const first = tree[0]?.states;
    const states: States = passes.map((pass, index) => start(pass, first?.[index]));
    const chunkEnd = Math.min(inputs, chunk + CHUNK_INPUTS);
    for (let from = chunk; from < chunkEnd && !signal?.aborted; from += batchSize) {
      const end = Math.min(chunkEnd, from + batchSize);
      for await (const batch of observe(from, end)) {
        passes.forEach((pass, index) => pass.fold(states[index], batch));
        inputsSeen += batch.indices.length;
      }
      onBatch(end);
    }
    tree.push({ size: 1, states });
    while (tree.length > 1 && tree.at(-1)?.size === tree.at(-2)?.size) mergeLast();
  }
  while (tree.length > 1) mergeLast();
  const states = tree[0]?.states;
  if (states === undefined || inputsSeen === 0) throwIfCancelled(signal);
  return { states: states ?? passes.map((pass) => start(pass)), inputsSeen };
}
