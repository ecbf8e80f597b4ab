/** Questions about a file that is a dictionary (a sparse autoencoder or one of its kin), as they cross to the page. */
import type { CoderDescription } from '../core/dictionary/describe.js';
import type { EquationLine } from '../core/dictionary/equation.js';
import type { Answers } from '../core/dictionary/facts.js';

export type { CoderDescription } from '../core/dictionary/describe.js';
export type { Answer, Answers, Decision, Question, Switch } from '../core/dictionary/facts.js';

/** The dictionary that is attached to a model: what it computes, or why it cannot be used. */
export interface AttachedDescription {
  readonly name: string;
  readonly equation?: readonly EquationLine[];
  readonly problem?: string;
}

export interface DictionaryQuestions {
  /**
   * What it computes, with every switch and why, or what must be answered first.
   * @throws ProblemError `not-applicable` where the file is no dictionary.
   */
  coder(request: { readonly answers?: Answers }, signal?: AbortSignal): Promise<CoderDescription>;
}
