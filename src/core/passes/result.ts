/**
 * What passes give back: one shape for every pass, so that the page, the report and the command line can show any of
 * them. Everything is plain data and typed arrays; every number carries its definition.
 */

import type { InputRange } from '../dataset/input-ranges.js';
import type { Interval } from '../summary/resamples.js';

export type Severity = 'error' | 'warning' | 'information';

/** What a pass would say aloud. */
export interface Finding {
  readonly severity: Severity;
  /**
   * What kind of finding it is, the same on every model: "dead". Controls are asked for findings of the same kind in the
   * same layer; without it none is looked for.
   */
  readonly kind?: string;
  /** Orders findings of one severity, largest first: the share of the layer (or of the inputs) concerned; a cause stands above 1. */
  readonly weight: number;
  /** One plain sentence with its numbers and on how many inputs they rest. */
  readonly sentence: string;
  /** Where it is: a layer (ONNX value name), and units of it where the finding is about units. */
  readonly layer?: string;
  readonly units?: readonly number[];
  /** Where it is, when that is a place of the graph (id of an item) or a tensor of weights (its index). */
  readonly item?: string;
  readonly tensor?: number;
  /** What it may mean and what to do about it, one or two sentences. */
  readonly advice?: string;
}

/** A measured quantity: how it is called, what it is exactly, how it is shown. */
export interface Quantity {
  /** Unique over all passes: "zero-share". */
  readonly id: string;
  readonly label: string;
  /** One exact sentence with the unit of count and the strictness, and where it is defined: "methods C1". */
  readonly definition: string;
  readonly format: 'share' | 'number' | 'count' | 'bytes';
  /** Diverging quantities are coloured around zero. */
  readonly scale: 'sequential' | 'diverging';
  /** Sums that differ by orders of magnitude are coloured by their logarithm. */
  readonly spread?: 'logarithmic';
}

/**
 * A number that the answer of a pass rests on: what controls gave stands beside it. Its definition says what is counted
 * (units, sites, tokens), the threshold and its strictness (methods section 1, C5).
 */
export interface Headline extends Pick<Quantity, 'id' | 'label' | 'definition' | 'format'> {
  readonly value: number;
  /** Where the number is a ratio of sums over inputs: methods section 1, C3. */
  readonly interval?: Interval;
}

/** One number per layer: colours the graph and fills the table. */
export interface LayerMetric extends Quantity {
  readonly values: Readonly<Record<string, number>>;
}

/** One number per node of the main graph: colours every box of it. */
export interface NodeMetric extends Quantity {
  /** What a module shows of the nodes inside. */
  readonly aggregate: 'sum' | 'maximum';
  /** By node index; NaN where a node has none. */
  readonly values: Float64Array;
}

/** One number per tensor of weights: a column of the table of weights. */
export interface TensorMetric extends Quantity {
  /** By tensor index; NaN where a tensor has none. */
  readonly values: Float64Array;
}

/** Rows of facts that are neither one number per layer nor one per node: what could be fused, which patterns were found. */
export interface ResultTable {
  readonly id: string;
  readonly title: string;
  readonly definition: string;
  readonly columns: readonly {
    readonly id: string;
    readonly label: string;
    readonly format: 'text' | Quantity['format'];
    /** Cells are coloured from 0 to the table’s largest shaded number: columns side by side make a picture. */
    readonly shaded?: true;
  }[];
  readonly rows: readonly ResultRow[];
}

export interface ResultRow {
  /** One per column. */
  readonly cells: readonly (string | number)[];
  /** What a click selects. */
  readonly item?: string;
  readonly tensor?: number;
  /** ONNX names of the values that it is about. */
  readonly values?: readonly string[];
}

