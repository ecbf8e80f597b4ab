import { useEffect, useMemo, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../src/core/errors.js';
import { createNewest } from './newest.js';

export interface Followed<Q, A> {
  readonly answer: { readonly question: Q; readonly answer: A } | undefined;
  readonly error: Problem | undefined;
  readonly busy: boolean;
  readonly want: (question: Q) => void;
}

/** The newest answer to questions that follow the pointer; everything is forgotten when `dependencies` change. */
export function useNewest<Q, A>(
  ask: (question: Q, signal: AbortSignal) => Promise<A>,
  dependencies: readonly unknown[],
): Followed<Q, A> {
  const [state, setState] = useState<{
    readonly of?: object;
    readonly asked?: Q;
    readonly answer?: { readonly question: Q; readonly answer: A };
    readonly error?: Problem;
  }>({});
  const newest = useMemo(() => {
    const of = {};
    const queue = createNewest<Q, A>(
      ask,
      (question, answer) =>
        setState((before) => ({
          of,
          asked: before.of === of ? before.asked : undefined,
          answer: { question, answer },
        })),
      (error) => setState((before) => ({ ...(before.of === of ? before : {}), of, error: asProblem(error) })),
    );
    return { of, queue };
  }, dependencies);
  useEffect(() => () => newest.queue.close(), [newest]);
  const current = state.of === newest.of ? state : {};
  return {
    answer: current.answer,
    error: current.error,
    busy: current.asked !== undefined && current.asked !== current.answer?.question && current.error === undefined,
    want: (question) => {
      setState((before) => ({
        of: newest.of,
        asked: question,
        answer: before.of === newest.of ? before.answer : undefined,
      }));
      newest.queue.want(question);
    },
  };
}
