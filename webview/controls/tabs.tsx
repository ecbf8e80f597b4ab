import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';

export interface Tab<T extends string> {
  readonly name: T;
  readonly label: string;
  readonly disabledReason?: string;
}

interface TabsProps<T extends string> {
  readonly label: string;
  readonly tabs: readonly Tab<T>[];
  readonly active: T;
  readonly onChange: (name: T) => void;
  /** "segments" for a choice within a view. */
  readonly kind?: 'tabs' | 'segments';
}

/** A row of tabs: arrow keys move between them, as the ARIA authoring practices describe it. */
export function Tabs<T extends string>({ label, tabs, active, onChange, kind = 'tabs' }: TabsProps<T>): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const usable = tabs.filter((tab) => tab.disabledReason === undefined);
    const position = usable.findIndex((tab) => tab.name === active);
    const next = usable[(position + step + usable.length) % usable.length];
    if (next === undefined) return;
    onChange(next.name);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.name}"]`)?.focus();
  };
  return (
    <div class={kind} role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab.name}
          type="button"
          role="tab"
          data-tab={tab.name}
          aria-selected={tab.name === active}
          aria-disabled={tab.disabledReason !== undefined}
          tabIndex={tab.name === active ? 0 : -1}
          title={tab.disabledReason}
          onClick={() => tab.disabledReason === undefined && onChange(tab.name)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
