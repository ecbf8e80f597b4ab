import type { AttachedCoder } from '../dictionary/attach/attached.js';
import type { Dataset } from '../dataset/dataset.js';
import type { Engine } from '../engine/engine.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { Graph } from '../graph/graph.js';
import type { ObservedLayer } from '../graph/layers.js';

/** What an experiment looks at: a network, the inputs that go through it, and the means to run it rewritten. */
export interface ExperimentSubject {
  /** The network as it is run: activations inside `If` branches are values of the main graph. */
  readonly graph: Graph;
  /** Layers whose axes a probe run learned. */
  readonly layers: readonly ObservedLayer[];
  /** Values that the experiment asked for beside them, those that could be observed. */
  readonly watched: readonly ObservedLayer[];
  /** The dictionary that a person attached to the model. */
  readonly dictionary?: AttachedCoder;
  readonly dataset: Dataset;
  /** Examples per forward that memory and the graph allow; a graph that fixes its batch gets padding rows. */
  readonly batchSize: number;
  /** How much worse a changed network may get where that is asked, as a share: 0.01 is 1 %. */
  readonly allowedLossIncrease: number;
  readonly engine: Engine;
  /** 0 = all cores. */
  readonly threads: number;
  /** Encodes a rewritten graph for the engine, weights by reference. */
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  /** "on 200 images", "on 50 random inputs": ends a sentence. */
  onInputs(inputsSeen: number): Promise<string>;
  /** Aborted when the person cancels: an experiment that can say something by then returns it, and that it is not all. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExperimentProgress) => void;
}

export interface ExperimentProgress {
  /** What is being done: "Searching, step 3". */
  readonly phase: string;
  /** Runs of one input through the network. */
  readonly runsDone: number;
  readonly runsPlanned: number;
  readonly secondsLeft?: number;
}
