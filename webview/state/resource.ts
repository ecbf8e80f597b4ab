/** Data that the page asks for: value, loading and error together. A new question cancels the one before it. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../src/core/errors.js';

export interface Resource<T> {
  readonly value: T | undefined;
  readonly loading: boolean;
  readonly error: Problem | undefined;
  /** Share of a long question that is answered, 0 to 1, as far as it tells. */
  readonly progress: number | undefined;
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
  load: ((signal: AbortSignal, onProgress: (share: number) => void) => Promise<T>) | undefined,
  dependencies: readonly unknown[],
  keep = false,
): Resource<T> {
  const [attempt, setAttempt] = useState(0);
  const [answer, setAnswer] = useState<Answer<T>>({ question: {} });
  const [progress, setProgress] = useState<{ readonly question: object; readonly share: number }>();
  const question = useMemo(() => ({}), [...dependencies, attempt]);
  useEffect(() => {
    if (load === undefined) return undefined;
    const controller = new AbortController();
    const onProgress = (share: number): void => setProgress({ question, share });
    load(controller.signal, onProgress).then(
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
  const none = { value: undefined, loading: false, error: undefined, progress: undefined, retry };
  if (load === undefined) return none;
  if (answer.question === question) return { ...none, value: answer.value, error: answer.error };
  const share = progress?.question === question ? progress.share : undefined;
  return { ...none, value: keep ? answer.value : undefined, loading: true, progress: share };
}
