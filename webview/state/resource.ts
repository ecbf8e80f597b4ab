/** Data that the page asks for: value, loading and error together. A new question cancels the one before it. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../src/core/errors.js';

export interface Resource<T> {
  readonly value: T | undefined;
  readonly loading: boolean;
  readonly error: Problem | undefined;
  /** Asks again after an error. */
  readonly retry: () => void;
}

interface Answer<T> {
  readonly question: object;
  readonly value?: T;
  readonly error?: Problem;
}

/**
 * Asks when `dependencies` change; aborts the earlier question and drops its late answer.
 *
 * @param load asks; undefined when there is nothing to ask
 * @param keep shows the earlier value while the new one is under way (for pictures that would flicker)
 */
export function useResource<T>(
  load: ((signal: AbortSignal) => Promise<T>) | undefined,
  dependencies: readonly unknown[],
  keep = false,
): Resource<T> {
  const [attempt, setAttempt] = useState(0);
  const [answer, setAnswer] = useState<Answer<T>>({ question: {} });
  const question = useMemo(() => ({}), [...dependencies, attempt]);
  useEffect(() => {
    if (load === undefined) return undefined;
    const controller = new AbortController();
    load(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setAnswer({ question, value });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setAnswer({ question, error: asProblem(error) });
      },
    );
    return () => controller.abort();
  }, [question]);
  const retry = (): void => setAttempt((count) => count + 1);
  if (load === undefined) return { value: undefined, loading: false, error: undefined, retry };
  if (answer.question === question) return { value: answer.value, loading: false, error: answer.error, retry };
  return { value: keep ? answer.value : undefined, loading: true, error: undefined, retry };
}
