/** A dictionary that a person attached to a model, ready to run on its values. */
import type { RunnableModel } from '../../formats/onnx/runnable-model.js';
import type { Coder } from '../coder.js';
import type { EquationLine } from '../equation.js';

export interface AttachedCoder {
  /** Of its file, fit to be shown. */
  readonly name: string;
  readonly coder: Coder;
  readonly equation: readonly EquationLine[];
  /** See `measuringModel` of graphs/coder-model.ts; made when it is needed. */
  model(): Promise<RunnableModel>;
  /** See `pursuitModel` of error/gradient-pursuit.ts. */
  pursuit(): Promise<RunnableModel>;
  /** What its file says of itself. */
  readonly declared: Declared;
}

export interface Declared {
  /** Features that fire for each token, with where that is said. */
  readonly l0?: { readonly value: number; readonly because: string };
  /** The place that it was trained on: ONNX values or hook names, as its tool writes them. */
  readonly sites: readonly string[];
}

/** What a model is told of the dictionary that is attached to it: the coder, or why there is none. */
export type Attachment =
  | { readonly state: 'attached'; readonly attached: AttachedCoder }
  | { readonly state: 'failed'; readonly name: string; readonly reason: string };
