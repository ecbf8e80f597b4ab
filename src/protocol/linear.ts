/**
 * Linear systems as they cross between worker, host and page: what a network became at one input, f(x) = A x + r, between
 * two of its values (methods, section A). A system is named by its request; the worker keeps those asked for last.
 */
import type { OnProgress } from './rpc.js';

/** How operators are read: held as they acted on the input, or as their derivative there. */
export type SystemReading = 'frozen' | 'tangent';

/** Between which values a system lies. */
export interface SystemCut {
  /** Names of values; where undefined, the model's own ends (tokens: their embedding; a last softmax: what it is taken of). */
  readonly from?: string;
  readonly to?: string;
  readonly reading: SystemReading;
}

export interface SystemRequest extends SystemCut {
  /** Of the present inputs. */
  readonly example: number;
}

/** How the numbers of a value lie before a person. All arrays of that value come in this order, without the batch axis. */
export type SystemLayout =
  /** [channels, height, width], whatever the model's own order of axes. */
  | { readonly kind: 'image'; readonly channels: number; readonly height: number; readonly width: number }
  /** [positions, width]: tokens or steps of time, each with its features. */
  | { readonly kind: 'sequence'; readonly positions: number; readonly width: number }
  | { readonly kind: 'vector'; readonly size: number };

export interface SystemEnd {
  readonly value: string;
  /** Fit to be shown. */
  readonly label: string;
  /** Id of the graph item that makes it; undefined for an input of the graph. */
  readonly item?: string;
  readonly dims: readonly number[];
  readonly layout: SystemLayout;
  /** Its numbers at this input. */
  readonly values: Float32Array;
}

/** A node that the system says something of: fit to be shown, and its place in the graph. */
export interface SystemNode {
  readonly label: string;
  readonly item: string;
  readonly reason: string;
}

/** |A x + r − f(x)| against the sum of the absolute terms, the largest over all outputs (methods, E1). */
export interface Exactness {
  readonly residual: number;
  readonly tolerance: number;
  /** Within the tolerance, with every node on the way read exactly. */
  readonly isExact: boolean;
}

export interface SystemDescription {
  readonly from: SystemEnd;
  readonly to: SystemEnd;
  /** Names of the output's elements, where the recipe has classes. */
  readonly classes?: readonly string[];
  /** What was decided for the person, a sentence each: the start moved behind whole numbers, the end before a softmax. */
  readonly notes: readonly string[];
  readonly exactness: Exactness;
  /** Nodes that are not read: what lies behind them is held still. */
  readonly cut: readonly SystemNode[];
  /** Nodes whose linear map is not what they do near the input: quantisation. */
  readonly inexact: readonly SystemNode[];
  /** Rows of the bias ledger: nodes that add a bias, in the order of the graph. */
  readonly layers: readonly { readonly label: string; readonly item: string }[];
}

/** One output explained: value = Σ votes + Σ ledger. */
export interface Vote {
  /** Place of the element in the end's values. */
  readonly output: number;
  readonly value: number;
  /** By position of the start (pixel, token, feature): the sum over its channels of row × input. */
  readonly votes: Float32Array;
  readonly voteSum: number;
  /** Σ|votes| over single elements, before channels are added: how much of the votes cancels out. */
  readonly voteMagnitude: number;
  /** By layer of the description. */
  readonly ledger: Float64Array;
  readonly biasSum: number;
  /** Σ|ledger| / (Σ|ledger| + Σ|votes by position|), methods A. */
  readonly biasShare: number;
}

/** A pattern over one end of the system, in the order of its layout. */
export interface Pattern {
  readonly values: Float32Array;
}

export interface SingularTriplet {
  /** How much the system amplifies the input pattern. */
  readonly gain: number;
  /** Input pattern, length 1, and what it becomes, divided by the gain. */
  readonly input: Float32Array;
  readonly output: Float32Array;
  /** False where 200 steps did not settle it. */
  readonly isSettled: boolean;
  readonly steps: number;
}

export interface FoldRequest extends SystemCut {
  /** Elements of the end. */
  readonly outputs: readonly number[];
  /** How many of the present inputs, from the first. */
  readonly inputs: number;
}

/** Systems of many inputs, one after the other, folded. */
export interface FoldedSystems {
  readonly inputs: number;
  /** Inputs that gave no system, with the reason. */
  readonly failed: readonly { readonly example: number; readonly reason: string }[];
  /** By output asked for. */
  readonly outputs: readonly {
    readonly output: number;
    /** By position of the start: mean over the inputs. */
    readonly meanVotes: Float32Array;
    readonly meanLedger: Float64Array;
    /** One number per input, in their order. */
    readonly values: Float64Array;
    readonly voteSums: Float64Array;
    readonly biasShares: Float64Array;
  }[];
  readonly layers: SystemDescription['layers'];
}

/** A value that a system can start or end at. */
export interface CutChoice {
  readonly value: string;
  readonly label: string;
  readonly item?: string;
  readonly dims: readonly number[];
}

/** What the worker answers about linear systems. Long questions tell of their progress and can be cancelled. */
export interface LinearQuestions {
  /** Values that hold floating-point numbers at an input, in the order of the graph. */
  linearCuts(request: { readonly example: number }, signal?: AbortSignal): Promise<readonly CutChoice[]>;
  linearSystem(request: SystemRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<SystemDescription>;
  /** Rows of some outputs, times the input, with the ledger of each; at most {@link MOST_VOTES} at once. */
  linearVotes(
    request: { readonly system: SystemRequest; readonly outputs: readonly number[] },
    signal?: AbortSignal,
  ): Promise<readonly Vote[]>;
  /** Aᵀu over the start: u is 1 at one output (a row), or any pattern over the end. */
  linearRow(
    request: { readonly system: SystemRequest; readonly output: number | Float32Array },
    signal?: AbortSignal,
  ): Promise<Pattern>;
  /** A v over the end: v is 1 at one element of the start (a column), or any pattern over it. */
  linearColumn(
    request: { readonly system: SystemRequest; readonly input: number | Float32Array },
    signal?: AbortSignal,
  ): Promise<Pattern>;
  /** The strongest patterns first, by power iteration (methods A). */
  linearSingular(
    request: { readonly system: SystemRequest; readonly count: number },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<readonly SingularTriplet[]>;
  linearFold(request: FoldRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<FoldedSystems>;
}

/** Outputs that are explained in one run. */
export const MOST_VOTES = 16;
/** Singular vectors that may be asked for. */
export const MOST_TRIPLETS = 16;
