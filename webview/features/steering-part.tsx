/** Features changed on a text: what is changed, where, and how the text is written on. */
import type { JSX } from 'preact';
import type { FeatureOverview } from '../../src/protocol/features.js';
import {
  MOST_CONTINUED,
  type Intervention,
  type PromptSource,
  type SteeringRequest,
} from '../../src/protocol/steering.js';
import { Button, IconButton } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { NumberField } from '../controls/number-field.js';
import { Select } from '../controls/select.js';
import { Tabs } from '../controls/tabs.js';
import { Help } from '../controls/tooltip.js';
import { useLongAnswer } from '../linear/long-answer.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { visible } from '../format/words.js';
import { SteeringOutcome } from './steering-outcome.js';
import { changingNote } from './variants.js';
import { NO_STEERING, withFeature, type SteeringChoices } from './steering-choices.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

const KINDS = [
  { value: 'add', label: 'add' },
  { value: 'set', label: 'set to' },
  { value: 'ablate', label: 'ablate (set to 0)' },
];
const UNITS = [
  { value: 'maximum', label: '× its largest activation' },
  { value: 'absolute', label: 'activation' },
];
const PLACES = [
  { name: 'all', label: 'At all tokens' },
  { name: 'chosen', label: 'At chosen tokens' },
] as const;

interface SteeringPartProps {
  readonly overview: FeatureOverview;
  readonly prompt: PromptSource;
  readonly tokens: readonly string[];
  /** Where the prediction is read; undefined: at the last. */
  readonly token: number | undefined;
}

export function SteeringPart({ overview, prompt, tokens, token }: SteeringPartProps): JSX.Element {
  const choices = ui.steering.value;
  const change = (next: Partial<SteeringChoices>): void => {
    ui.steering.value = { ...choices, ...next };
  };
  const { interventions, tokens: written, temperature, seed } = choices;
  const positions = choices.positions?.filter((at) => at < tokens.length);
  const request: SteeringRequest = {
    prompt,
    interventions,
    positions: positions ?? 'all',
    ...(token === undefined ? {} : { at: token }),
    ...(written === 0 ? {} : { continuation: { tokens: written, temperature, seed } }),
  };
  const answer = useLongAnswer(`steer ${overview.reads} ${JSON.stringify(request)}`, (signal, onProgress) =>
    host.steer(request, signal, onProgress),
  );
  const toggle = (at: number): void =>
    change({
      positions:
        positions?.includes(at) === true ? positions.filter((each) => each !== at) : [...(positions ?? []), at],
    });
  const changing = overview.writes === overview.reads ? changingNote(overview.variant) : undefined;
  return (
    <section class="steering" aria-label="Steer and ablate">
      <div class="frame-head">
        <h3 class="frame-title">Steer and ablate</h3>
        <Help about="Steer and ablate">
          The network runs once more with x′ = x + Σ (a′ − a) W_dec in the place of what stands where the dictionary
          writes: a is the feature’s activation, a′ what you make of it. What the dictionary leaves unexplained stays,
          so that changing nothing changes nothing.
        </Help>
      </div>
      {changing !== undefined && <p class="note">{changing}</p>}
      {interventions.length === 0 && (
        <p class="note">
          Choose “Change” in the table, or add a feature by its number, to see what the network says then.
        </p>
      )}
      {interventions.map((each) => (
        <InterventionRow
          key={each.feature}
          intervention={each}
          onChange={(next) =>
            change({ interventions: interventions.map((other) => (other.feature === each.feature ? next : other)) })
          }
          onRemove={() => change({ interventions: interventions.filter(({ feature }) => feature !== each.feature) })}
        />
      ))}
      <AddFeature overview={overview} />
      <Tabs
        label="Where features are changed"
        kind="segments"
        tabs={PLACES}
        active={positions === undefined ? 'all' : 'chosen'}
        onChange={(place) => change({ positions: place === 'all' ? undefined : [tokens.length - 1] })}
      />
      {positions !== undefined && (
        <div class="prompt-tokens" role="group" aria-label="Tokens at which features are changed">
          {tokens.map((text, at) => (
            <button
              key={at}
              type="button"
              class="prompt-token"
              aria-pressed={positions.includes(at)}
              title={`Token ${tokenNumber(at)}`}
              onClick={() => toggle(at)}
            >
              {visible(text)}
            </button>
          ))}
        </div>
      )}
      <div class="part-tools">
        <NumberField
          label="Tokens to write on"
          value={written}
          minimum={0}
          maximum={MOST_CONTINUED}
          onChange={(next) => change({ tokens: next })}
        />
        <AmountField
          label="Temperature (0: always the most probable)"
          value={temperature}
          minimum={0}
          onChange={(next) => change({ temperature: next })}
        />
        <NumberField
          label="Seed"
          value={seed}
          minimum={0}
          maximum={1_000_000}
          onChange={(next) => change({ seed: next })}
        />
      </div>
      <div class="button-row">
        <Button primary icon="play" disabled={interventions.length === 0 || answer.loading} onClick={answer.start}>
          Run with these changes
        </Button>
        <Button disabled={choices === NO_STEERING} onClick={() => (ui.steering.value = NO_STEERING)}>
          Reset
        </Button>
      </div>
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.loading && (
        <LongWork label="Running the network" progress={answer.progress} onStop={answer.stop} stopLabel="Cancel" />
      )}
      {answer.value && <SteeringOutcome answer={answer.value} />}
    </section>
  );
}

