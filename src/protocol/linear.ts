/**
 * Linear systems as they cross between worker, host and page: what a network became at one input, f(x) = A x + r, between
 * two of its values (methods, section A). A system is named by its request; the worker keeps those asked for last.
 */
import type { SystemCut } from '../core/linear/choose-ends.js';
import type { CutChoice } from '../core/linear/cut-choices.js';
import type { SystemDescription } from '../core/linear/description.js';
import type { FoldedSystems } from '../core/linear/fold.js';
import type { SingularTriplet } from '../core/linear/power-iteration.js';
import type { Vote } from '../core/linear/vote.js';
import type { OnProgress } from './rpc.js';

export type { SystemCut, SystemReading } from '../core/linear/choose-ends.js';
export type { CutChoice } from '../core/linear/cut-choices.js';
export type { Exactness, SystemDescription, SystemEnd, SystemLayer, SystemNode } from '../core/linear/description.js';
export type { FoldedOutput, FoldedSystems } from '../core/linear/fold.js';
export type { SystemLayout } from '../core/linear/layout.js';
export type { SingularTriplet } from '../core/linear/power-iteration.js';
export type { Vote } from '../core/linear/vote.js';

export interface SystemRequest extends SystemCut {
  /** Of the present inputs. */
  readonly example: number;
}

/** A pattern over one end of the system, in the order of its layout. */
export interface Pattern {
  readonly values: Float32Array;
}

export interface FoldRequest extends SystemCut {
  /** Elements of the end. */
  readonly outputs: readonly number[];
  /** How many of the present inputs, from the first. */
  readonly inputs: number;
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
