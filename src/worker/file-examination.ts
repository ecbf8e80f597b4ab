/** What passes over the file alone found, and the statistics of tensors that they share with whoever looks at one. */
import type { Engine } from '../core/engine/engine.js';
import { CancelledError } from '../core/errors.js';
import { examineFile } from '../core/passes/examine.js';
import type { FilePass, FileSubject, NetworkSubject } from '../core/passes/pass.js';
import { filePasses as registry } from '../core/passes/registry.js';
import type { FileResult, PassResult } from '../core/passes/result.js';
import { cacheKey, type ResultCache } from '../node/result-cache.js';
import type { WorkerEvents } from '../protocol/worker-api.js';
import type { ModelFile } from './open-model.js';
import { summarizeFile } from './results.js';
import type { TensorReader } from './tensor-reader.js';

export interface FileExamination {
  result(): FileResult | undefined;
  /** Reads what an earlier examination found. */
  loadCached(): Promise<void>;
  /** Answers what follows from the structure alone, and tells of it. Never rejects. */
  examineStructure(): Promise<void>;
  /** @returns what is known afterwards. @throws CancelledError when cancelled before any of the passes had answered. */
  run(wanted: readonly FilePass[], signal: AbortSignal): Promise<FileResult>;
  stop(): void;
}

export interface FileExaminationOptions {
  readonly file: ModelFile;
  /** Absent where the file holds weights only. */
  readonly network?: NetworkSubject;
  /** Sizes of the graph's open dimensions, on which operations and memory rest. */
  readonly sizes: () => Readonly<Record<string, number>>;
  readonly tensors: TensorReader;
  readonly cache: ResultCache | undefined;
  readonly events: WorkerEvents;
}

/** Bumped when something outside the passes changes the meaning of cached numbers. */
const CACHE_VERSION = 'file results 1';

export function createFileExamination(options: FileExaminationOptions): FileExamination {
  const { file, network, sizes, tensors, cache, events } = options;
  const stopping = new AbortController();
  let known: FileResult | undefined;

  const key = (): string =>
    cacheKey([
      CACHE_VERSION,
      file.identity,
      JSON.stringify(sizes()),
      ...registry.map(({ id, version }) => `${id} ${version}`),
    ]);
