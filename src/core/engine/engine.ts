import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { NamedTensors } from '../tensor/tensor.js';

export type EngineName = 'native' | 'wasm';

export interface SessionOptions {
  /** 0 = the engine's default (all cores). */
  readonly threads: number;
  /**
   * How far the engine may rewrite the graph: `all` (the default) for runs, `folding` computes what follows from
   * constants and known shapes as long as it is small, `none` takes the graph as it is.
   */
  readonly optimization?: 'all' | 'folding' | 'none';
  /**
   * Whether the engine plans which values may lie in the memory of others (the default), which takes it time with the
   * square of the number of nodes: of 8,000 small ones 13 seconds, where the graph is open in one without.
   */
  readonly sharesMemory?: boolean;
}

/** What the engine knows of an output before anything runs. */
export interface OutputType {
  readonly name: string;
  /** "float32"; undefined where the output is no tensor. */
  readonly type: string | undefined;
  /** Sizes; a name where an input's open dimension has it, "?" where it is unknown. Empty also where the rank is. */
  readonly shape: readonly (number | string)[];
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly outputTypes: readonly OutputType[];
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