interface InterventionRowProps {
  readonly intervention: Intervention;
  readonly onChange: (next: Intervention) => void;
  readonly onRemove: () => void;
}

function InterventionRow({ intervention, onChange, onRemove }: InterventionRowProps): JSX.Element {
  const { feature, kind, amount, unit } = intervention;
  return (
    <div class="part-tools intervention" role="group" aria-label={`Change of feature ${feature}`}>
      <button type="button" class="text-button" onClick={() => (ui.feature.value = feature)}>
        Feature {feature}
      </button>
      <Select
        label={`What is done to feature ${feature}`}
        hideLabel
        value={kind}
        choices={KINDS}
        onChange={(next) => onChange({ ...intervention, kind: next as Intervention['kind'] })}
      />
      {kind !== 'ablate' && (
        <>
          <AmountField
            label={`Amount of feature ${feature}`}
            hideLabel
            value={amount}
            onChange={(next) => onChange({ ...intervention, amount: next })}
          />
          <Select
            label={`Unit of the amount of feature ${feature}`}
            hideLabel
            value={unit}
            choices={UNITS}
            onChange={(next) => onChange({ ...intervention, unit: next as Intervention['unit'] })}
          />
        </>
      )}
      <IconButton icon="close" label={`Leave feature ${feature} as it is`} onClick={onRemove} />
    </div>
  );
}

function AddFeature({ overview }: { overview: FeatureOverview }): JSX.Element {
  const features = overview.columns.density.length;
  const add = (event: KeyboardEvent & { currentTarget: HTMLInputElement }): void => {
    const { valueAsNumber: feature } = event.currentTarget;
    if (event.key !== 'Enter' || !Number.isInteger(feature) || feature < 0 || feature >= features) return;
    ui.steering.value = withFeature(ui.steering.value, feature, overview.columns.maximum[feature] ?? 0);
    event.currentTarget.value = '';
  };
  return (
    <label class="field">
      <span class="field-label">Another feature (Enter adds it)</span>
      <input class="number-field" type="number" min={0} max={features - 1} onKeyDown={add} />
    </label>
  );
}

interface AmountFieldProps {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly value: number;
  readonly minimum?: number;
  readonly onChange: (value: number) => void;
}

function AmountField({ label, hideLabel = false, value, minimum, onChange }: AmountFieldProps): JSX.Element {
  return (
    <label class="field">
      <span class={hideLabel ? 'visually-hidden' : 'field-label'}>{label}</span>
      <input
        class="number-field"
        type="number"
        step="any"
        min={minimum}
        value={value}
        onChange={(event) => {
          const next = event.currentTarget.valueAsNumber;
          if (Number.isFinite(next) && next >= (minimum ?? -Infinity)) onChange(next);
        }}
      />
    </label>
  );
}
