/** Shows what an experiment found, and starts it where nothing was found yet. */
import type { JSX } from 'preact';
import { Button } from '../controls/button.js';
import { ui } from '../state/interface-state.js';
import { passResults } from '../state/metrics.js';
import { openedModel, progress, startRun } from '../state/session.js';

interface ExperimentButtonProps {
  readonly experiment: 'dictionary-fit' | 'dictionary-error' | 'attention-heads';
  /** What stands on it once there is a result, and before. */
  readonly see: string;
  readonly start: string;
  readonly primary?: boolean;
}

/** Nothing where the experiment does not apply. */
export function ExperimentButton({
  experiment,
  see,
  start,
  primary = false,
}: ExperimentButtonProps): JSX.Element | null {
  const description = openedModel.value?.passes.find(({ id }) => id === experiment);
  if (description === undefined || description.reason !== undefined) return null;
  const measured = passResults.value.some(({ pass }) => pass === experiment);
  const open = (): void => {
    ui.pass.value = experiment;
    ui.tab.value = 'passes';
    if (!measured) void startRun([experiment]);
  };
  return (
    <Button
      primary={primary}
      disabled={progress.value !== undefined && !measured}
      onClick={open}
      title={description.question}
    >
      {measured ? see : start}
    </Button>
  );
}
