/** Which tokens a feature on the output of attention got its value from, as it crosses between worker, host and page. */
import type { PromptRun, PromptSource } from './steering.js';

export interface SourceTokensRequest {
  readonly feature: number;
  readonly prompt: PromptSource;
  /** Of the token at which the feature is explained. */
  readonly position: number;
}

/** Direct feature attribution (formats section 5, “DFA row”): all of it is in units of the feature’s pre-activation. */
export interface SourceTokensAnswer extends Omit<PromptRun, 'notes'> {
  readonly feature: number;
  readonly position: number;
  /** Heads that have values of their own, and how many heads of queries share each. */
  readonly heads: number;
  readonly sharing: number;
  /** What comes from each token through each head, row-major [heads, tokens]. */
  readonly byHead: Float32Array;
  /** What each head attends to each token with, [heads, tokens]; absent where it is not told, or heads share values. */
  readonly attention?: Float32Array;
  /** What comes from positions behind the tokens: padding that the model does not mask. */
  readonly padding: number;
  /** Biases on the way, and those of the encoder. */
  readonly constants: number;
  /** Before the activation function, by the dictionary’s own equation. */
  readonly preActivation: number;
  /** |preActivation − the sum of all parts| ÷ the sum of their sizes. */
  readonly residual: number;
}

/** Asked after `features`, whose dictionary and places they rest on. */
export interface SourceTokenQuestions {
  /** @throws ProblemError `not-applicable` before `features`, and where nothing can be told apart, with the reason. */
  sourceTokens(request: SourceTokensRequest, signal?: AbortSignal): Promise<SourceTokensAnswer>;
}
