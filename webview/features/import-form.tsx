/** Where a list of features comes from: a file, or what a person types or pastes. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../controls/button.js';
import { Popover } from '../controls/popover.js';
import { readList } from '../state/feature-lists.js';

export function ImportForm({ disabled }: { disabled: boolean }): JSX.Element | null {
  const [text, setText] = useState('');
  if (disabled) return null;
  return (
    <Popover button="Import list…" label="Import a list of features" kind="dialog">
      {(close) => {
        const read = (typed?: string): void => {
          close();
          setText('');
          void readList(typed);
        };
        return (
          <div class="import-form">
            <p class="note">
              A list says which features to show, and may name them: explanations or features of Neuronpedia, a graph or
              a feature of circuit-tracer, CSV, or plain numbers.
            </p>
            <div class="button-row">
              <Button primary onClick={() => read()}>
                Choose File…
              </Button>
            </div>
            <label class="import-text">
              <span class="field-label">Or paste numbers, or the address of a Neuronpedia graph</span>
              <textarea
                class="label-field"
                rows={2}
                value={text}
                spellcheck={false}
                placeholder="12, 40, 181"
                onInput={(event) => setText(event.currentTarget.value)}
              />
            </label>
            <div class="button-row">
              <Button disabled={text.trim() === ''} onClick={() => read(text)}>
                Read
              </Button>
            </div>
          </div>
        );
      }}
    </Popover>
  );
}
