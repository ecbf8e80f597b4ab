/** Long questions: asked when a person says so, kept while the model and its inputs stay the same. */
import { effect } from '@preact/signals';
import { useState } from 'preact/hooks';
import { useResource, type Resource } from '../state/resource.js';
import { openedModel } from '../state/session.js';
import { dataKey } from './data-key.js';

/** Answers hold arrays as large as pictures: a few of them. */
const KEPT = 12;
const kept = new Map<string, unknown>();

effect(() => {
  void openedModel.value;
  void dataKey.value;
  kept.clear();
});

export interface LongAnswer<T> extends Resource<T> {
  readonly start: () => void;
  readonly stop: () => void;
}

/** @param key names the question: another key is another question, which nobody has asked for yet. */
export function useLongAnswer<T>(
  key: string,
  ask: (signal: AbortSignal, onProgress: (share: number) => void) => Promise<T>,
): LongAnswer<T> {
  const [wanted, setWanted] = useState<string>();
  const known = kept.has(key);
  const resource = useResource<T>(
    wanted !== key || known
      ? undefined
      : async (signal, onProgress) => {
          const answer = await ask(signal, onProgress);
          kept.set(key, answer);
          const oldest = kept.keys().next();
          if (kept.size > KEPT && !oldest.done) kept.delete(oldest.value);
          return answer;
        },
    [key, wanted === key],
  );
  return {
    ...resource,
    value: known ? (kept.get(key) as T) : resource.value,
    start: () => setWanted(key),
    stop: () => setWanted(undefined),
  };
}
