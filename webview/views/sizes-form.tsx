/** Sizes of the graph's open dimensions: what operations and memory rest on, and can be asked for others. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../controls/button.js';
import { TextField } from '../controls/text-field.js';
import { attempt } from '../state/attempt.js';
import { host } from '../state/channel.js';
import { fileResult } from '../state/session.js';

const LARGEST_SIZE = 1e9;

export function SizesForm(): JSX.Element | null {
  const sizes = fileResult.value?.sizes ?? {};
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const names = Object.keys(sizes);
  if (names.length === 0) return null;
  const text = (name: string): string => typed[name] ?? String(sizes[name]);
  const isSize = (value: string): boolean =>
    /^\d{1,10}$/.test(value) && Number(value) >= 1 && Number(value) <= LARGEST_SIZE;
  const changed = names.some((name) => text(name) !== String(sizes[name]));
  const valid = names.every((name) => isSize(text(name)));
  const apply = async (): Promise<void> => {
    if (!changed || !valid || busy) return;
    setBusy(true);
    await attempt(host.setSizes({ sizes: Object.fromEntries(names.map((name) => [name, Number(text(name))])) }));
    setBusy(false);
    setTyped({});
  };
  return (
    <form
      class="sizes"
      aria-label="Sizes of open dimensions"
      onSubmit={(event) => {
        event.preventDefault();
        void apply();
      }}
    >
      <span class="field-label">Counted for</span>
      {names.map((name) => (
        <label key={name} class="field">
          <span class="field-label">{name} =</span>
          <TextField
            label={`Size of ${name}`}
            placeholder="1"
            class="size-field"
            value={text(name)}
            invalid={!isSize(text(name))}
            onInput={(value) => setTyped({ ...typed, [name]: value })}
            onKeyDown={(event) => event.key === 'Enter' && void apply()}
          />
        </label>
      ))}
      <Button disabled={!changed || !valid || busy} onClick={() => void apply()}>
        Count again
      </Button>
    </form>
  );
}
