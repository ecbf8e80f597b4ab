import type { JSX } from 'preact';
import { IconButton } from '../controls/button.js';
import { Tabs } from '../controls/tabs.js';
import { TextField } from '../controls/text-field.js';
import { ui } from '../state/interface-state.js';
import type { FeatureFilter } from './rows.js';

const FIRING: readonly { readonly name: FeatureFilter['firing']; readonly label: string }[] = [
  { name: 'all', label: 'All' },
  { name: 'firing', label: 'Firing' },
  { name: 'dead', label: 'Dead' },
];

/** Which features the table shows. */
export function FeatureFilters({ isText }: { isText: boolean }): JSX.Element {
  const filter = ui.featureFilter.value;
  const change = (next: Partial<FeatureFilter>): void => {
    ui.featureFilter.value = { ...filter, ...next };
  };
  return (
    <div class="feature-filters">
      <TextField
        label="Filter features"
        placeholder={isText ? 'Filter by number, name or token' : 'Filter by number, name or place'}
        class="filter-field"
        value={filter.text}
        onInput={(text) => change({ text })}
      />
      <Tabs
        label="Features that are shown"
        kind="segments"
        tabs={FIRING}
        active={filter.firing}
        onChange={(firing) => change({ firing })}
      />
      {filter.list && <ListChip list={filter.list} />}
      <div class="density-range" role="group" aria-label="Density">
        <span class="field-label">Density</span>
        <PercentField
          label="Least density, in percent"
          value={filter.leastDensity}
          onChange={(leastDensity) => change({ leastDensity })}
        />
        <span class="muted">to</span>
        <PercentField
          label="Largest density, in percent"
          value={filter.mostDensity}
          onChange={(mostDensity) => change({ mostDensity })}
        />
        <span class="muted">%</span>
      </div>
    </div>
  );
}

function ListChip({ list }: { list: NonNullable<FeatureFilter['list']> }): JSX.Element {
  const clear = (): void => {
    const { list: _list, ...others } = ui.featureFilter.value;
    ui.featureFilter.value = others;
  };
  return (
    <span class="list-chip">
      Only those of “{list.name}”
      <IconButton icon="close" label="Show all features again" onClick={clear} />
    </span>
  );
}

interface PercentFieldProps {
  readonly label: string;
  /** From 0 to 1; undefined: no bound. */
  readonly value: number | undefined;
  readonly onChange: (value: number | undefined) => void;
}

function PercentField({ label, value, onChange }: PercentFieldProps): JSX.Element {
  return (
    <input
      class="number-field"
      type="number"
      aria-label={label}
      title={label}
      min={0}
      max={100}
      step="any"
      placeholder="any"
      value={value === undefined ? '' : Number((value * 100).toPrecision(12))}
      onChange={(event) => {
        const next = event.currentTarget.valueAsNumber;
        onChange(next >= 0 && next <= 100 ? next / 100 : undefined);
      }}
    />
  );
}
