import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { NamedTensors } from '../tensor/tensor.js';

export type EngineName = 'native' | 'wasm';

export interface SessionOptions {
  /** 0 = the engine's default (all cores). */
  readonly threads: number;
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs once. @throws ProblemError `engine-failed`, `out-of-memory` or `invalid-inputs`. */
  run(feeds: NamedTensors): Promise<NamedTensors>;
  release(): Promise<void>;
}

/** Runs ONNX graphs. Adapters differ only in where they run. */
export interface Engine {
  readonly name: EngineName;
  /** Name and version for reports, e.g. "onnxruntime-node 1.30.0". */
  readonly version: string;
  /** @throws ProblemError `unsupported-operator`, `engine-failed`, `out-of-memory` or `missing-external-data`. */
  open(model: RunnableModel, options: SessionOptions): Promise<Session>;
}
