/** What stands in the place of an answer that needs a model that runs, or inputs. */
import type { JSX } from 'preact';
import type { Problem } from '../../src/core/errors.js';
import { Button } from '../controls/button.js';
import { inputs, runCommand } from '../state/session.js';
import { ProblemBox } from './problem-box.js';

/** @param problems why the model does not run */
export function NeedsRun({ problems }: { problems: readonly Problem[] }): JSX.Element {
  return (
    <>
      <p>This needs a model that runs. This one does not:</p>
      {problems.map((problem, index) => (
        <ProblemBox key={index} problem={problem} severity="warning" />
      ))}
    </>
  );
}

/** @param children what inputs are wanted for, in a sentence */
export function NeedsInputs({ children }: { children: string }): JSX.Element {
  const problem = inputs.value?.problem;
  return (
    <>
      {problem && <ProblemBox problem={problem} />}
      <p>{children}</p>
      <div class="button-row">
        <Button primary onClick={() => void runCommand('modelInspector.chooseInputs')}>
          Choose Inputs…
        </Button>
      </div>
    </>
  );
}
