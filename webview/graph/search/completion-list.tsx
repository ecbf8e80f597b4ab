import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Completion } from '../../../src/core/graph/search/completions.js';

export const COMPLETIONS_ID = 'graph-search-completions';

interface CompletionListProps {
  readonly items: readonly Completion[];
  /** −1 for none. */
  readonly active: number;
  readonly onTake: (item: Completion) => void;
}

export function completionId(index: number): string {
  return `${COMPLETIONS_ID}-${index}`;
}

export function CompletionList({ items, active, onTake }: CompletionListProps): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <ul class="completions" id={COMPLETIONS_ID} role="listbox" aria-label="Completions" ref={list}>
      {items.map((item, index) => (
        <li
          key={item.text}
          id={completionId(index)}
          role="option"
          aria-selected={index === active}
          // The field keeps the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            onTake(item);
          }}
        >
          <span class="completion-label">{item.label}</span>
          <span class="completion-detail">{item.detail}</span>
        </li>
      ))}
    </ul>
  );
}
