/** Questions that are answered one after the other: what one holds open, none lets go of under another. */
import { throwIfCancelled } from '../core/errors.js';

export interface Turns {
  /** @param signal cancels while it waits, too. @returns what is told to whoever keeps the engine open. */
  take<T>(signal: AbortSignal | undefined, answer: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** After all that was asked before. */
  last(work: () => Promise<void>): Promise<void>;
  /** Cancels what is under way and what waits. */
  stop(): void;
}

/** @param track told of every question. */
export function createTurns(track: <T>(work: Promise<T>) => Promise<T>): Turns {
  const stopping = new AbortController();
  let queue: Promise<unknown> = Promise.resolve();
  return {
    take(signal, answer) {
      const either = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
      const work = queue.then(() => {
        throwIfCancelled(either);
        return answer(either);
      });
      queue = work.catch(() => undefined);
      return track(work);
    },
    last: (work) => (queue = queue.then(work)) as Promise<void>,
    stop: () => stopping.abort(),
  };
}
