/** Questions that follow the pointer: at most one is under way, and of those that wait only the newest is asked. */
import { CancelledError } from '../../src/core/errors.js';

export interface Newest<Q> {
  want(question: Q): void;
  /** Cancels what is under way; nothing is answered any more. */
  close(): void;
}

/**
 * Answers come in the order of their questions, each with its question: one that arrives while a newer one waits still
 * belongs to a place that the pointer was at, and a picture that stands still until the pointer rests would not be live.
 */
export function createNewest<Q, A>(
  ask: (question: Q, signal: AbortSignal) => Promise<A>,
  onAnswer: (question: Q, answer: A) => void,
  onError: (error: unknown) => void,
): Newest<Q> {
  const controller = new AbortController();
  let waiting: { readonly question: Q } | undefined;
  let busy = false;

  const next = async (): Promise<void> => {
    if (busy || waiting === undefined || controller.signal.aborted) return;
    const { question } = waiting;
    waiting = undefined;
    busy = true;
    try {
      const answer = await ask(question, controller.signal);
      if (!controller.signal.aborted) onAnswer(question, answer);
    } catch (error) {
      if (!controller.signal.aborted && !(error instanceof CancelledError)) onError(error);
    } finally {
      busy = false;
    }
    await next();
  };

  return {
    want(question) {
      waiting = { question };
      void next();
    },
    close() {
      waiting = undefined;
      controller.abort();
    },
  };
}
