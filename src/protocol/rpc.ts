/**
 * One way to call across threads and frames: an interface of async methods on each side. A call ends with a value,
 * a Problem or a cancellation, never silently. Binary payloads are typed arrays with exactly-sized buffers.
 */
import { asProblem, CancelledError, ProblemError, type Problem } from '../core/errors.js';

const PROGRESS_MILLISECONDS = 100;

/** How much of a long question is answered, from 0 to 1. */
export type OnProgress = (share: number) => void;

/** Methods take one plain-data argument and, in the callee, an abort signal and somebody to tell of progress. */
export type Api<T> = {
  [K in keyof T]: (argument: never, signal?: AbortSignal, onProgress?: OnProgress) => Promise<unknown>;
};

export type RpcMessage =
  | { readonly type: 'call'; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly share: number }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly problem: Problem | 'cancelled' };

/** A message channel: MessagePort, worker, webview. */
export interface Channel {
  send(message: RpcMessage): void;
  /** @returns a function that stops listening. */
  listen(handler: (message: RpcMessage) => void): () => void;
}

export interface Client<T extends Api<T>> {
  readonly api: T;
  /** Rejects every call under way with `reason`: the other side is gone. */
  close(reason: Problem): void;
}

interface Pending {
  readonly onProgress: OnProgress | undefined;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Calls the other side's methods. Aborting the signal passes a cancellation on and rejects at once; an argument that the
 * channel refuses rejects with what the channel threw.
 */
export function connect<T extends Api<T>>(channel: Channel): Client<T> {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let closed: Problem | undefined;
  const stop = channel.listen((message) => {
    if (message.type === 'progress') pending.get(message.id)?.onProgress?.(message.share);
    if (message.type !== 'result' && message.type !== 'error') return;
    const call = pending.get(message.id);
    if (call === undefined) return;
    pending.delete(message.id);
    if (message.type === 'result') call.resolve(message.value);
    else call.reject(message.problem === 'cancelled' ? new CancelledError() : new ProblemError(message.problem));
  });
  const invoke = (method: string, argument: unknown, signal?: AbortSignal, onProgress?: OnProgress): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (closed !== undefined) return reject(new ProblemError(closed));
      if (signal?.aborted) return reject(new CancelledError());
      const id = nextId++;
      const onAbort = (): void => {
        pending.delete(id);
        channel.send({ type: 'cancel', id });
        reject(new CancelledError());
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const settled = (): void => signal?.removeEventListener('abort', onAbort);
      pending.set(id, {
        onProgress,
        resolve: (value) => (settled(), resolve(value)),
        reject: (error) => (settled(), reject(error)),
      });
      try {
        channel.send({ type: 'call', id, method, argument });
      } catch (error) {
        // An argument that cannot be copied: nobody will ever answer.
        pending.get(id)?.reject(error instanceof Error ? error : new Error(String(error)));
        pending.delete(id);
      }
    });
  const api = new Proxy({} as T, {
    get: (_target, method) =>
      typeof method === 'string' && method !== 'then'
        ? (argument: unknown, signal?: AbortSignal, onProgress?: OnProgress) =>
            invoke(method, argument, signal, onProgress)
        : undefined,
  });
  return {
    api,
    close(reason) {
      closed = reason;
      stop();
      for (const call of pending.values()) call.reject(new ProblemError(reason));
      pending.clear();
    },
  };
}

/**
 * Answers calls with the methods of `implementation`.
 *
 * @param onDefect hears of everything thrown that is neither a problem nor a cancellation
 * @returns a function that stops serving
 */
export function serve<T extends Api<T>>(
  channel: Channel,
  implementation: T,
  onDefect: (error: unknown) => void,
): () => void {
  const running = new Map<number, AbortController>();
  return channel.listen((message) => {
    if (message.type === 'cancel') running.get(message.id)?.abort();
    if (message.type !== 'call') return;
    const { id } = message;
    const controller = new AbortController();
    running.set(id, controller);
    const onProgress = progressSender(channel, id);
    void answer(implementation, message.method, message.argument, controller.signal, onProgress)
      // A value that cannot be copied is a defect like any other: the caller is told.
      .then((value) => channel.send({ type: 'result', id, value }))
      .catch((error: unknown) => {
        if (error instanceof CancelledError) return channel.send({ type: 'error', id, problem: 'cancelled' });
        if (!(error instanceof ProblemError)) onDefect(error);
        channel.send({ type: 'error', id, problem: asProblem(error) });
      })
      // Not even an error goes through: the channel is gone, and so is whoever waits.
      .catch(onDefect)
      .finally(() => running.delete(id));
  });
}

async function answer<T extends Api<T>>(
  implementation: T,
  method: string,
  argument: unknown,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<unknown> {
  if (!Object.hasOwn(implementation, method)) throw new Error(`No such method: ${method}`);
  const call = implementation[method as keyof T] as unknown as (
    argument: unknown,
    signal: AbortSignal,
    onProgress: OnProgress,
  ) => Promise<unknown>;
  return call(argument, signal, onProgress);
}

/** Says how far a call is, at most so often that nobody drowns in messages. */
function progressSender(channel: Channel, id: number): OnProgress {
  let said = -Infinity;
  return (share) => {
    const now = performance.now();
    if (now - said < PROGRESS_MILLISECONDS) return;
    said = now;
    channel.send({ type: 'progress', id, share });
  };
}
