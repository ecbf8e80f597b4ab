/** Which linear system is shown: at which input, between which values, read how, and how exact it is. */
import type { JSX } from 'preact';
import type { CutChoice, SystemDescription, SystemReading } from '../../../src/protocol/linear.js';
import { Tabs } from '../../controls/tabs.js';
import { ui } from '../../state/interface-state.js';
import { CutPicker } from './cut-picker.js';
import { ExactnessView } from './exactness.js';
import { InputPicker } from './input-picker.js';

const READINGS: readonly { readonly name: SystemReading; readonly label: string; readonly says: string }[] = [
  {
    name: 'frozen',
    label: 'Held as it acted',
    says: 'Every unit that bends is held as it acted on this input, so that votes and biases add up to the output.',
  },
  {
    name: 'tangent',
    label: 'Derivative',
    says: 'Every unit is replaced by its derivative at this input: how the output moves when the input moves a little.',
  },
];

interface SystemHeadProps {
  readonly example: number;
  readonly size: number;
  readonly cuts: readonly CutChoice[];
  readonly description: SystemDescription | undefined;
}

export function SystemHead({ example, size, cuts, description }: SystemHeadProps): JSX.Element {
  const reading = READINGS.find(({ name }) => name === ui.linearCut.value.reading) ?? READINGS[0];
  return (
    <header class="system-head">
      <InputPicker label="Input" example={example} size={size} onChange={(next) => (ui.linearExample.value = next)} />
      <div class="system-choices">
        <div class="system-cut">
          <CutPicker side="from" cuts={cuts} end={description?.from} />
          <CutPicker side="to" cuts={cuts} end={description?.to} />
        </div>
        <div class="system-reading">
          <Tabs
            label="How units are read"
            kind="segments"
            tabs={READINGS}
            active={ui.linearCut.value.reading}
            onChange={(next) => (ui.linearCut.value = { ...ui.linearCut.value, reading: next })}
          />
          <span class="muted">{reading?.says}</span>
        </div>
        {description && <ExactnessView description={description} reading={ui.linearCut.value.reading} />}
      </div>
    </header>
  );
}
