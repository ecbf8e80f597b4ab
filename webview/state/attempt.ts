/** Actions whose failure a person must see. */
import { signal } from '@preact/signals';
import { asProblem, CancelledError, type Problem } from '../../src/core/errors.js';

/** Why the last thing that was asked of the host did not work; goes away with the next attempt. */
export const actionProblem = signal<Problem | undefined>(undefined);

/** Waits for an action; a failure becomes a notice. */
export async function attempt(action: Promise<unknown>): Promise<void> {
  actionProblem.value = undefined;
  try {
    await action;
  } catch (error) {
    if (!(error instanceof CancelledError)) actionProblem.value = asProblem(error);
  }
}
