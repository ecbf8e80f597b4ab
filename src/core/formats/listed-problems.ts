import type { Problem } from '../errors.js';

/** More problems than this are counted, not listed. */
const MAXIMUM_LISTED = 50;

/**
 * The first problems, and one that counts the others.
 * @param summary what it says of so many.
 */
export function listedProblems(problems: readonly Problem[], summary: (hidden: number) => Problem): readonly Problem[] {
  const hidden = problems.length - MAXIMUM_LISTED;
  return hidden <= 0 ? problems : [...problems.slice(0, MAXIMUM_LISTED), summary(hidden)];
}
