import { h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onInput: (value: string) => void;
  /** Given what the field holds: what was typed last may not be drawn yet. */
  readonly onEnter?: (value: string) => void;
  /** Marked as not understood. */
  readonly invalid?: boolean;
  readonly class?: string;
}

/** One line of text; every change is told as it is typed. */
export function TextField(props: TextFieldProps): JSX.Element {
  const { label, value, placeholder, onInput, onEnter, invalid = false, class: className = '' } = props;
  const field = useRef<HTMLElement & { value: string }>(null);
  // The element is told only what it does not say itself, or the cursor would jump.
  useEffect(() => {
    if (field.current !== null && field.current.value !== value) field.current.value = value;
  }, [value]);
  // The toolkit names every field “Text field” when it is put into the page.
  useEffect(() => field.current?.setAttribute('aria-label', label), [label]);
  return h('vscode-text-field', {
    ref: field,
    class: `text-field ${invalid ? 'invalid' : ''} ${className}`,
    'aria-invalid': invalid,
    placeholder,
    onInput: (event: Event) => onInput(valueOf(event)),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Enter' && !event.isComposing) onEnter?.(valueOf(event));
    },
  });
}

function valueOf({ currentTarget }: Event): string {
  return (currentTarget as HTMLElement & { value: string }).value;
}
