import type { BrokenWeights } from '../graph/scan-weights.js';
import type { ObservedLayer, ActivationLayer } from '../graph/layers.js';
import type { Observation, ObservedBatch } from '../rewrite/observation.js';
import type { PassResult } from './result.js';

export type Applicability =
  | { readonly applies: true }
  /** Why not, one sentence, shown in the interface. */
  | { readonly applies: false; readonly reason: string };

/** What is known of a model before a run. */
export interface ModelFacts {
  readonly layers: readonly ActivationLayer[];
  /** Why the model cannot run at all, if so. */
  readonly cannotRun?: string;
}

/** What is known when results are made. */
export interface RunFacts {
  readonly layers: readonly ObservedLayer[];
  readonly inputsSeen: number;
  /** "on 200 images", "on 50 random inputs": ends a sentence. */
  readonly onInputs: string;
  readonly synthetic: boolean;
  /** Weight tensors that hold NaN or infinity. */
  readonly brokenWeights: readonly BrokenWeights[];
}

/**
 * A question about a model and how data answers it. One folder per pass, one line in registry.ts.
 * `fold` sees each batch once; `merge` is associative and commutative, so that chunks can be folded apart.
 */
export interface Pass<State> {
  /** Unique, stable: "zero-sparsity". */
  readonly id: string;
  /** Raised when the meaning of its numbers changes: cached results of another version are not shown. */
  readonly version: number;
  readonly title: string;
  /** One plain sentence that a person would ask. */
  readonly question: string;
  /** How it is computed, for the page's "How this is computed": a few sentences with the source. */
  readonly method: string;
  applies(model: ModelFacts): Applicability;
  plan(layers: readonly ObservedLayer[]): readonly Observation[];
  start(layers: readonly ObservedLayer[]): State;
  fold(state: State, batch: ObservedBatch): void;
  /** Adds `other` into `state`. */
  merge(state: State, other: State): void;
  finish(state: State, facts: RunFacts): PassResult;
}
