/** A text of a line or several that Enter runs. */
import type { ComponentChildren, JSX } from 'preact';

interface PromptTextProps {
  /** What stands above the field. */
  readonly children: ComponentChildren;
  readonly value: string;
  readonly onInput: (text: string) => void;
  /** Given the text as the field holds it: what was typed last may not be drawn yet. */
  readonly onRun: (text: string) => void;
}

export function PromptText({ children, value, onInput, onRun }: PromptTextProps): JSX.Element {
  return (
    <label class="prompt-text">
      <span class="field-label">{children} (Enter runs it, Shift+Enter begins a line)</span>
      <textarea
        rows={2}
        value={value}
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          onRun(event.currentTarget.value);
        }}
      />
    </label>
  );
}
