/** What went wrong or changed outside: above everything, each with what to do. */
import type { JSX } from 'preact';
import { actionProblem } from '../state/attempt.js';
import { fileChange, inputs, reloadModel, workerProblem } from '../state/session.js';
import { ProblemBox } from './problem-box.js';

export function Notices(): JSX.Element | null {
  const changed = fileChange.value;
  const lost = workerProblem.value;
  const failed = actionProblem.value;
  if (!changed && !lost && !failed) return null;
  return (
    <div class="notices">
      {changed && (
        <ProblemBox
          severity="warning"
          problem={
            changed.deleted
              ? {
                  kind: 'file-changed',
                  message: 'The file was deleted or moved.',
                  remedy: 'What is shown was read before that.',
                }
              : {
                  kind: 'file-changed',
                  message: 'The file changed on disk.',
                  remedy: 'What is shown is the earlier version. Reload to see the new one.',
                }
          }
          action={changed.deleted ? undefined : 'Reload'}
          onAction={() => void reloadModel()}
        />
      )}
      {lost && <ProblemBox problem={lost} action="Reload" onAction={() => void reloadModel()} />}
      {failed && failed.message !== inputs.value?.problem?.message && (
        <ProblemBox problem={failed} action="Dismiss" onAction={() => (actionProblem.value = undefined)} />
      )}
    </div>
  );
}
