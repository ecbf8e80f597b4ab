/** Starts the compute worker's thread and notices when it dies. */
import { Worker } from 'node:worker_threads';
import type { Problem } from '../../core/errors.js';
import { connect, serve } from '../../protocol/rpc.js';
import { threadChannel } from '../../protocol/thread-channel.js';
import type { WorkerApi, WorkerEvents } from '../../protocol/worker-api.js';
import type { WorkerEnd } from './worker-loss.js';

export interface ComputeWorker {
  readonly api: WorkerApi;
  /** Ends the thread; calls under way are rejected. */
  stop(): Promise<void>;
}

export interface WorkerListener extends WorkerEvents {
  /** The thread is gone although nobody stopped it. Called once, before the calls under way are rejected. */
  lost(end: WorkerEnd): void;
}

export type StartWorker = (listener: WorkerListener) => ComputeWorker;

const closeMilliseconds = 2000;

const stopped: Problem = {
  kind: 'internal',
  message: 'The process that inspects the model stopped.',
  remedy: 'Reload it.',
};

/** @param script absolute path of the bundled worker */
export function startComputeWorker(script: string, listener: WorkerListener): ComputeWorker {
  // The extension host's own flags (inspector, loaders) are not for this thread.
  const worker = new Worker(script, { execArgv: [], stdout: true, stderr: true });
  const channel = threadChannel(worker);
  const client = connect<WorkerApi>(channel);
  serve<WorkerEvents>(
    channel,
    {
      runProgress: (progress) => listener.runProgress(progress),
      fileResultChanged: (result) => listener.fileResultChanged(result),
      log: (line) => listener.log(line),
    },
    (error) => void listener.log({ level: 'error', text: String(error) }),
  );
  for (const [stream, level] of [
    [worker.stdout, 'info'],
    [worker.stderr, 'warning'],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => void listener.log({ level, text: text.trimEnd() }));
  }

  let ended = false;
  const onEnd = (end: WorkerEnd): void => {
    if (ended) return;
    ended = true;
    listener.lost(end);
    client.close(stopped);
  };
  /**
   * The thread ends only after it has let go of the engine: ending it under native code ends the whole process, and a
   * forward cannot be interrupted.
   */
  const letGo = (reason: Problem): Promise<void> =>
    client.api
      .close({})
      .catch(() => undefined)
      .then(async () => {
        client.close(reason);
        await worker.terminate();
      });
  worker.on('error', (error: Error & { code?: string }) =>
    onEnd({ how: 'error', code: error.code, message: error.message }),
  );
  // The thread lives on, but something that it said is lost, perhaps an answer: it is no longer to be relied upon.
  worker.on('messageerror', (error) => {
    if (ended) return;
    ended = true;
    listener.lost({ how: 'error', message: error.message });
    void letGo(stopped);
  });
  worker.on('exit', (code) => onEnd({ how: 'exit', code }));

  return {
    api: client.api,
    async stop() {
      if (ended) return;
      ended = true;
      const closed = letGo({ kind: 'internal', message: 'The model was closed.' });
      // Nobody waits longer than a moment for a forward under way.
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, closeMilliseconds))]);
    },
  };
}
