/** What passes over the file alone found. */
import { CancelledError } from '../core/errors.js';
import { examineFile } from '../core/passes/examine.js';
import type { FilePass, NetworkSubject } from '../core/passes/pass.js';
import { filePasses as registry } from '../core/passes/registry.js';
import type { FileResult, PassResult } from '../core/passes/result.js';
import { cacheKey, type ResultCache } from '../node/result-cache.js';
import type { WorkerEvents } from '../protocol/worker-api.js';
import type { ModelFile } from './open-model.js';
import type { TensorReader } from './tensor-reader.js';

export interface FileExamination {
  result(): FileResult | undefined;
  /** Shows what an earlier examination found, if there was one. */
  showCached(): Promise<void>;
  /** @returns what is known afterwards. @throws CancelledError when cancelled before any pass had answered. */
  run(wanted: readonly FilePass[], signal: AbortSignal): Promise<FileResult>;
}

export interface FileExaminationOptions {
  readonly file: ModelFile;
  /** Absent where the file holds weights only. */
  readonly network?: (sizes: Readonly<Record<string, number>>) => NetworkSubject;
  /** Sizes of the graph's open dimensions, on which operations and memory rest. */
  readonly sizes: () => Promise<Readonly<Record<string, number>>>;
  readonly reader: TensorReader;
  readonly cache: ResultCache | undefined;
  readonly events: WorkerEvents;
}

/** Bumped when something outside the passes changes the meaning of cached numbers. */
const CACHE_VERSION = 'file results 1';

export function createFileExamination(options: FileExaminationOptions): FileExamination {
  const { file, network, sizes, reader, cache, events } = options;
  let known: { readonly key: string; readonly result: FileResult } | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const keyFor = (chosen: Readonly<Record<string, number>>): string =>
    cacheKey([
      CACHE_VERSION,
      file.identity,
      JSON.stringify(chosen),
      ...registry.map(({ id, version }) => `${id} ${version}`),
    ]);

  return {
    result: () => known?.result,
    async showCached() {
      const key = keyFor(await sizes());
      const result = await cache?.load<FileResult>(key);
      if (result !== undefined) known = { key, result };
    },
    run(wanted, signal) {
      // One examination at a time: each adds to what the one before it found.
      const examined = queue.then(() => examine(wanted, signal));
      queue = examined.catch(() => undefined);
      return examined;
    },
  };

  async function examine(wanted: readonly FilePass[], signal: AbortSignal): Promise<FileResult> {
    const chosen = await sizes();
    const key = keyFor(chosen);
    const earlier = known?.key === key ? known.result.passes : [];
    const started = performance.now();
    const fresh: PassResult[] = [];
    await file.assertUnchanged();
    const statistics = reader.during(
      signal,
      (done, planned) => void events.runProgress({ phase: 'Reading weights', unit: 'bytes', done, planned }),
    );
    try {
      await examineFile(
        wanted,
        {
          tensors: file.weights.tensors,
          ...(network === undefined ? {} : { network: network(chosen) }),
          statistics,
          signal,
        },
        (answer) => fresh.push(answer),
      );
    } catch (error) {
      // What was answered before a cancellation stands.
      if (!(error instanceof CancelledError) || fresh.length === 0) throw error;
    }
    await file.assertUnchanged();
    const redone = new Set(fresh.map(({ pass }) => pass));
    const result: FileResult = {
      // In the registry's order, whichever was asked first.
      passes: registry.flatMap(({ id }) =>
        [...fresh, ...earlier.filter(({ pass }) => !redone.has(pass))].filter(({ pass }) => pass === id),
      ),
      sizes: chosen,
      seconds: (performance.now() - started) / 1000,
      finished: new Date().toISOString(),
    };
    known = { key, result };
    await cache?.store(key, result);
    return result;
  }
}
