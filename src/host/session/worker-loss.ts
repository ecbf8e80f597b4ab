/** Why a compute worker is gone, in words that a person can act on. */
import type { Problem } from '../../core/errors.js';

/** How a worker thread ended although nobody asked it to. */
export type WorkerEnd =
  | { readonly how: 'error'; readonly code?: string; readonly message: string }
  | { readonly how: 'exit'; readonly code: number };

/** What is known of the model that the worker held. */
export interface LoadKnown {
  readonly fileName: string;
  /** Bytes of weights, in the file and beside it; undefined before the model was read. */
  readonly weightBytes?: number;
  readonly native: boolean;
}

const memoryFactor = { native: 1.6, wasm: 3.2 } as const;
const fixedBytes = 500e6;

/** Peak memory of a run, bytes: measured factors over the weights, for activations and the engine itself a fixed part. */
export function estimateRunBytes(weightBytes: number, native: boolean): number {
  return weightBytes * (native ? memoryFactor.native : memoryFactor.wasm) + fixedBytes;
}

const megabytes = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

function isMemory(end: WorkerEnd): boolean {
  if (end.how === 'exit') return false;
  return end.code === 'ERR_WORKER_OUT_OF_MEMORY' || /out of memory|allocation failed|bad_alloc/i.test(end.message);
}

/** The problem to show: what happened, how much memory a run of this model takes, what to do. */
export function workerLossProblem(end: WorkerEnd, known: LoadKnown): Problem {
  const estimate =
    known.weightBytes === undefined
      ? ''
      : ` A run of this model takes about ${megabytes.format(estimateRunBytes(known.weightBytes, known.native) / 1e6)} MB.`;
  if (isMemory(end)) {
    return {
      kind: 'out-of-memory',
      message: `The process that inspects ${known.fileName} ran out of memory.${estimate}`,
      place: known.fileName,
      remedy: 'Reload, then use smaller batches (“batch” in the recipe file) or fewer inputs, or close other programs.',
    };
  }
  const detail = end.how === 'exit' ? `exit code ${end.code}` : end.message;
  return {
    kind: 'internal',
    message: `The process that inspects ${known.fileName} stopped (${detail}).${estimate}`,
    place: known.fileName,
    remedy: 'Reload to start it again. If it stops again, “Show Log” has the details.',
  };
}
