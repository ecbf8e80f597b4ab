/** Where the text comes from: typed, or one of the model’s inputs. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PromptFacts, PromptSource } from '../../src/protocol/steering.js';
import { Button } from '../controls/button.js';
import { NumberField } from '../controls/number-field.js';
import { Tabs } from '../controls/tabs.js';
import { ui } from '../state/interface-state.js';

const KINDS = [
  { name: 'text', label: 'A text' },
  { name: 'input', label: 'One of the inputs' },
] as const;

export function PromptForm({ facts, prompt }: { facts: PromptFacts; prompt: PromptSource | undefined }): JSX.Element {
  const [kind, setKind] = useState<PromptSource['kind']>(
    prompt?.kind ?? (facts.noText === undefined ? 'text' : 'input'),
  );
  const [text, setText] = useState(prompt?.kind === 'text' ? prompt.text : '');
  const [input, setInput] = useState(prompt?.kind === 'input' ? prompt.input : 0);
  const run = (): void => {
    ui.prompt.value = kind === 'text' ? { kind, text } : { kind, input };
  };
  const disabled = kind === 'text' && text === '';
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!disabled) run();
  };
  return (
    <div class="prompt-form" role="group" aria-label="Text to look at">
      {facts.noText === undefined ? (
        <Tabs label="What is looked at" kind="segments" tabs={KINDS} active={kind} onChange={setKind} />
      ) : (
        <p class="note">{facts.noText}</p>
      )}
      {kind === 'text' ? (
        <label class="prompt-text">
          <span class="field-label">
            Text{facts.context === undefined ? '' : `, up to ${facts.context} tokens`} (Enter runs it, Shift+Enter
            begins a line)
          </span>
          <textarea
            rows={2}
            value={text}
            spellcheck={false}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={onKeyDown}
          />
        </label>
      ) : (
        <NumberField
          label="Input, from 1"
          value={input + 1}
          minimum={1}
          maximum={facts.inputs}
          onChange={(next) => setInput(next - 1)}
        />
      )}
      <div class="button-row">
        <Button primary icon="play" disabled={disabled} onClick={run}>
          Show features
        </Button>
      </div>
    </div>
  );
}
