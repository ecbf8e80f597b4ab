/** Patching between two inputs: what is measured, what is put where, what it did. */
import type { JSX } from 'preact';
import type { PatchDirection } from '../../src/protocol/attribution.js';
import { Button, IconButton } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { SearchSelect } from '../controls/search-select.js';
import { Select } from '../controls/select.js';
import { chosenOutputs } from '../linear/chosen-outputs.js';
import { searchOutputs } from '../linear/element-search.js';
import { outputName } from '../linear/ends.js';
import { InputPicker } from '../linear/head/input-picker.js';
import { useLongAnswer } from '../linear/long-answer.js';
import { systemKey, type System } from '../linear/system.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { PatchedView } from './patched-view.js';
import { inputNumber } from '../../src/core/told-numbers.js';

const DIRECTIONS: readonly { readonly value: PatchDirection; readonly label: string }[] = [
  { value: 'denoise', label: 'Clean values into the corrupt run' },
  { value: 'noise', label: 'Corrupt values into the clean run' },
];

/** Element of the end, and of one that is taken off it. */
interface ChosenMetric {
  readonly output: number;
  readonly minus?: number;
}

export function PatchingPart({ system, size }: { system: System; size: number }): JSX.Element {
  const { request, description } = system;
  const corrupt = Math.min(size - 1, ui.linearSecond.value ?? (request.example + 1) % size);
  const metric = chosenMetric(system);
  const direction = ui.patchDirection.value;
  const asked = { system: request, corrupt, metric, direction };
  const answer = useLongAnswer(
    `patch ${systemKey(request)} ${corrupt} ${metric.output} ${metric.minus ?? ''} ${direction}`,
    (signal, onProgress) => host.patch(asked, signal, onProgress),
  );
  return (
    <>
      <div class="part-tools">
        <InputPicker
          label="Corrupt input"
          example={corrupt}
          size={size}
          onChange={(example) => (ui.linearSecond.value = example)}
        />
        <MetricChooser system={system} metric={metric} />
        <Select
          label="Direction"
          value={direction}
          choices={DIRECTIONS}
          onChange={(value) => (ui.patchDirection.value = value === 'noise' ? 'noise' : 'denoise')}
        />
        {answer.value === undefined && !answer.loading && (
          <Button primary icon="play" disabled={corrupt === request.example} onClick={answer.start}>
            Patch part by part
          </Button>
        )}
      </div>
      {corrupt === request.example && (
        <p class="note">This is the same input: patching needs another one, of the same size.</p>
      )}
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.loading && (
        <LongWork
          label={`Patching input ${inputNumber(corrupt)} and input ${inputNumber(request.example)}`}
          progress={answer.progress}
          onStop={answer.stop}
          stopLabel="Cancel"
        />
      )}
      {answer.value && (
        <PatchedView
          system={system}
          answer={answer.value}
          corrupt={corrupt}
          direction={direction}
          metric={metricName(description, metric)}
        />
      )}
    </>
  );
}

/** What a person chose, else the largest output against the one after it. */
function chosenMetric({ description }: System): ChosenMetric {
  const { value, values } = description.to;
  const chosen = ui.patchMetric.value;
  const fits = chosen?.to === value && [chosen.output, chosen.minus ?? 0].every((each) => each < values.length);
  if (fits) return { output: chosen.output, ...(chosen.minus === undefined ? {} : { minus: chosen.minus }) };
  const [output = 0, minus] = chosenOutputs(description);
  return { output, ...(minus === undefined ? {} : { minus }) };
}

function metricName(description: System['description'], { output, minus }: ChosenMetric): string {
  const name = outputName(description, output);
  return minus === undefined ? name : `${name} − ${outputName(description, minus)}`;
}

function MetricChooser({ system, metric }: { system: System; metric: ChosenMetric }): JSX.Element {
  const { description } = system;
  const choose = (next: ChosenMetric): void => {
    ui.patchMetric.value = { to: description.to.value, ...next };
  };
  const { output, minus } = metric;
  return (
    <div class="metric-chooser" role="group" aria-label="Metric">
      <span class="field-label">Metric</span>
      <SearchSelect
        label="Measured output"
        button={outputName(description, output)}
        search={(query) => searchOutputs(description, query, minus === undefined ? [] : [minus])}
        chosen={String(output)}
        onChoose={(chosen) => choose({ ...metric, output: Number(chosen) })}
      />
      <span>−</span>
      <SearchSelect
        label="Output that is taken off it"
        button={minus === undefined ? 'nothing' : outputName(description, minus)}
        search={(query) => searchOutputs(description, query, [output])}
        {...(minus === undefined ? {} : { chosen: String(minus) })}
        onChoose={(chosen) => choose({ output, minus: Number(chosen) })}
      />
      {minus !== undefined && <IconButton icon="close" label="Take nothing off" onClick={() => choose({ output })} />}
    </div>
  );
}
