/** Features on one text, and what the network says where they are changed, as they cross between worker, host and page. */
import type { Rank } from '../core/features/steering/firings.js';
import type { ContinuationOptions } from '../core/features/steering/generate.js';
import type { Intervention } from '../core/features/steering/interventions.js';
import type { Positions } from '../core/features/steering/steer.js';
import type { OnProgress } from './rpc.js';

export type { Rank } from '../core/features/steering/firings.js';
export type { Intervention } from '../core/features/steering/interventions.js';
export type { Positions } from '../core/features/steering/steer.js';
export { MOST_CONTINUED } from '../core/features/steering/generate.js';
export { MOST_INTERVENTIONS } from '../core/features/steering/interventions.js';

/** A text, or one of the model’s inputs by its number, from 0. */
export type PromptSource =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'input'; readonly input: number };

/** What can be asked of the open model. */
export interface PromptFacts {
  /** Why no text can be typed; absent where one can. */
  readonly noText?: string;
  readonly inputs: number;
  /** Tokens of every run, where the graph fixes them. */
  readonly context?: number;
}

/** What a person sees of what was run. */
export interface PromptRun {
  /** One for each row of what the dictionary reads; of inputs that are no text, their numbers in brackets. */
  readonly tokens: readonly string[];
  /** “the text”, “row 3 of corpus.npy”. */
  readonly name: string;
  /** Some of what the model was given is random. */
  readonly synthetic: boolean;
  /** What to mind, whole sentences: what was cut. */
  readonly notes: readonly string[];
}

export interface PromptRequest {
  readonly prompt: PromptSource;
  readonly rank: Rank;
  /** Only features that fire at this token. */
  readonly token?: number;
  /** Features told of at most; up to {@link MOST_PROMPT_FEATURES}. */
  readonly most: number;
}

export const MOST_PROMPT_FEATURES = 200;

/** A class or token that is the most probable one. */
export interface Predicted {
  readonly text: string;
  readonly probability: number;
}

export interface PromptFeature {
  readonly feature: number;
  /** At every token of the prompt. */
  readonly activations: Float32Array;
  /** Where the rank was read, and the activation there. */
  readonly token: number;
  readonly activation: number;
  /** Share of the tokens of the pass over the inputs that it fires on, and its largest activation there. */
  readonly density: number;
  readonly maximum: number;
  /**
   * Direct effect on the score of the token that is predicted there, less the mean over all tokens:
   * activation × (⟨W_dec, W_U[:, y]⟩ − mean ⟨W_dec, W_U⟩).
   */
  readonly effect?: number;
}

export interface PromptAnswer extends PromptRun {
  readonly features: readonly PromptFeature[];
  /** Features that fire at the token asked for, or at any. */
  readonly firing: number;
  /** What comes next at every token; of a classifier, one. Absent where the outputs hold no distribution. */
  readonly predicted?: readonly Predicted[];
  /** Why there are no direct effects. */
  readonly noEffects?: string;
}

export interface SteeringRequest {
  readonly prompt: PromptSource;
  /** At most {@link MOST_INTERVENTIONS}, each of another feature. */
  readonly interventions: readonly Intervention[];
  readonly positions: Positions;
  /** The token whose prediction is shown; absent: the last. Not read where there is one prediction of the whole input. */
  readonly at?: number;
  /** Absent: nothing is written on. */
  readonly continuation?: ContinuationOptions;
}

/** A token or class among the most probable, before and after. */
export interface SteeredChoice {
  readonly index: number;
  readonly text: string;
  readonly probability: { readonly before: number; readonly after: number };
  /** The output before any softmax (logit). */
  readonly score: { readonly before: number; readonly after: number };
}

export interface ContinuationText {
  readonly tokens: readonly string[];
  readonly stopped?: 'end of text' | 'context full';
}

export interface SteeringAnswer extends PromptRun {
  readonly features: readonly {
    readonly feature: number;
    /** At every token. */
    readonly before: Float32Array;
    readonly after: Float32Array;
  }[];
  /** Whether there is a prediction for each token, or one of the whole input. */
  readonly predicts: 'next token' | 'class';
  readonly at: number;
  /** The token that really comes next, where `at` is a token and that is known: ln of its probability (nats). */
  readonly followed?: {
    readonly index: number;
    readonly text: string;
    readonly logProbability: { readonly before: number; readonly after: number };
  };
  /** Most probable before first. */
  readonly choices: readonly SteeredChoice[];
  /** KL(before ‖ after) in nats: of every token’s prediction, or of the one there is. */
  readonly divergence: Float64Array;
  readonly continuation?: { readonly original: ContinuationText; readonly steered: ContinuationText };
  /** Why nothing is written on, where that was asked for. */
  readonly noContinuation?: string;
}

/** Asked after `features`, whose dictionary, places and statistics they rest on. */
export interface SteeringQuestions {
  promptFacts(request: Record<string, never>, signal?: AbortSignal): Promise<PromptFacts>;
  /**
   * Which features fire where on a text.
   * @throws ProblemError `not-applicable` before `features`; `invalid-inputs` for a text that does not fit, which is named.
   */
  prompt(request: PromptRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<PromptAnswer>;
  /** The network with features changed. @throws as `prompt`. */
  steer(request: SteeringRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<SteeringAnswer>;
}
