/** Types and shapes of values as they become known: what the file states at once, what the engine infers a little later. */
import { CancelledError } from '../core/errors.js';
import type { ScopePath } from '../core/graph/item-ids.js';
import { scopeId } from '../core/graph/item-ids.js';
import type { ValueType } from '../core/graph/value-type.js';
import type { InferredShapes } from '../core/rewrite/infer-shapes.js';

export interface ValueTypes {
  /** What the engine inferred of a graph's values so far; undefined until it has, and then the file's word stands. */
  typeOf(path: ScopePath): ((value: string) => ValueType | undefined) | undefined;
  /** Ends when the engine has inferred what it can of a graph; begins that where nobody has. @throws CancelledError */
  inferred(path: ScopePath, signal?: AbortSignal): Promise<void>;
}

/** @param shapes begins the inference when first called. */
export function createValueTypes(shapes: () => Promise<InferredShapes>): ValueTypes {
  const known = new Map<string, InferredShapes>();
  return {
    typeOf: (path) => known.get(scopeId(path))?.typeOf,
    async inferred(path, signal) {
      const id = scopeId(path);
      if (known.has(id)) return;
      const inferring = shapes().then(async (main) => main.inside(path, signal));
      known.set(id, await untilCancelled(inferring, signal));
    },
  };
}

/** Others may wait for the same work: a cancelled question leaves it going. */
async function untilCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => undefined);
  let leave = (): void => undefined;
  const cancelled = new Promise<never>((_, reject) => {
    leave = () => reject(new CancelledError());
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
