import type { JSX } from 'preact';
import type { SystemLayout } from '../../../src/protocol/linear.js';
import { NumberField } from '../../controls/number-field.js';
import { Select } from '../../controls/select.js';
import { ui } from '../../state/interface-state.js';
import { isColoured } from './map-picture.js';

interface ChannelPickerProps {
  readonly end: 'from' | 'to';
  readonly layout: SystemLayout;
  readonly label: string;
}

/** How the channels at one end are drawn, in every picture of it. */
export function ChannelPicker({ end, layout, label }: ChannelPickerProps): JSX.Element | null {
  if (layout.kind !== 'image' || layout.channels === 1) return null;
  const chosen = ui.linearChannels.value[end];
  const set = (channel: string): void =>
    void (ui.linearChannels.value = { ...ui.linearChannels.value, [end]: channel });
  const single = Number(chosen) >= 0 && Number(chosen) < layout.channels;
  const whole = isColoured(layout)
    ? [
        { value: 'together', label: 'In colour (red, green, blue)' },
        { value: 'sum', label: 'Sum of channels' },
      ]
    : [{ value: 'together', label: 'Sum of channels' }];
  const wholeChosen = whole.some(({ value }) => value === chosen) ? chosen : 'together';
  return (
    <span class="channel-picker">
      <Select
        label={label}
        value={single ? 'one' : wholeChosen}
        choices={[...whole, { value: 'one', label: 'One channel' }]}
        onChange={(choice) => set(choice === 'one' ? '0' : choice)}
      />
      {single && (
        <NumberField
          label="Channel"
          value={Number(chosen)}
          minimum={0}
          maximum={layout.channels - 1}
          onChange={(channel) => set(String(channel))}
        />
      )}
    </span>
  );
}