/** One number per unit of every layer: the heatmap units × layers and the unit's page. */
export interface UnitMetric extends Quantity {
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** One number per unit and example: the heatmap units × examples. Row-major [examples, units]. */
export interface ExampleMetric extends Quantity {
  /** Dataset indices of the rows, the same for every layer. */
  readonly examples: Int32Array;
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** Counts over the fixed buckets of summary/histogram.ts. */
export interface LayerHistograms {
  readonly layer: Uint32Array;
  /** Row-major [units, buckets]; absent where the layer has too many units. */
  readonly units?: Uint32Array;
  /** Values counted and values there were: equal when nothing was sampled. */
  readonly counted: number;
  readonly total: number;
}

/** The examples that excite each unit most. Row-major [units, k]; index −1 where there are fewer. */
export interface TopExamples {
  readonly k: number;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/** Where in a picture a layer and its channels are silent: shares of exact zeros by place, row-major. */
export interface PositionMaps {
  readonly height: number;
  readonly width: number;
  readonly layer: Float32Array;
  /** Row-major [channels, height, width], places put together; absent where the layer has too many. */
  readonly units?: { readonly height: number; readonly width: number; readonly values: Float32Array };
}

/** Lines over a common axis: share of zeros by position, aggregated sparsity over tokens. */
export interface Curve {
  readonly id: string;
  readonly title: string;
  readonly xLabel: string;
  /** How the axis along is numbered: whole numbers where nothing is said. */
  readonly xFormat?: 'share' | 'number';
  /** Where points double from one to the next. */
  readonly xSpread?: 'logarithmic';
  readonly yLabel: string;
  readonly definition: string;
  readonly format: 'share' | 'number';
  /** Values over orders of magnitude are drawn along a logarithmic axis. */
  readonly spread?: 'logarithmic';
  readonly series: readonly {
    readonly label: string;
    readonly layer?: string;
    readonly x: Float32Array;
    readonly y: Float32Array;
    readonly dashed?: boolean;
    /** What a control gave, beside the lines of the result. */
    readonly control?: boolean;
  }[];
}

export interface LayerSummary {
  readonly value: string;
  readonly label: string;
  readonly module: readonly string[];
  readonly operator: string;
  readonly family: string;
  readonly units: number;
  readonly unitWord: string;
  readonly positionWord?: string;
  /** Shape for one example. */
  readonly shape: readonly number[];
}

/** Everything one pass found on one model and dataset. */
/** The inputs that a proof holds for. */
export interface ProofBox {
  /** "“image” from -2 to 2, pixels 0 to 255 as they are prepared". */
  readonly text: string;
  /** By value: what is known of inputs of the model, and of the embeddings of their tokens. */
  readonly ranges: Readonly<Record<string, InputRange>>;
}

export interface PassResult {
  readonly pass: string;
  readonly passVersion: number;
  /** The answer to the pass's question in one sentence. */
  readonly answer: string;
  /** Why it is not the whole answer, one sentence: an experiment was cancelled. Shown beside it wherever it stands. */
  readonly incomplete?: string;
  readonly headlines?: readonly Headline[];
  readonly findings: readonly Finding[];
  readonly layerMetrics: readonly LayerMetric[];
  readonly unitMetrics: readonly UnitMetric[];
  readonly exampleMetrics: readonly ExampleMetric[];
  readonly curves: readonly Curve[];
  readonly histograms?: Readonly<Record<string, LayerHistograms>>;
  readonly topExamples?: Readonly<Record<string, TopExamples>>;
  readonly positionMaps?: Readonly<Record<string, PositionMaps>>;
  readonly nodeMetrics?: readonly NodeMetric[];
  readonly tensorMetrics?: readonly TensorMetric[];
  readonly tables?: readonly ResultTable[];
  /** Of proofs that hold for some inputs only. */
  readonly box?: ProofBox;
}

/** What a pass over the file alone has no numbers for: it saw no inputs. */
export const NO_ACTIVATIONS = {
  layerMetrics: [],
  unitMetrics: [],
  exampleMetrics: [],
  curves: [],
} as const satisfies Partial<PassResult>;

/** What passes found that look at the file alone. */
export interface FileResult {
  readonly passes: readonly PassResult[];
  /** Sizes given to the graph's open dimensions, on which operations and memory rest. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** When it finished, ISO 8601. */
  readonly finished: string;
}

/** One run: the inputs it saw, the engine, and the result of each pass. */
export interface RunResult {
  readonly layers: readonly LayerSummary[];
  readonly passes: readonly PassResult[];
  /** Inputs seen, and inputs that could be read: fewer were seen when a person cancelled. */
  readonly inputsSeen: number;
  readonly inputsPlanned: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** Layers that could not be observed, each with its reason. */
  readonly leftOut: readonly { readonly layer: string; readonly reason: string }[];
  /** Where the inputs came from; begins with "random" when synthetic. */
  readonly data: string;
  readonly synthetic: boolean;
  readonly engine: string;
  readonly seconds: number;
  /** When it finished, ISO 8601. */
  readonly finished: string;
}
