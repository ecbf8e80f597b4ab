/** Name and size of the model, and the run. */
import type { JSX } from 'preact';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { Button } from '../controls/button.js';
import { ProgressBar } from '../controls/fields.js';
import { formatBytes, formatCompact, formatCount, formatSeconds } from '../format/numbers.js';
import { formatShape } from '../format/words.js';
import { cancelRun, progress, result, startRun } from '../state/session.js';

export function Header({ model }: { model: OpenedModel }): JSX.Element {
  const { overview } = model;
  return (
    <header class="header">
      <div class="header-name">
        <h1>{overview.fileName}</h1>
        <Signature model={model} />
      </div>
      <ul class="figures">
        <Figure
          value={formatCompact(overview.parameters)}
          label="parameters"
          title={`${formatCount(overview.parameters)} parameters`}
        />
        <Figure value={formatCount(overview.nodes)} label="nodes" />
        <Figure value={formatBytes(overview.fileBytes + overview.externalBytes)} label="on disk" />
      </ul>
      <RunControl model={model} />
    </header>
  );
}

/** "image 1 × 3 × 64 × 64 → logits 1 × 10". */
function Signature({ model: { overview } }: { model: OpenedModel }): JSX.Element {
  const side = (tensors: OpenedModel['overview']['inputs']): string => {
    const [first] = tensors;
    if (first === undefined) return 'nothing';
    const more = tensors.length > 1 ? ` and ${tensors.length - 1} more` : '';
    return `${first.name} ${formatShape(first.shape)}${more}`;
  };
  return (
    <div class="signature">
      {side(overview.inputs)} <span class="arrow">→</span> {side(overview.outputs)}
    </div>
  );
}

function Figure({ value, label, title }: { value: string; label: string; title?: string }): JSX.Element {
  return (
    <li class="figure" title={title}>
      <span class="figure-value">{value}</span>
      <span class="figure-label">{label}</span>
    </li>
  );
}

function RunControl({ model }: { model: OpenedModel }): JSX.Element | null {
  const running = progress.value;
  const canRun = model.overview.cannotRun.length === 0 && model.passes.some((pass) => pass.reason === undefined);
  if (running === undefined) {
    if (!canRun) return null;
    return (
      <div class="run">
        <Button primary icon="play" onClick={() => void startRun()} title="Run all passes that apply to this model">
          {result.value ? 'Run again' : 'Run'}
        </Button>
      </div>
    );
  }
  const { inputsSeen, inputsPlanned, secondsLeft, phase } = running;
  const share = inputsPlanned > 0 ? inputsSeen / inputsPlanned : undefined;
  return (
    <div class="run running" aria-live="polite">
      <div class="run-text">
        <span>{phase}</span>
        <span class="muted">
          {inputsPlanned > 0 && `${formatCount(inputsSeen)} of ${formatCount(inputsPlanned)} inputs`}
          {secondsLeft !== undefined && `, ${formatSeconds(secondsLeft)} left`}
        </span>
      </div>
      <ProgressBar share={share} label={`${phase}: ${inputsSeen} of ${inputsPlanned} inputs`} />
      <Button icon="stop" onClick={() => void cancelRun()} title="Stop and keep what was seen so far">
        Cancel
      </Button>
    </div>
  );
}
