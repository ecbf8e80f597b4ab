import { throwIfCancelled } from './errors.js';

/** A turn of the event loop, so that messages and cancellation get through: a resolved promise gives none. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Work between two turns of the event loop: far below what a person notices. */
const STRETCH_MILLISECONDS = 20;

/**
 * For long loops: call it often, and await what it returns. It gives way only when the last turn was a while ago.
 * @throws CancelledError once the signal says so.
 */
export function breather(signal?: AbortSignal): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < STRETCH_MILLISECONDS) return undefined;
    throwIfCancelled(signal);
    return breathe().then(() => {
      throwIfCancelled(signal);
      last = performance.now();
    });
  };
}
