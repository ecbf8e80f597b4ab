/** The systems of many inputs, folded: mean votes, mean biases, and how much biases decide. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { Button } from '../../controls/button.js';
import { LongWork } from '../../controls/long-work.js';
import { NumberField } from '../../controls/number-field.js';
import { formatCount } from '../../format/numbers.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { host } from '../../state/channel.js';
import { ui } from '../../state/interface-state.js';
import { chosenOutputs } from '../chosen-outputs.js';
import { useLongAnswer } from '../long-answer.js';
import { OutputChooser } from '../output-chooser.js';
import { systemKey, type System } from '../system.js';
import { FoldedView } from './folded-view.js';

const INPUTS_AT_FIRST = 20;

export function ManyInputs({ system, size }: { system: System; size: number }): JSX.Element {
  const { description, request } = system;
  const outputs = chosenOutputs(description);
  const inputs = Math.min(size, ui.foldedInputs.value ?? INPUTS_AT_FIRST);
  const asked = useMemo(
    () => ({ from: request.from, to: request.to, reading: request.reading, outputs, inputs }),
    [request, outputs.join(), inputs],
  );
  const key = `fold ${systemKey({ ...request, example: 0 })} ${outputs.join()} ${inputs}`;
  const answer = useLongAnswer(key, (signal, onProgress) => host.linearFold(asked, signal, onProgress));
  return (
    <>
      <div class="part-tools">
        <OutputChooser description={description} />
      </div>
      <div class="part-tools">
        <NumberField
          label="Inputs, from the first"
          value={inputs}
          minimum={1}
          maximum={size}
          onChange={(count) => (ui.foldedInputs.value = count)}
        />
        {answer.value === undefined && !answer.loading && (
          <Button primary icon="play" onClick={answer.start}>
            Read {inputs === 1 ? 'one input' : `${formatCount(inputs)} inputs`}
          </Button>
        )}
      </div>
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.loading && (
        <LongWork
          label={`Reading the network on ${formatCount(inputs)} inputs`}
          progress={answer.progress}
          onStop={answer.stop}
          stopLabel="Cancel"
        />
      )}
      {answer.value && <FoldedView system={system} folded={answer.value} />}
    </>
  );
}
