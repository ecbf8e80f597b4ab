/** The patterns that the network amplifies most at this input. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { MOST_TRIPLETS, type SingularTriplet } from '../../../src/protocol/linear.js';
import { Button } from '../../controls/button.js';
import { Badge } from '../../controls/fields.js';
import { LongWork } from '../../controls/long-work.js';
import { NumberField } from '../../controls/number-field.js';
import { formatCount, formatNumber } from '../../format/numbers.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { host } from '../../state/channel.js';
import { ui } from '../../state/interface-state.js';
import { outputName } from '../ends.js';
import { useLongAnswer } from '../long-answer.js';
import { ChannelPicker } from '../map/channel-picker.js';
import { PatternView } from '../map/pattern-view.js';
import { systemFoot, systemKey, type System } from '../system.js';
import { ValueBars } from '../value-bars.js';

const INPUT_UNIT = {
  label: 'Pattern',
  definition: 'A direction of the input: its numbers have length 1 together. The sign of the whole pattern is free.',
};
const OUTPUT_UNIT = {
  label: 'Pattern',
  definition: 'What the input pattern becomes, divided by the gain: its numbers have length 1 together.',
};

export function SingularVectors({ system }: { system: System }): JSX.Element {
  const { request, description } = system;
  const count = ui.singularCount.value;
  const answer = useLongAnswer(`singular ${systemKey(request)} ${count}`, (signal, onProgress) =>
    host.linearSingular({ system: request, count }, signal, onProgress),
  );
  return (
    <>
      <div class="part-tools">
        <NumberField
          label="How many"
          value={count}
          minimum={1}
          maximum={MOST_TRIPLETS}
          onChange={(next) => (ui.singularCount.value = next)}
        />
        {answer.value === undefined && !answer.loading && (
          <Button primary icon="play" onClick={answer.start}>
            Find the strongest patterns
          </Button>
        )}
        {answer.value && (
          <>
            <ChannelPicker end="from" layout={description.from.layout} label="Input drawn as" />
            <ChannelPicker end="to" layout={description.to.layout} label="Output drawn as" />
          </>
        )}
      </div>
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.loading && (
        <LongWork label="Finding patterns" progress={answer.progress} onStop={answer.stop} stopLabel="Cancel" />
      )}
      {answer.value && <Triplets system={system} triplets={answer.value} />}
    </>
  );
}

function Triplets({ system, triplets }: { system: System; triplets: readonly SingularTriplet[] }): JSX.Element {
  const { description } = system;
  const foot = systemFoot(system);
  const rows = useMemo(() => triplets.map((_, index) => `pattern ${index + 1}`), [triplets]);
  const gains = useMemo(() => [{ label: 'gain', values: triplets.map(({ gain }) => gain) }], [triplets]);
  return (
    <>
      <ValueBars
        title="Gains"
        definition="How much longer the pattern is at the output than at the input (singular values)."
        foot={foot}
        row="pattern"
        rows={rows}
        series={gains}
        valueLabel="gain"
      />
      {triplets.map(({ gain, input, output, isSettled, steps }, index) => (
        <section key={index} class="triplet" aria-label={`Pattern ${index + 1}`}>
          <h3>
            Pattern {index + 1}: amplified {formatNumber(gain)} times{' '}
            {!isSettled && (
              <Badge
                tone="warning"
                title={`It still moved after ${formatCount(steps)} steps: several patterns are amplified nearly as much, and this is a mixture of them.`}
              >
                not settled
              </Badge>
            )}
          </h3>
          <div class="pair">
            <PatternView
              title={`Input pattern ${index + 1}`}
              end="from"
              layout={description.from.layout}
              values={input}
              unit={INPUT_UNIT}
              foot={foot}
            />
            <PatternView
              title={`Output pattern ${index + 1}`}
              end="to"
              layout={description.to.layout}
              values={output}
              unit={OUTPUT_UNIT}
              foot={foot}
              name={(element) => outputName(description, element)}
            />
          </div>
        </section>
      ))}
    </>
  );
}
