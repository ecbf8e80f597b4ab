/** A part that is made only when a person opens it, and stays as they left it. */
import type { ComponentChildren, JSX } from 'preact';
import { ui } from '../state/interface-state.js';

interface DisclosureProps {
  /** Unique on the page. */
  readonly name: string;
  readonly title: string;
  /** Said beside the title while it is closed: what opening it does. */
  readonly hint?: string;
  readonly children: () => ComponentChildren;
}

export function Disclosure({ name, title, hint, children }: DisclosureProps): JSX.Element {
  const open = ui.openParts.value.includes(name);
  const toggle = (next: boolean): void => {
    if (next === open) return;
    const others = ui.openParts.value.filter((each) => each !== name);
    ui.openParts.value = next ? [...others, name] : others;
  };
  return (
    <details class="disclosure" open={open} onToggle={(event) => toggle(event.currentTarget.open)}>
      <summary>
        <h3>{title}</h3>
        {!open && hint && <span class="muted">{hint}</span>}
      </summary>
      {open && <div class="disclosure-body">{children()}</div>}
    </details>
  );
}
