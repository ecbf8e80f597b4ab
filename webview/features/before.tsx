/** Before features are there: what will be run, and what to do where that was refused. */
import type { JSX } from 'preact';
import type { Problem } from '../../src/core/errors.js';
import type { AttachedDescription } from '../../src/protocol/dictionary.js';
import { Button } from '../controls/button.js';
import { formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { gatherFeatures } from '../state/features.js';
import { inputs, progress, runCommand } from '../state/session.js';
import { Equation } from './equation.js';
import { ExperimentButton } from './experiment-button.js';

export function NotGathered({ dictionary }: { dictionary: AttachedDescription }): JSX.Element {
  const { size = 0, synthetic = false } = inputs.value ?? {};
  return (
    <>
      <p>
        “{dictionary.name}” is attached. One run of your {formatCount(size)} {synthetic ? 'random ' : ''}inputs tells
        which of its features fire, how often and how strongly, and keeps examples of each.
        {synthetic && ' On random inputs features fire at random, too: choose real ones to learn what they mean.'}
      </p>
      <Equation lines={dictionary.equation ?? []} />
      <div class="button-row">
        <Button primary icon="play" disabled={progress.value !== undefined} onClick={() => void gatherFeatures({})}>
          Run the dictionary
        </Button>
        <Button onClick={() => void runCommand('modelInspector.attachDictionary')}>Other Dictionary…</Button>
      </div>
      <RunUnderWay />
    </>
  );
}

interface RefusedProps {
  readonly problem: Problem;
  readonly onAnyway: () => void;
  readonly onAgain: () => void;
}

/** Why no features are shown, and every way on from there. */
export function Refused({ problem, onAnyway, onAgain }: RefusedProps): JSX.Element {
  const running = progress.value !== undefined;
  return (
    <>
      <ProblemBox problem={problem} />
      {problem.kind === 'unfit-dictionary' && (
        <p class="note">
          Features of a dictionary that does not fit look like features all the same: names, examples and all. They
          would say nothing of this model.
        </p>
      )}
      <div class="button-row">
        <ExperimentButton primary experiment="dictionary-fit" see="See where it fits" start="Measure where it fits" />
        <Button disabled={running} onClick={onAgain}>
          Try again
        </Button>
        <Button onClick={() => void runCommand('modelInspector.attachDictionary')}>Other Dictionary…</Button>
        {problem.kind === 'unfit-dictionary' && <Button onClick={onAnyway}>Show anyway</Button>}
      </div>
      <RunUnderWay />
    </>
  );
}

/** Why nothing can be started: attaching a dictionary begins by measuring where it fits. */
function RunUnderWay(): JSX.Element | null {
  if (progress.value === undefined) return null;
  return <p class="note">A run is under way. This can be started once it has ended, or when you cancel it above.</p>;
}
