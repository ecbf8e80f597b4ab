/** The numbers that an answer rests on, with what controls gave for them, and the way to run controls. */
import { Fragment, type JSX } from 'preact';
import { compareHeadlines, intervalText, valueText, type HeadlineComparison } from '../../src/core/controls/compare.js';
import { CONTROL_NAMES } from '../../src/core/controls/control.js';
import type { PassSummary, ResultSummary } from '../../src/protocol/inspection.js';
import type { PassDescription } from '../../src/protocol/model.js';
import { Button, TextButton } from '../controls/button.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatSeconds } from '../format/numbers.js';
import { controls } from '../state/metrics.js';
import { openedModel, progress, result, resultIsStale, startComparison } from '../state/session.js';

/** A table: one row per headline, one column per control. */
export function HeadlineTable({ found }: { found: PassSummary }): JSX.Element | null {
  const comparisons = compareHeadlines(found, controls.value);
  if (comparisons.length === 0) return null;
  const labels = [...new Set(comparisons.flatMap((each) => each.controls.map(({ label }) => label)))];
  return (
    <table class="headlines">
      <thead>
        <tr>
          <th scope="col">{countedOn()}</th>
          <th scope="col">This model</th>
          {labels.map((label) => (
            <th key={label} scope="col">
              {capitalized(label)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {comparisons.map((comparison) => (
          <HeadlineRow key={comparison.headline.id} comparison={comparison} labels={labels} />
        ))}
      </tbody>
    </table>
  );
}

function HeadlineRow({
  comparison: { headline, controls: given },
  labels,
}: {
  comparison: HeadlineComparison;
  labels: readonly string[];
}): JSX.Element {
  const { label, definition, format, value } = headline;
  return (
    <tr>
      <th scope="row">
        {label} <Help about={label}>{definition}</Help>
      </th>
      <td>
        <strong>{valueText(value, format)}</strong>
        <span class="muted">{intervalText(headline)}</span>
      </td>
      {labels.map((wanted) => {
        const control = given.find((each) => each.label === wanted);
        return (
          <td key={wanted}>
            {control === undefined ? '–' : valueText(control.value, format)}
            {control?.within === true && <span class="muted"> no different: within the interval</span>}
          </td>
        );
      })}
    </tr>
  );
}

/** "50 images from images/": what every number of the table rests on. */
function countedOn(): string {
  const now = result.value;
  if (now === undefined) return '';
  return `On ${now.inputsSeen === 1 ? '1 input only' : `${formatCount(now.inputsSeen)} inputs`} (${now.data})`;
}

/**
 * What comparing means and costs, and the button; once compared, how the controls were made and another draw. Nothing
 * where no answer rests on a number that a control could give, too.
 * @param pass the one whose view it stands in: an experiment is compared on its own, all other passes together.
 */
export function CompareControls({ pass }: { pass?: PassDescription }): JSX.Element | null {
  const now = result.value;
  const experiment = pass?.runsPerInput === undefined ? undefined : pass;
  const compared =
    now?.passes
      .filter((found) => (experiment === undefined ? isComparedTogether(found) : found.pass === experiment.id))
      .filter(({ headlines = [] }) => headlines.length > 0)
      .map((found) => found.pass) ?? [];
  if (now === undefined || compared.length === 0 || (pass !== undefined && !compared.includes(pass.id))) return null;
  const { runs, notRun } = controls.value;
  const about = pass?.id ?? compared[0];
  const made = runs.filter(({ passes }) => passes.some((each) => each.pass === about));
  const seed = Math.max(0, ...made.map((run) => run.seed)) + 1;
  const cost = costText(now, experiment);
  const onNoise = now.synthetic
    ? undefined
    : openedModel.value?.passes.find(({ id, comparesNoise }) => comparesNoise === true && compared.includes(id))?.title;
  const start = (): void => void startComparison(seed, experiment && [experiment.id]);
  const cannotStart = progress.value !== undefined || resultIsStale.value;
  if (made.length === 0) {
    return (
      <div class="compare-controls">
        <Button
          icon="chart"
          disabled={cannotStart}
          onClick={start}
          title={resultIsStale.value ? 'Other inputs were chosen: run again first' : undefined}
        >
          Compare with controls
        </Button>
        <span class="muted">
          Would a random network give these numbers, too? Runs the same{' '}
          {experiment === undefined ? 'passes' : 'experiment'} with random weights and on shuffled inputs: {cost}.
          {onNoise !== undefined && ` ${onNoise} is run on N(0, 1) noise as well.`}
        </span>
      </div>
    );
  }
  return (
    <details>
      <summary class="compare-summary">How the controls were made</summary>
      <dl class="definitions">
        {made.map(({ control, seed: drawn, description, inputsSeen }) => (
          <Fragment key={`${control} ${drawn}`}>
            <dt>
              {capitalized(CONTROL_NAMES[control])}, seed {drawn}, {formatCount(inputsSeen)} inputs
            </dt>
            <dd>{description}</dd>
          </Fragment>
        ))}
        {notRun.map(({ control, reason }) => (
          <Fragment key={control}>
            <dt>{capitalized(CONTROL_NAMES[control])}: not run</dt>
            <dd>{reason}</dd>
          </Fragment>
        ))}
      </dl>
      {!cannotStart && (
        <p>
          <TextButton onClick={start} title={`The same once more: ${cost}`}>
            Draw the controls again, with seed {seed}
          </TextButton>
        </p>
      )}
    </details>
  );
}

/** Experiments take as long as many runs: each is compared only when it is asked for. */
function isComparedTogether({ pass }: PassSummary): boolean {
  return openedModel.value?.passes.find(({ id }) => id === pass)?.runsPerInput === undefined;
}

function costText(now: ResultSummary, experiment: PassDescription | undefined): string {
  // Noise goes through the few passes that ask for it, and is told apart.
  const controlRuns = now.synthetic ? 1 : 2;
  if (experiment?.runsPerInput !== undefined) {
    const times = controlRuns * experiment.runsPerInput;
    return `every input goes through the network ${times === 1 ? 'once' : `about ${formatCount(times)} times`}`;
  }
  return `about ${controlRuns === 1 ? 'one more run' : 'two more runs'} of ${formatSeconds(now.seconds)}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
