import { h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface Choice {
  readonly value: string;
  readonly label: string;
  /** Stands above the choices that share it, one after the other. */
  readonly group?: string;
}

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChange: (value: string) => void;
  readonly hideLabel?: boolean;
}

export function Select({ label, value, choices, onChange, hideLabel = false }: SelectProps): JSX.Element {
  const dropdown = useRef<HTMLElement & { value: string }>(null);
  const key = choices.map((choice) => choice.value).join('\n');
  // The element learns of its options a microtask after they are in the tree, and forgets its value when they change.
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (dropdown.current !== null && dropdown.current.value !== value) dropdown.current.value = value;
    });
    return () => cancelAnimationFrame(frame);
  }, [value, key]);
  return (
    <label class="field">
      <span class={hideLabel ? 'visually-hidden' : 'field-label'}>{label}</span>
      {h(
        'vscode-dropdown',
        {
          ref: dropdown,
          'aria-label': label,
          onChange: (event: Event) => {
            const chosen = (event.target as HTMLElement & { value: string }).value;
            if (chosen !== value && choices.some((choice) => choice.value === chosen)) onChange(chosen);
          },
        },
        choices.flatMap((choice, index) => [
          choice.group !== undefined &&
            choice.group !== choices[index - 1]?.group &&
            h('vscode-option', { key: `above ${choice.value}`, class: 'choice-group', disabled: true }, choice.group),
          h('vscode-option', { key: choice.value, value: choice.value }, choice.label),
        ]),
      )}
    </label>
  );
}
