import type { Attachment } from '../dictionary/attach/attached.js';
import type { InputRange } from '../dataset/input-ranges.js';
import type { Engine } from '../engine/engine.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import type { Graph } from '../graph/graph.js';
import type { BrokenWeights } from '../graph/scan-weights.js';
import type { ObservedLayer, ActivationLayer } from '../graph/layers.js';
import type { ConcreteShapes } from '../rewrite/infer-shapes.js';
import type { Observation, ObservedBatch } from '../rewrite/observation.js';
import type { TensorStatistics } from '../weights/statistics.js';
import type { MatrixProduct } from '../weights/singular-values/matrix-product.js';
import type { PassResult } from './result.js';
import type { UnitWeights } from './unit-weights.js';

export type Applicability =
  | { readonly applies: true }
  /** Why not, one sentence, shown in the interface. */
  | { readonly applies: false; readonly reason: string };

/** What every question says of itself. */
export interface Question {
  /** Unique, stable: "zero-sparsity". */
  readonly id: string;
  /** Raised when the meaning of its numbers changes: cached results of another version are not shown. */
  readonly version: number;
  readonly title: string;
  /** One plain sentence that a person would ask. */
  readonly question: string;
  /** How it is computed, for the page's "How this is computed": a few sentences with the source. */
  readonly method: string;
}

/** What is known of a model before a run. */
export interface ModelFacts {
  /** The graph that runs: values are named as here. */
  readonly graph: Graph;
  readonly layers: readonly ActivationLayer[];
  /** The dictionary that a person attached to the model. */
  readonly dictionary?: Attachment;
  /** Why the model cannot run at all, if so. */
  readonly cannotRun?: string;
}

/**
 * A value that one pass looks at beside the activation layers: a point of the residual stream, what goes into a
 * non-linearity, the end of a branch. It is observed in the same run, and no other pass, table or heatmap hears of it.
 */
export interface WatchedValue {
  /** ONNX value name, in the main graph. */
  readonly value: string;
  /** Short name for a person: "blocks.3 residual stream". */
  readonly label: string;
}

/** What may look at more than the activation layers. */
export interface Watcher extends Pick<Question, 'id'> {
  /** Values that it wants beside the activation layers; asked before every run of the pass. */
  watches?(model: ModelFacts): readonly WatchedValue[];
}

/** What is known when results are made. */
export interface RunFacts {
  /** The graph that ran. */
  readonly graph: Graph;
  readonly layers: readonly ObservedLayer[];
  readonly inputsSeen: number;
  /** "on 200 images", "on 50 random inputs": ends a sentence. */
  readonly onInputs: string;
  readonly synthetic: boolean;
  /** Weight tensors that hold NaN or infinity. */
  readonly brokenWeights: readonly BrokenWeights[];
  /** What the weights say of the units, where a pass `readsWeights`. */
  readonly unitWeights?: UnitWeights;
  /** Products of matrices by the engine, where there is one. */
  readonly multiply?: MatrixProduct;
  /** Set when the run was cancelled, also before its results were made: what takes long is then left out. */
  readonly signal?: AbortSignal;
}

/**
 * A question about a model and how data answers it. One folder per pass, one line in registry.ts.
 * `fold` sees each batch once; `merge` is associative and commutative, so that chunks can be folded apart.
 */
export interface Pass<State> extends Question, Watcher {
  applies(model: ModelFacts): Applicability;
  /** @param watched what `watches` named, without what could not be observed; axes learned as those of layers. */
  plan(layers: readonly ObservedLayer[], watched?: readonly ObservedLayer[]): readonly Observation[];
  /**
   * @param inputs that the run will take, as far as it is not cancelled and all can be read.
   * @param first the state of the run's first inputs, where there is one: what is the same in whatever order it is added up
   *   may go straight into its memory, so that states that wait to be merged are small, however many inputs a run has.
   *   `merge` adds nothing for what two states share.
   */
  start(layers: readonly ObservedLayer[], watched?: readonly ObservedLayer[], inputs?: number, first?: State): State;
  fold(state: State, batch: ObservedBatch): void;
  /** Adds `other` into `state`. */
  merge(state: State, other: State): void;
  /** What takes long, computed into the state before `finish`. @throws CancelledError. */
  settle?(state: State, facts: RunFacts): Promise<void>;
  finish(state: State, facts: RunFacts): PassResult;
  /** Whether its results want to know of the weights around its units. */
  readonly readsWeights?: boolean;
  /** Whether it tells tokens by their text. */
  readonly readsTokens?: boolean;
  /** Whether inputs of N(0, 1) noise are a control of it: where its numbers are about the network rather than the data. */
  readonly comparesNoise?: boolean;
}

/** What a pass over the file alone may look at. */
export interface FileSubject {
  readonly tensors: readonly WeightTensor[];
  /** Absent where the file holds weights only. */
  readonly network?: NetworkSubject;
  /** Statistics of a tensor, by its index: read once, however many passes ask. Undefined where it has no numbers. */
  statistics(tensor: number): Promise<TensorStatistics | undefined>;
  readonly signal: AbortSignal;
}

export interface NetworkSubject {
  readonly graph: Graph;
  readonly layers: readonly ActivationLayer[];
  /** Index of the tensor that a value of the main graph is (an initializer or a large constant). */
  tensorOf(value: string): number | undefined;
  /** Sizes chosen for the graph's open dimensions. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Shapes of the main graph's values at these sizes, as far as they can be told. @throws CancelledError */
  shapes(signal: AbortSignal): Promise<ConcreteShapes>;
  /** Runs small graphs of a pass's own making: proofs that two ways of computing agree. */
  readonly engine: Engine;
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  /** Everything that inputs can be, as far as their preparation or the person says, and how often it may be cut in two. */
  readonly box: { readonly ranges: Readonly<Record<string, InputRange>>; readonly splits: number };
}

/**
 * A question that the file alone answers: its structure, or its weights. No input is run. Those that read no weights are
 * answered as soon as a model is open.
 */
export interface FilePass extends Question {
  readonly reads: 'structure' | 'weights';
  applies(file: Pick<FileSubject, 'tensors'> & { readonly graph?: Graph }): Applicability;
  /** @throws CancelledError when the signal was aborted. */
  examine(subject: FileSubject): Promise<PassResult>;
}

/** The dictionary that is attached; how much worse a changed network may get. */
export type RestsOn = 'dictionary' | 'allowed-loss-increase';

/**
 * A question that inputs answer by going through changed copies of the network again and again: what could be skipped,
 * what happens when a unit is held still. It takes as long as many runs, so it is started by name and never unasked.
 */
export interface Experiment extends Question, Watcher {
  /** How often each input goes through the network, about: what a person is told before starting it. */
  readonly runsPerInput: number;
  /** What the answer means something for besides the model and its inputs: with another one it means nothing. */
  readonly restsOn?: RestsOn;
  applies(model: ModelFacts): Applicability;
  /**
   * @param subject with what `watches` named, as far as it could be observed.
   * @returns the answer; where the person cancelled and something can be said, that, with `incomplete` set.
   * @throws CancelledError where nothing can be said yet; ProblemError when the network cannot be run so.
   */
  examine(subject: ExperimentSubject): Promise<PassResult>;
}
