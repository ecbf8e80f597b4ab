/** Where the text comes from: typed, or one of the model’s inputs. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PromptFacts, PromptSource } from '../../src/protocol/steering.js';
import { Button } from '../controls/button.js';
import { NumberField } from '../controls/number-field.js';
import { PromptText } from '../controls/prompt-text.js';
import { Tabs } from '../controls/tabs.js';
import { ui } from '../state/interface-state.js';
import { inputNumber, indexOfInput } from '../../src/core/told-numbers.js';

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
  const runText = (typed: string): void => {
    if (typed !== '') ui.prompt.value = { kind: 'text', text: typed };
  };
  const run = (): void => {
    if (kind === 'text') runText(text);
    else ui.prompt.value = { kind, input };
  };
  const disabled = kind === 'text' && text === '';
  return (
    <div class="prompt-form" role="group" aria-label="Text to look at">
      {facts.noText === undefined ? (
        <Tabs label="What is looked at" kind="segments" tabs={KINDS} active={kind} onChange={setKind} />
      ) : (
        <p class="note">{facts.noText}</p>
      )}
      {kind === 'text' ? (
        <PromptText value={text} onInput={setText} onRun={runText}>
          Text{facts.context === undefined ? '' : `, up to ${facts.context} tokens`}
        </PromptText>
      ) : (
        <NumberField
          label="Input, from 1"
          value={inputNumber(input)}
          minimum={1}
          maximum={facts.inputs}
          onChange={(next) => setInput(indexOfInput(next))}
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
