/** A resolution as plain data for the page and the command line: the equation, every switch, what is open. */
import { displayText } from '../display-text.js';
import type { Problem } from '../errors.js';
import { equationLines, type EquationLine } from './equation.js';
import type { Decision, Question } from './facts.js';
import { whyNotOnePlace } from './one-place.js';
import type { Resolution } from './resolve.js';

export interface CoderDescription {
  readonly state: Resolution['state'];
  /** Empty unless it is resolved. */
  readonly equation: readonly EquationLine[];
  readonly decisions: readonly Decision[];
  readonly questions: readonly Question[];
  /** Whether a person decided some of it. */
  readonly isAnswered: boolean;
  /** What cannot be done with it, and what to do instead: whole sentences. */
  readonly limits?: string;
  readonly problem?: Problem;
}

export function describeResolution(resolution: Resolution): CoderDescription {
  const { state, questions } = resolution;
  const shown = resolution.decisions.map(({ what, value, because }) => ({
    what,
    value: displayText(value),
    because: displayText(because, 400),
  }));
  const limits = state === 'resolved' ? whyNotOnePlace(resolution.coder) : undefined;
  return {
    state,
    equation: state === 'resolved' ? equationLines(resolution.coder) : [],
    decisions: shown,
    questions,
    isAnswered: resolution.answered.length > 0,
    ...(limits === undefined ? {} : { limits: `${limits.message} ${limits.remedy}` }),
    ...(state === 'failed' ? { problem: resolution.problem } : {}),
  };
}
