/**
 * Counts the bit patterns of large tensors in several threads, each of which reads its part of the file by itself. What a
 * thread cannot read, or does not live to read, is counted here: that gives the numbers, or the reason why there are none.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { throwIfCancelled } from '../../core/errors.js';
import type { TensorValues } from '../../core/formats/tensor-file.js';
import { bytesPerStored } from '../../core/tensor/stored-type.js';
import { countPatterns, type CountPatterns } from '../../core/weights/statistics/narrow.js';
import type { CountAnswer, CountQuestion } from './messages.js';

export interface CountingThreads {
  readonly countPatterns: CountPatterns;
  /** Ends the threads; what is asked later is counted without them. */
  close(): Promise<void>;
}

export interface CountingOptions {
  /** At most; 0: one a core. */
  readonly threads?: number;
  /** Tensors of fewer values are counted without threads. */
  readonly fewestValues?: number;
  /** Handed out at once. */
  readonly valuesAtOnce?: number;
}

/** More do not read faster. */
const MOST_THREADS = 8;
/** Below it, the threads' start takes longer than they save. */
const FEWEST_VALUES = 2 ** 24;
/** About 20 milliseconds of work: so long a cancelled question goes on. */
const VALUES_AT_ONCE = 2 ** 24;
/** Threads that nobody asked for this long are ended. */
const IDLE_MILLISECONDS = 10_000;

interface Thread {
  readonly worker: Worker;
  /** Who waits for answers, which come in the order of the questions; undefined once the thread has ended. */
  waiting: ((answer: CountAnswer) => void)[] | undefined;
}

/** @param script the thread's bundle; threads are started with the first large tensor. */
export function countingThreads(
  script: URL,
  { threads = 0, fewestValues = FEWEST_VALUES, valuesAtOnce = VALUES_AT_ONCE }: CountingOptions = {},
): CountingThreads {
  const most = Math.min(MOST_THREADS, threads === 0 ? availableParallelism() : threads);
  let running: readonly Thread[] = [];
  let asking = 0;
  let closed = false;
  let idle: NodeJS.Timeout | undefined;

  const stop = async (): Promise<void> => {
    clearTimeout(idle);
    const stopping = running;
    running = [];
    await Promise.all(stopping.map(({ worker }) => worker.terminate()));
  };
  const livingThreads = (): readonly Thread[] => {
    const living = running.filter(({ waiting }) => waiting !== undefined);
    running = [...living, ...Array.from({ length: most - living.length }, () => startThread(script))];
    return running;
  };

  const inThreads: CountPatterns = async (values, count, task) => {
    const place = most < 2 || closed || count < fewestValues ? undefined : await values.locate?.();
    const bytesPerValue = bytesPerStored(values.type);
    if (place === undefined || (bytesPerValue !== 1 && bytesPerValue !== 2)) return countPatterns(values, count, task);
    const totals = new Float64Array(256 ** bytesPerValue);
    let [next, done] = [0, 0];
    const countPart = async (thread: Thread, start: number): Promise<void> => {
      throwIfCancelled(task.signal);
      const length = Math.min(valuesAtOnce, count - start);
      const offset = place.offset + start * bytesPerValue;
      const found =
        (await ask(thread, { path: place.path, offset, values: length, bytesPerValue })) ??
        (await countPatterns(partOfValues(values, start), length, { signal: task.signal }));
      for (let pattern = 0; pattern < totals.length; pattern++) {
        totals[pattern] = (totals[pattern] as number) + (found[pattern] as number);
      }
      done += length;
      task.onProgress?.(done / count);
    };
    const work = async (thread: Thread): Promise<void> => {
      try {
        while (next < count) {
          const start = next;
          next += valuesAtOnce;
          await countPart(thread, start);
        }
      } finally {
        // The others need not go on where one has failed.
        next = count;
      }
    };
    clearTimeout(idle);
    asking++;
    try {
      throwIfCancelled(task.signal);
      // All of them end before this does: nothing is told of a question that was answered.
      const ends = await Promise.allSettled(livingThreads().map(work));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      throwIfCancelled(task.signal);
      // Threads know nothing of the file that was opened: reading nothing of it says whether it is another by now.
      await values.read(0, 0);
      return totals;
    } finally {
      asking--;
      if (asking === 0) idle = setTimeout(() => void stop(), IDLE_MILLISECONDS).unref();
    }
  };
  return {
    countPatterns: inThreads,
    async close() {
      closed = true;
      await stop();
    },
  };
}

function startThread(script: URL): Thread {
  // Nothing of the environment is of use to it. What it prints is not read: reading would keep the process from ending.
  const worker = new Worker(script, { env: {}, stdout: true, stderr: true });
  const thread: Thread = { worker, waiting: [] };
  worker.on('message', (answer: CountAnswer) => {
    thread.waiting?.shift()?.(answer);
    if (thread.waiting?.length === 0) worker.unref();
  });
  worker.on('error', () => undefined);
  worker.once('exit', () => {
    const waiting = thread.waiting ?? [];
    thread.waiting = undefined;
    for (const answer of waiting) answer(undefined);
  });
  // Last: a listener for messages holds the process again.
  worker.unref();
  return thread;
}

function ask({ worker, waiting }: Thread, question: CountQuestion): Promise<CountAnswer> {
  if (waiting === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    waiting.push(resolve);
    worker.ref();
    worker.postMessage(question);
  });
}

function partOfValues({ type, read }: TensorValues, start: number): TensorValues {
  return { type, read: (first, count) => read(start + first, count) };
}
