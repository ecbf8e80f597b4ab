/** One line for a query: what is not understood is underlined in the text itself. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { QueryProblem } from '../../../src/core/graph/search/query.js';
import { completionId, COMPLETIONS_ID } from './completion-list.js';

interface QueryInputProps {
  readonly input: { current: HTMLInputElement | null };
  readonly value: string;
  readonly problems: readonly QueryProblem[];
  /** Id of the text that says what is wrong. */
  readonly problemId: string;
  /** The completion that is chosen, −1 for none; undefined while no list is shown. */
  readonly active: number | undefined;
  readonly onInput: (value: string) => void;
  readonly onCursor: (cursor: number) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus: () => void;
  readonly onBlur: () => void;
}

export function QueryInput(props: QueryInputProps): JSX.Element {
  const { input, value, problems, problemId, active, onInput, onCursor, onKeyDown, onFocus, onBlur } = props;
  const backdrop = useRef<HTMLDivElement>(null);
  const follow = (): void => {
    if (backdrop.current !== null) backdrop.current.scrollLeft = input.current?.scrollLeft ?? 0;
  };
  useLayoutEffect(follow, [value, problems]);
  const tellCursor = (): void => {
    onCursor(input.current?.selectionStart ?? value.length);
    follow();
  };
  return (
    <span class="query">
      <div class="query-backdrop" aria-hidden="true" ref={backdrop}>
        {pieces(value, problems).map(({ text, wrong }, index) =>
          wrong ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
        )}
      </div>
      <input
        ref={input}
        class="query-input"
        type="text"
        role="combobox"
        spellcheck={false}
        autocomplete="off"
        aria-label="Search the graph"
        aria-expanded={active !== undefined}
        aria-controls={COMPLETIONS_ID}
        aria-autocomplete="list"
        aria-activedescendant={active === undefined || active < 0 ? undefined : completionId(active)}
        aria-invalid={problems.length > 0}
        aria-describedby={problems.length > 0 ? problemId : undefined}
        placeholder="Search: conv1, op:Conv params:>1M"
        value={value}
        onInput={(event) => {
          onInput(event.currentTarget.value);
          tellCursor();
        }}
        onKeyDown={onKeyDown}
        onKeyUp={tellCursor}
        onClick={tellCursor}
        onScroll={follow}
        onFocus={onFocus}
        onBlur={onBlur}
      />
    </span>
  );
}

interface Piece {
  readonly text: string;
  readonly wrong: boolean;
}

/** The text cut at the ends of its problems; what is wrong and empty shows as the character before it. */
export function pieces(text: string, problems: readonly QueryProblem[]): readonly Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const { from, to } of [...problems].sort((a, b) => a.from - b.from)) {
    const start = Math.max(at, Math.min(from, text.length - (to > from ? 0 : 1)));
    const end = Math.max(start, to > from ? to : from + 1);
    if (start > at) found.push({ text: text.slice(at, start), wrong: false });
    if (end > start) found.push({ text: text.slice(start, end), wrong: true });
    at = Math.max(at, end);
  }
  if (at < text.length) found.push({ text: text.slice(at), wrong: false });
  return found;
}
