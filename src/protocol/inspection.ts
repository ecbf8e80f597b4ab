/** Inputs, runs and results as they cross between worker, host and page. */
import type { Controls } from '../core/controls/control.js';
import type { Problem } from '../core/errors.js';
import type { ExamplePreview } from '../core/dataset/dataset.js';
import type { Recipe } from '../core/dataset/recipe.js';
import type { FileResult, NodeMetric, PassResult, Quantity, RunResult } from '../core/passes/result.js';

/** How the model's inputs will be made, in words and as the recipe. */
export interface InputsDescription {
  readonly recipe: Recipe;
  /** Where the recipe came from. */
  readonly origin: 'file' | 'guessed' | 'chosen';
  /** One line per graph input: "image: 200 images from images/, stretched to 64 × 64, rgb, (x/255 − mean)/std". */
  readonly lines: readonly { readonly input: string; readonly text: string; readonly synthetic: boolean }[];
  /** What to know of the inputs as a whole, and what to do: no labels, one input only. */
  readonly notes: readonly string[];
  /** Examples a run would use, when the data could be opened. */
  readonly size?: number;
  readonly synthetic: boolean;
  /** Why these inputs cannot be used, if so. */
  readonly problem?: Problem;
}

export interface RunRequest {
  readonly passes: readonly string[];
}

export interface RunProgress {
  /** What is counted: inputs run, runs of one input (of an experiment, which runs each often), or bytes of weights read. */
  readonly unit: 'inputs' | 'runs' | 'bytes';
  readonly done: number;
  /** 0 until known. */
  readonly planned: number;
  /** Estimate, seconds; undefined until known. */
  readonly secondsLeft?: number;
  /** "Preparing", "Running", "Finishing", "Reading weights". */
  readonly phase: string;
}

/** A pass's result without its large arrays: what the page needs at once. Large arrays are asked for one by one. */
export interface PassSummary extends Omit<
  PassResult,
  'unitMetrics' | 'exampleMetrics' | 'histograms' | 'topExamples' | 'positionMaps' | 'nodeMetrics'
> {
  readonly unitMetrics: readonly Quantity[];
  readonly exampleMetrics: readonly (Quantity & { readonly examples: Int32Array })[];
  /** Their values stand in the items of the graph. */
  readonly nodeMetrics?: readonly (Quantity & Pick<NodeMetric, 'aggregate'>)[];
}

export interface ResultSummary extends Omit<RunResult, 'passes'> {
  readonly passes: readonly PassSummary[];
  /** Read from the cache instead of computed now. */
  readonly cached: boolean;
  /** What the same passes gave on a network, or on inputs, that mean nothing: as far as it was asked for. */
  readonly controls: Controls;
}

/** What passes over the file alone found, as far as they were asked. */
export interface FileResultSummary extends Omit<FileResult, 'passes'> {
  readonly passes: readonly PassSummary[];
}

/** What a run leaves: a result for each kind of pass that was in it. */
export interface RunAnswer {
  readonly result?: ResultSummary;
  readonly fileResult?: FileResultSummary;
  /** Why not everything that was asked for is there: an experiment failed after other passes had answered. */
  readonly problem?: Problem;
}

export interface UnitMetricValues {
  /** One exactly-sized array per layer, in the order of ResultSummary.layers; empty where the metric lacks the layer. */
  readonly layers: readonly Float32Array[];
}

/** A rectangle of a units × examples matrix: rows are examples, columns are units. */
export interface MatrixTile {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Share of exact zeros at every place of a picture, row-major, of a layer or one of its channels. */
export interface PositionMapView {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

export interface UnitDetail {
  readonly layer: string;
  readonly unit: number;
  /** Every unit metric of this unit, with its layer's mean for comparison. */
  readonly statistics: readonly (Quantity & { readonly value: number; readonly layerMean: number })[];
  readonly histogram?: HistogramView;
  readonly top: readonly { readonly index: number; readonly value: number }[];
}

/** Histogram ready to draw: counts between edges (edges.length = counts.length + 1), zeros apart. */
export interface HistogramView {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly zeros: number;
  readonly nonFinite: number;
  readonly counted: number;
  readonly total: number;
}

/** One input and what a unit did on it. */
export interface ExampleDetail {
  readonly index: number;
  readonly preview: ExamplePreview;
  /** Activations of the asked unit over positions (a map over the picture, a value per token), if one was asked for. */
  readonly activations?: { readonly shape: readonly number[]; readonly values: Float32Array };
}
