/** What a circuit is asked of: a text or an input, the token after which, and what is to be explained there. */
import type { JSX } from 'preact';
import type { TranscoderSetDescription } from '../../src/protocol/circuits.js';
import { Button } from '../controls/button.js';
import { NumberField } from '../controls/number-field.js';
import { PromptText } from '../controls/prompt-text.js';
import { Select } from '../controls/select.js';
import { Tabs } from '../controls/tabs.js';
import { TextField } from '../controls/text-field.js';
import { findCircuit } from '../state/circuits.js';
import { ui } from '../state/interface-state.js';
import { inputs } from '../state/session.js';
import { requestOf, type CircuitForm } from './form.js';
import { indexOfInput, inputNumber, positionOfToken, tokenNumber } from '../../src/core/told-numbers.js';

const SOURCES = [
  { name: 'prompt', label: 'A text' },
  { name: 'input', label: 'One of the inputs' },
] as const;

const TARGETS = [
  { value: 'likely', label: 'the likely next tokens' },
  { value: 'difference', label: 'why one token rather than another' },
  { value: 'feature', label: 'why one feature fires' },
];
const FARTHEST = 100_000;

export function CircuitFormPart({ transcoders }: { transcoders: TranscoderSetDescription }): JSX.Element {
  const form = ui.circuit.value;
  const set = (change: Partial<CircuitForm>): void => {
    ui.circuit.value = { ...form, ...change };
  };
  const size = inputs.value?.size ?? 0;
  const canRun = ({ source, text, input }: CircuitForm): boolean =>
    source === 'prompt' ? text.trim() !== '' : input < size;
  const run = (of: CircuitForm): void => {
    if (canRun(of)) void findCircuit(requestOf(of));
  };
  return (
    <div class="prompt-form circuit-form" role="group" aria-label="What is explained">
      <Tabs
        label="What is run"
        kind="segments"
        tabs={SOURCES}
        active={form.source}
        onChange={(source) => set({ source })}
      />
      {form.source === 'prompt' ? (
        <PromptText value={form.text} onInput={(text) => set({ text })} onRun={(text) => run({ ...form, text })}>
          Text
        </PromptText>
      ) : (
        <NumberField
          label={`Input, 1 to ${size}`}
          value={inputNumber(form.input)}
          minimum={1}
          maximum={Math.max(1, size)}
          onChange={(next) => set({ input: indexOfInput(next) })}
        />
      )}
      <div class="circuit-target">
        <Select
          label="Explain"
          value={form.target}
          choices={TARGETS}
          onChange={(target) => set({ target: target as CircuitForm['target'] })}
        />
        {form.target === 'difference' && (
          <>
            <TextField
              label="Token that is explained"
              value={form.plus}
              placeholder="the likeliest"
              onInput={(plus) => set({ plus })}
            />
            <span>rather than</span>
            <TextField
              label="Token that it is compared with"
              value={form.minus}
              placeholder="the second"
              onInput={(minus) => set({ minus })}
            />
          </>
        )}
        {form.target === 'feature' && (
          <>
            <Select
              label="Layer"
              value={String(form.layer)}
              choices={transcoders.layers
                .filter(({ transcoder }) => transcoder !== undefined)
                .map(({ layer }) => ({ value: String(layer), label: String(layer) }))}
              onChange={(layer) => set({ layer: Number(layer) })}
            />
            <NumberField
              label="Feature"
              value={form.feature}
              minimum={0}
              maximum={(transcoders.layers.find(({ layer }) => layer === form.layer)?.transcoder?.features ?? 1) - 1}
              onChange={(feature) => set({ feature })}
            />
          </>
        )}
        <Select
          label="Where"
          value={form.position === undefined ? 'last' : 'token'}
          choices={[
            { value: 'last', label: 'after the last token' },
            { value: 'token', label: 'after a token' },
          ]}
          onChange={(where) => set({ position: where === 'last' ? undefined : 0 })}
        />
        {form.position !== undefined && (
          <NumberField
            label="Token, from 1"
            value={tokenNumber(form.position)}
            minimum={1}
            maximum={FARTHEST}
            onChange={(next) => set({ position: positionOfToken(next) })}
          />
        )}
      </div>
      <div class="button-row">
        <Button primary icon="play" disabled={!canRun(form)} onClick={() => run(form)}>
          Find the circuit
        </Button>
      </div>
    </div>
  );
}
