import { throwIfCancelled } from '../errors.js';
import type { FilePass, FileSubject } from './pass.js';
import type { PassResult } from './result.js';

/**
 * Asks each pass about the file, one after the other.
 * @param onAnswer told of each answer as it comes: those before a cancellation stand.
 * @throws CancelledError when the subject's signal was aborted, and what a pass throws.
 */
export async function examineFile(
  passes: readonly FilePass[],
  subject: FileSubject,
  onAnswer: (answer: PassResult) => void,
): Promise<void> {
  for (const pass of passes) {
    throwIfCancelled(subject.signal);
    onAnswer(await pass.examine(subject));
  }
}
