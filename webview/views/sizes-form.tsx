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
  const isSize = (value: string): boolean =>
    /^\d{1,10}$/.test(value) && Number(value) >= 1 && Number(value) <= LARGEST_SIZE;
  const text = (name: string, of = typed): string => of[name] ?? String(sizes[name]);
  const canApply = (of: typeof typed): boolean =>
    !busy &&
    names.every((name) => isSize(text(name, of))) &&
    names.some((name) => text(name, of) !== String(sizes[name]));
  const apply = async (of: typeof typed): Promise<void> => {
    if (!canApply(of)) return;
    setBusy(true);
    await attempt(host.setSizes({ sizes: Object.fromEntries(names.map((name) => [name, Number(text(name, of))])) }));
    setBusy(false);
    setTyped({});
  };
  return (
    <form
      class="sizes"
      aria-label="Sizes of open dimensions"
      onSubmit={(event) => {
        event.preventDefault();
        void apply(typed);
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
            onEnter={(value) => void apply({ ...typed, [name]: value })}
          />
        </label>
      ))}
      <Button disabled={!canApply(typed)} onClick={() => void apply(typed)}>
        Count again
      </Button>
    </form>
  );
}
