/** The numbers that an answer rests on, with what controls gave for them, and the way to run controls. */
import type { JSX } from 'preact';
import { compareHeadlines, intervalText, valueText, type HeadlineComparison } from '../../src/core/controls/compare.js';
import { CONTROL_NAMES } from '../../src/core/controls/control.js';
import type { PassSummary } from '../../src/protocol/inspection.js';
import { Button, TextButton } from '../controls/button.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatSeconds } from '../format/numbers.js';
import { controls, nextControlSeed } from '../state/metrics.js';
import { progress, result, resultIsStale, startComparison } from '../state/session.js';

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
  return now === undefined ? '' : `On ${formatCount(now.inputsSeen)} inputs (${now.data})`;
}

/** What comparing means and costs, and the button; once compared, another draw and what was changed. */
export function CompareControls(): JSX.Element | null {
  const now = result.value;
  if (now === undefined || now.passes.length === 0) return null;
  const { runs, notRun } = controls.value;
  const isBusy = progress.value !== undefined;
  const seed = nextControlSeed.value;
  const cost = `about ${now.synthetic ? 'one more run' : 'two more runs'} of ${formatSeconds(now.seconds)}`;
  return (
    <div class="compare-controls">
      {runs.length === 0 && notRun.length === 0 ? (
        <>
          <Button
            icon="chart"
            disabled={isBusy || resultIsStale.value}
            onClick={() => void startComparison(seed)}
            title={resultIsStale.value ? 'Other inputs were chosen: run again first' : undefined}
          >
            Compare with controls
          </Button>
          <span class="muted">
            Would a random network give these numbers, too? Runs the same passes with random weights and on shuffled
            inputs: {cost}.
          </span>
        </>
      ) : (
        <details>
          <summary>How the controls were made</summary>
          <dl class="definitions">
            {runs.map(({ control, seed: drawn, description, inputsSeen }) => (
              <>
                <dt>
                  {capitalized(CONTROL_NAMES[control])}, seed {drawn}, {formatCount(inputsSeen)} inputs
                </dt>
                <dd>{description}</dd>
              </>
            ))}
            {notRun.map(({ control, reason }) => (
              <>
                <dt>{capitalized(CONTROL_NAMES[control])}: not run</dt>
                <dd>{reason}</dd>
              </>
            ))}
          </dl>
          {!isBusy && !resultIsStale.value && (
            <TextButton onClick={() => void startComparison(seed)} title={`The same once more: ${cost}`}>
              Draw again with seed {seed}
            </TextButton>
          )}
        </details>
      )}
    </div>
  );
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
