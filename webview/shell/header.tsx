/** Name and size of the model, and the run. */
import type { JSX } from 'preact';
import { isInEveryRun, type NamedTensorType } from '../../src/protocol/model.js';
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
        {overview.network === undefined ? (
          <Figure value={formatCount(overview.tensors)} label={overview.tensors === 1 ? 'tensor' : 'tensors'} />
        ) : (
          <Figure value={formatCount(overview.network.nodes)} label="nodes" />
        )}
        <Figure value={formatBytes(overview.fileBytes + overview.externalBytes)} label="on disk" />
      </ul>
      <RunControl model={model} />
    </header>
  );
}

/** "image 1 × 3 × 64 × 64 → logits 1 × 10"; of weights without a network "safetensors, 3 files". */
function Signature({ model: { overview } }: { model: OpenedModel }): JSX.Element {
  const { network } = overview;
  if (network === undefined) {
    const files = overview.files > 1 ? `, ${formatCount(overview.files)} files` : '';
    return (
      <div class="signature">
        {overview.formatName}
        {files}: weights without a graph
      </div>
    );
  }
  const side = (tensors: readonly NamedTensorType[]): string => {
    const [first] = tensors;
    if (first === undefined) return 'nothing';
    const more = tensors.length > 1 ? ` and ${tensors.length - 1} more` : '';
    return `${first.name} ${formatShape(first.shape)}${more}`;
  };
  return (
    <div class="signature">
      {side(network.inputs)} <span class="arrow">→</span> {side(network.outputs)}
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
  const canRun = model.passes.some(isInEveryRun);
  if (running === undefined) {
    if (!canRun) return null;
    return (
      <div class="run">
        <Button
          primary
          icon="play"
          onClick={() => void startRun()}
          title="Run all passes that apply to this model, but for experiments: those are started one by one"
        >
          {result.value ? 'Run again' : 'Run'}
        </Button>
      </div>
    );
  }
  const { unit, done, planned, secondsLeft, phase } = running;
  const share = planned > 0 ? done / planned : undefined;
  const amount =
    unit === 'bytes'
      ? `${formatBytes(done)} of ${formatBytes(planned)}`
      : `${formatCount(done)} of ${formatCount(planned)} ${unit}`;
  return (
    <div class="run running" aria-live="polite">
      <div class="run-text">
        <span title={phase}>{phase}</span>
        <span class="muted">
          {planned > 0 && amount}
          {secondsLeft !== undefined && `, ${formatSeconds(secondsLeft)} left`}
        </span>
      </div>
      <ProgressBar share={share} label={planned > 0 ? `${phase}: ${amount}` : phase} />
      <Button icon="stop" onClick={() => void cancelRun()} title="Stop and keep what was seen so far">
        Cancel
      </Button>
    </div>
  );
}
