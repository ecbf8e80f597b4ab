import { displayText } from './display-text.js';

/** What went wrong with a file or a run, in words that a person can act on. */
export type ProblemKind =
  | 'empty-file'
  | 'truncated-file'
  | 'not-a-model'
  | 'malformed-model'
  | 'missing-external-data'
  | 'external-data-outside-folder'
  | 'file-changed'
  | 'file-unreadable'
  | 'file-unwritable'
  | 'skipped-object'
  | 'unsupported-operator'
  | 'invalid-inputs'
  | 'invalid-recipe'
  | 'out-of-memory'
  | 'engine-failed'
  | 'not-applicable'
  /** Nothing says which value of a model a dictionary belongs to. */
  | 'unplaced-dictionary'
  /** A dictionary that explains less of a value than its mean does. */
  | 'unfit-dictionary'
  | 'internal';

/** A problem as plain data: crosses threads and the page's message channel unchanged. */
export interface Problem {
  readonly kind: ProblemKind;
  /** What happened, one sentence. */
  readonly message: string;
  /** Where: file, byte offset, node, tensor. */
  readonly place?: string;
  /** What to do about it, one sentence. */
  readonly remedy?: string;
}

/** The one error type that carries a {@link Problem}; everything else that is thrown is a defect of ours. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
    this.name = 'ProblemError';
  }
}

/** Thrown when a person cancelled: never shown as an error. */
export class CancelledError extends Error {
  constructor() {
    super('Cancelled');
    this.name = 'CancelledError';
  }
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}

/** Sentences and places may hold names from files: those of any length and with any characters in them. */
const MAXIMUM_TEXT = 1000;

/** A problem whose texts are fit to be shown, whatever names stand in them. */
export function shownProblem({ kind, message, place, remedy }: Problem): Problem {
  return {
    kind,
    message: displayText(message, MAXIMUM_TEXT),
    ...(place === undefined ? {} : { place: displayText(place, MAXIMUM_TEXT) }),
    ...(remedy === undefined ? {} : { remedy: displayText(remedy, MAXIMUM_TEXT) }),
  };
}

export function problem(
  kind: ProblemKind,
  message: string,
  details: { place?: string; remedy?: string } = {},
): ProblemError {
  return new ProblemError(shownProblem({ kind, message, ...details }));
}

/** Any thrown thing as a {@link Problem}; our own defects become kind `internal` with their message. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: 'internal',
    message,
    remedy: 'This is a defect of Model Inspector. “Show Log” has the details.',
  };
}

/** What was found before a person cancelled is shown without what takes long: undefined where that was cancelled. */
export async function unlessCancelled<Value>(work: Promise<Value> | undefined): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CancelledError) return undefined;
    throw error;
  }
}
