/** The filter that makes one output, and what one part of the input paints. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Pattern } from '../../../src/protocol/linear.js';
import { Checkbox, Spinner } from '../../controls/fields.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { host } from '../../state/channel.js';
import { ui } from '../../state/interface-state.js';
import { ElementPicker } from '../element-picker.js';
import { searchElements, searchOutputs } from '../element-search.js';
import { elementName, firstElement, outputName } from '../ends.js';
import { ChannelPicker } from '../map/channel-picker.js';
import { PatternView } from '../map/pattern-view.js';
import { systemFoot, type System } from '../system.js';
import { useNewest, type Followed } from '../use-newest.js';

const ROW_UNIT = {
  label: 'Weight',
  definition:
    'By how much the output rises when this number of the input rises by 1, with every unit held as the system reads it.',
};
const COLUMN_UNIT = {
  label: 'Change of the output',
  definition:
    'By how much this output rises when the chosen number of the input rises by 1, with every unit held as the system reads it.',
};

export function RowsAndColumns({ system }: { system: System }): JSX.Element {
  const { from, to } = system.description;
  const live = ui.linearLive.value ?? (from.layout.kind === 'image' && to.layout.kind === 'image');
  return (
    <>
      <div class="part-tools">
        <ChannelPicker end="from" layout={from.layout} label="Input drawn as" />
        <ChannelPicker end="to" layout={to.layout} label="Output drawn as" />
        <Checkbox checked={live} onChange={(checked) => (ui.linearLive.value = checked)}>
          Live: follow the pointer
        </Checkbox>
      </div>
      <Row system={system} live={live} />
      <Column system={system} live={live} />
    </>
  );
}

interface SideProps {
  readonly system: System;
  readonly live: boolean;
}

function Row({ system, live }: SideProps): JSX.Element {
  const { description, request } = system;
  const { from, to } = description;
  const stored = ui.linearRow.value;
  const chosen = stored?.to === to.value && stored.output < to.values.length ? stored.output : firstElement(to);
  const followed = useNewest((output: number, signal) => host.linearRow({ system: request, output }, signal), [system]);
  useEffect(() => followed.want(chosen), [system, chosen]);
  const shown = followed.answer;
  return (
    <section class="pair" aria-label="Row">
      <ElementPicker
        title={`Output: ${to.label}`}
        side="to"
        end={to}
        foot={systemFoot(system)}
        chosen={chosen}
        onChoose={(output) => (ui.linearRow.value = { to: to.value, output })}
        live={live}
        hint="shows its row"
        name={(output) => outputName(description, output)}
        search={(query) => searchOutputs(description, query)}
      />
      <div class="pair-answer">
        <FollowedState followed={followed} />
        {shown && (
          <PatternView
            title={`Row of ${outputName(description, shown.question)}`}
            definition="The filter over the input that makes this output: positive numbers raise it where the input is positive."
            end="from"
            layout={from.layout}
            values={shown.answer.values}
            unit={ROW_UNIT}
            foot={systemFoot(system)}
          />
        )}
      </div>
    </section>
  );
}

function Column({ system, live }: SideProps): JSX.Element {
  const { description, request } = system;
  const { from, to } = description;
  const stored = ui.linearColumn.value;
  const chosen = stored?.from === from.value && stored.input < from.values.length ? stored.input : firstElement(from);
  const followed = useNewest(
    (input: number, signal) => host.linearColumn({ system: request, input }, signal),
    [system],
  );
  useEffect(() => followed.want(chosen), [system, chosen]);
  const shown = followed.answer;
  return (
    <section class="pair" aria-label="Column">
      <ElementPicker
        title={`Input: ${from.label}`}
        side="from"
        end={from}
        foot={systemFoot(system)}
        chosen={chosen}
        onChoose={(input) => (ui.linearColumn.value = { from: from.value, input })}
        live={live}
        hint="shows its column"
        name={(element) => elementName(from.layout, element)}
        search={(query) => searchElements(from, query)}
      />
      <div class="pair-answer">
        <FollowedState followed={followed} />
        {shown && (
          <PatternView
            title={`Column of ${elementName(from.layout, shown.question)}`}
            definition="What this one number of the input paints over the output."
            end="to"
            layout={to.layout}
            values={shown.answer.values}
            unit={COLUMN_UNIT}
            foot={systemFoot(system)}
            name={(output) => outputName(description, output)}
          />
        )}
      </div>
    </section>
  );
}

function FollowedState({ followed }: { followed: Followed<number, Pattern> }): JSX.Element | null {
  if (followed.error) return <ProblemBox problem={followed.error} />;
  return followed.busy && followed.answer === undefined ? <Spinner label="Reading" /> : null;
}
