/** What the host and the command line ask of the compute worker. One worker inspects one model. */
import type { EngineName } from '../core/engine/engine.js';
import type { Recipe } from '../core/dataset/recipe.js';
import type { AttributionQuestions } from './attribution.js';
import type { CircuitQuestions, TranscoderSet, TranscoderSetDescription } from './circuits.js';
import type { Answers, AttachedDescription, DictionaryQuestions } from './dictionary.js';
import type { FeatureListQuestions } from './feature-lists.js';
import type { FeatureQuestions } from './features.js';
import type { GraphQuestions } from './graph-questions.js';
import type { LinearQuestions } from './linear.js';
import type { PruningQuestions } from './pruning.js';
import type { SourceTokenQuestions } from './source-tokens.js';
import type { SteeringQuestions } from './steering.js';
import type { TensorQuestions } from './weights.js';
import type { GraphNodeDetail, GraphPicture, ModelOverview, OutlineEntry, PassDescription } from './model.js';
import type {
  ExampleDetail,
  FileResultSummary,
  HistogramView,
  InputsDescription,
  MatrixTile,
  PositionMapView,
  ResultSummary,
  RunAnswer,
  RunProgress,
  RunRequest,
  UnitDetail,
  UnitMetricValues,
} from './inspection.js';

export interface WorkerSettings {
  readonly engine: EngineName | 'automatic';
  /** 0: as many as there are cores. */
  readonly threads: number;
  /** Inputs that a run uses at most, where the recipe does not say. */
  readonly defaultInputs: number;
  /** Inputs that a run uses at most, whatever the recipe says. */
  readonly limit?: number;
  /** How much worse a network may get where neurons are skipped, as a share; where absent, 0.01. */
  readonly allowedLossIncrease?: number;
  /** Folder of cached results; undefined: no cache. */
  readonly cacheFolder?: string;
  readonly cacheMegabytes: number;
}

/** Name of an open dimension ("batch") → its size. */
export type OpenSizes = Readonly<Record<string, number>>;

export interface OpenRequest {
  /** Absolute path of the model file. */
  readonly path: string;
  readonly settings: WorkerSettings;
  /** Inputs that the person chose earlier for this model; they win over the file beside it. */
  readonly recipe?: Recipe;
  /** Sizes that the person chose earlier for open dimensions of this model. */
  readonly sizes?: OpenSizes;
  /** The dictionary that the person attached to this model: absolute path of its file, and what they said of it. */
  readonly dictionary?: { readonly path: string; readonly answers: Answers };
  /** The transcoders that the person attached to this model, one for each layer. */
  readonly transcoders?: TranscoderSet;
  /** Which paths the recipe file beside the model may name: those of somebody who is not trusted stay in its folder. */
  readonly recipePaths: 'anywhere' | 'model-folder';
}

export interface OpenedModel {
  readonly overview: ModelOverview;
  readonly outline: readonly OutlineEntry[];
  readonly passes: readonly PassDescription[];
  /** The dictionary that is attached to the model. */
  readonly dictionary?: AttachedDescription;
  /** The transcoders that are attached to it, and what could not be placed. */
  readonly transcoders?: TranscoderSetDescription;
  /** Absent where the file holds weights only: there is nothing to run inputs through. */
  readonly inputs?: InputsDescription;
  /** From the cache, when this file, recipe and pass versions were run before. */
  readonly result?: ResultSummary;
  /** From the cache; what follows from the structure alone is told soon after opening. */
  readonly fileResult?: FileResultSummary;
  /** Engine that runs will use, as shown: "onnxruntime-node 1.30.0 (native)". */
  readonly engine?: string;
}

