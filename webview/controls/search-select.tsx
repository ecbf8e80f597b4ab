/** A choice among many: a button that opens a field to type in and the choices that fit. */
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatCount } from '../format/numbers.js';
import { Popover } from './popover.js';

export interface SearchChoice {
  readonly value: string;
  readonly label: string;
  readonly detail?: string;
}

export interface SearchAnswer {
  readonly choices: readonly SearchChoice[];
  /** Choices that fit too and are not listed. */
  readonly more: number;
}

interface SearchSelectProps {
  /** Names the choice. */
  readonly label: string;
  /** What the button says: the present choice. */
  readonly button: ComponentChildren;
  /** What fits a text; all, or the likeliest, for "". */
  readonly search: (query: string) => SearchAnswer;
  readonly chosen?: string;
  readonly onChoose: (value: string) => void;
}

export function SearchSelect({ label, button, search, chosen, onChoose }: SearchSelectProps): JSX.Element {
  return (
    <span class="search-select">
      <Popover button={button} label={label} kind="dialog" buttonClass="search-select-button">
        {(close) => (
          <SearchList
            label={label}
            search={search}
            chosen={chosen}
            onChoose={(value) => {
              close();
              onChoose(value);
            }}
          />
        )}
      </Popover>
    </span>
  );
}

let lists = 0;

/** The field and the choices, in sight all the time. */
export function SearchList({ label, search, chosen, onChoose }: Omit<SearchSelectProps, 'button'>): JSX.Element {
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const [id] = useState(() => `search-list-${++lists}`);
  const list = useRef<HTMLUListElement>(null);
  const { choices, more } = search(query);
  useLayoutEffect(() => {
    list.current?.querySelector('[data-active="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const choice = choices[active];
    if (event.key === 'ArrowDown') setActive(Math.min(choices.length - 1, active + 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(0, active - 1));
    else if (event.key === 'Enter' && choice !== undefined) onChoose(choice.value);
    else return;
    event.preventDefault();
  };
  return (
    <div class="search-list">
      <input
        class="number-field search-list-field"
        type="search"
        tabIndex={0}
        role="combobox"
        aria-label={`${label}: type to find`}
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={choices.length > 0 ? `${id}-${active}` : undefined}
        placeholder="Type to find"
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul class="search-choices" id={id} role="listbox" aria-label={label} ref={list}>
        {choices.map((choice, index) => (
          <li
            key={choice.value}
            id={`${id}-${index}`}
            role="option"
            data-active={index === active}
            aria-selected={choice.value === chosen}
            title={choice.detail === undefined ? choice.label : `${choice.label}, ${choice.detail}`}
            onClick={() => onChoose(choice.value)}
          >
            <span class="search-choice-label">{choice.label}</span>
            {choice.detail !== undefined && <span class="search-choice-detail">{choice.detail}</span>}
          </li>
        ))}
      </ul>
      {choices.length === 0 && <p class="note">Nothing fits “{query}”.</p>}
      {more > 0 && <p class="note">and {formatCount(more)} more: type to find them</p>}
    </div>
  );
}