export interface WorkerApi
  extends
    TensorQuestions,
    GraphQuestions,
    LinearQuestions,
    AttributionQuestions,
    DictionaryQuestions,
    FeatureQuestions,
    FeatureListQuestions,
    SteeringQuestions,
    SourceTokenQuestions,
    CircuitQuestions,
    PruningQuestions {
  open(request: OpenRequest, signal?: AbortSignal): Promise<OpenedModel>;
  /**
   * The graph, or the body of a scope, with these modules open; with none named, those that make a good first picture.
   */
  graph(
    request: { readonly expanded?: readonly string[]; readonly scope?: string },
    signal?: AbortSignal,
  ): Promise<GraphPicture>;
  /** Ends when the types and shapes of all values are inferred: pictures then tell them. Asked when nothing else waits. */
  typesInferred(request: { readonly scope?: string }, signal?: AbortSignal): Promise<void>;
  /** Modules that must be open for an item, or the node of a layer, to be in sight. */
  modulesAround(
    request: { readonly item?: string; readonly layer?: string },
    signal?: AbortSignal,
  ): Promise<readonly string[]>;
  node(request: { readonly id: string }, signal?: AbortSignal): Promise<GraphNodeDetail>;
  /**
   * Applies a recipe (not yet saved to disk); with none, goes back to the file beside the model or the guess.
   * With the result of an earlier run on these inputs, if there is one.
   */
  setInputs(
    request: { readonly recipe?: Recipe },
    signal?: AbortSignal,
  ): Promise<{ readonly inputs: InputsDescription; readonly result?: ResultSummary }>;
  /**
   * Sizes for open dimensions of the graph, on which operations and memory rest; those not named are the first input's.
   * What follows from the structure is answered again.
   */
  setSizes(request: { readonly sizes: OpenSizes }, signal?: AbortSignal): Promise<FileResultSummary>;
  /**
   * Best recipe for a file or folder that a person chose as the model's inputs.
   * @param request.tokenizer for a text: the tokenizer file, where it does not lie beside the model or the text.
   */
  recipeFor(
    request: { readonly path: string; readonly input?: string; readonly tokenizer?: string },
    signal?: AbortSignal,
  ): Promise<Recipe>;
  /** Runs passes; cancelling keeps what was seen, so it resolves (with inputsSeen < inputsPlanned), unless nothing was. */
  run(request: RunRequest, signal?: AbortSignal): Promise<RunAnswer>;
  /**
   * Runs the passes of the shown result, or those of them that are named, once more with redrawn weights and once more on
   * shuffled inputs (methods section 1, C1 and C2). Experiments are compared only when they are named. Cancelling keeps the controls that were finished. What does not apply is said in the answer.
   */
  compare(
    request: { readonly seed: number; readonly passes?: readonly string[] },
    signal?: AbortSignal,
  ): Promise<RunAnswer>;
  /** Stops the run under way after its batch and keeps what it has. */
  cancelRun(request: Record<string, never>): Promise<void>;
  unitMetric(request: { readonly metric: string }, signal?: AbortSignal): Promise<UnitMetricValues>;
  exampleTile(
    request: {
      readonly metric: string;
      readonly layer: string;
      readonly rows: readonly [number, number];
      readonly columns: readonly [number, number];
    },
    signal?: AbortSignal,
  ): Promise<MatrixTile>;
  /** Undefined where the layer, or its channels, have no map. */
  positionMap(
    request: { readonly layer: string; readonly unit?: number },
    signal?: AbortSignal,
  ): Promise<PositionMapView | undefined>;
  layerHistogram(request: { readonly layer: string }, signal?: AbortSignal): Promise<HistogramView | undefined>;
  unit(request: { readonly layer: string; readonly unit: number }, signal?: AbortSignal): Promise<UnitDetail>;
  example(
    request: { readonly index: number; readonly layer?: string; readonly unit?: number },
    signal?: AbortSignal,
  ): Promise<ExampleDetail>;
  /** The report as one HTML page, and the results as JSON. */
  report(
    request: Record<string, never>,
    signal?: AbortSignal,
  ): Promise<{ readonly html: string; readonly json: string }>;
  /** A table as CSV: every layer metric, or every unit metric of one layer. */
  table(request: { readonly layer?: string }, signal?: AbortSignal): Promise<string>;
  close(request: Record<string, never>): Promise<void>;
}

/** What the worker tells on its own. */
export interface WorkerEvents {
  runProgress(progress: RunProgress): Promise<void>;
  /** More is known of the file alone, without anybody having asked. */
  fileResultChanged(result: FileResultSummary): Promise<void>;
  log(line: { readonly level: 'info' | 'warning' | 'error'; readonly text: string }): Promise<void>;
}
