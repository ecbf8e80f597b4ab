/** The search of the graph: the query with its completions, how many matches there are, and the way from one to the next. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Completion } from '../../../src/core/graph/search/completions.js';
import { IconButton } from '../../controls/button.js';
import { formatCount } from '../../format/numbers.js';
import { host } from '../../state/channel.js';
import { typedScope } from '../../state/graph.js';
import { ui } from '../../state/interface-state.js';
import { useResource } from '../../state/resource.js';
import { currentMatch, found, goToMatch, searchAnswer, setQuery, showAnswer } from '../../state/search.js';
import { fileResult, openedModel, result } from '../../state/session.js';
import { CompletionList } from './completion-list.js';
import { QueryInput } from './query-input.js';
import { useSearchKeys } from './search-keys.js';

const PROBLEM_ID = 'graph-search-problem';

/** @param children stand at the end of the line. */
export function SearchField({ children }: { children?: ComponentChildren }): JSX.Element {
  const query = ui.graphQuery.value;
  const scope = ui.graphScope.value;
  const input = useRef<HTMLInputElement>(null);
  const [cursor, setCursor] = useState(query.length);
  /** Completions show while a person types, until they choose or leave. */
  const [isListed, setListed] = useState(false);
  const [active, setActive] = useState(-1);
  /** Asked for with an arrow key: also where nothing was begun. */
  const [isAsked, setAsked] = useState(false);
  useSearchKeys(input);
  const failure = useAnswer(query, scope);
  const model = openedModel.value;
  const completions = useResource(
    isListed ? (signal) => host.completions({ query, cursor, scope }, signal) : undefined,
    [model, scope, query, cursor, isListed],
    true,
  ).value;
  const offered = completions?.items.filter(({ text }) => text !== query.slice(completions.from, completions.to)) ?? [];
  const isBegun = query === '' || !/\s/.test(query[cursor - 1] ?? ' ');
  const isOpen = isListed && offered.length > 0 && (isBegun || isAsked);
  const answer = searchAnswer.value;
  const problems = answer?.kind === 'problems' && query.trim() !== '' ? answer.problems : [];

  const wrong = failure ?? problems.map(({ message }) => message).join(' ');

  const take = ({ text }: Completion): void => {
    if (completions === undefined) return;
    const rest = query.slice(completions.to);
    const next = query.slice(0, completions.from) + text;
    setQuery(next + rest);
    setActive(-1);
    // A field goes on with its values, a value ends its term.
    setListed(text.endsWith(':'));
    setCursor(next.length);
    requestAnimationFrame(() => input.current?.setSelectionRange(next.length, next.length));
  };

  const clear = (): void => {
    setQuery('');
    setCursor(0);
    setListed(false);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const chosen = isOpen ? offered[active] : undefined;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setListed(true);
      setAsked(true);
      if (isOpen) setActive(around(active + step, offered.length));
    } else if (event.key === 'Tab' && !event.shiftKey && isOpen) take(chosen ?? offered[0] ?? nothing);
    else if (event.key === 'Enter' && chosen !== undefined) take(chosen);
    else if (event.key === 'Enter') {
      setListed(false);
      goToMatch(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape' && isOpen) setListed(false);
    else if (event.key === 'Escape' && query !== '') clear();
    else if (event.key === 'Escape') input.current?.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="graph-search" role="search">
      <div class="graph-search-line">
        <div class="graph-search-field">
          <QueryInput
            input={input}
            value={query}
            problems={problems}
            problemId={PROBLEM_ID}
            active={isOpen ? active : undefined}
            onInput={(text) => {
              setQuery(text);
              setActive(-1);
              setListed(true);
              setAsked(false);
            }}
            onCursor={setCursor}
            onKeyDown={onKeyDown}
            onFocus={() => setListed(query === '')}
            onBlur={() => setListed(false)}
          />
          {isOpen && <CompletionList items={offered} active={active} onTake={take} />}
        </div>
        <Count />
        <IconButton
          icon="up"
          label="Previous match (Shift+Enter)"
          disabled={!hasMatches()}
          onClick={() => goToMatch(-1)}
        />
        <IconButton icon="down" label="Next match (Enter)" disabled={!hasMatches()} onClick={() => goToMatch(1)} />
        <IconButton icon="close" label="Clear the search (Escape)" disabled={query === ''} onClick={clear} />
        {children}
      </div>
      {wrong !== '' && !isOpen && (
        <div class="graph-search-problem" id={PROBLEM_ID} role="status">
          {wrong}
        </div>
      )}
    </div>
  );
}

/** From the text (−1) through the list and back to the text. */
function around(position: number, length: number): number {
  return position >= length ? -1 : position < -1 ? length - 1 : position;
}

const nothing: Completion = { text: '', label: '', detail: '' };

function hasMatches(): boolean {
  return (found.value?.places.items.length ?? 0) > 0;
}

/** "3 of 171". */
function Count(): JSX.Element {
  const matches = found.value;
  const at = currentMatch.value;
  let text = '';
  if (matches !== undefined && searchAnswer.value?.kind === 'found') {
    if (matches.total === 0) text = 'nothing found';
    else if (at < 0) text = `${formatCount(matches.total)} found`;
    else text = `${formatCount(at + 1)} of ${formatCount(matches.total)}`;
  }
  return (
    <span class="graph-search-count muted" role="status">
      {text}
    </span>
  );
}

/** Asks at every change of the query, and again when more is known. @returns why there is no answer, if so. */
function useAnswer(query: string, scope: string): string | undefined {
  const asks = query.trim() !== '';
  const answer = useResource(asks ? (signal) => host.search({ query, scope }, signal) : undefined, [
    openedModel.value,
    query,
    scope,
    fileResult.value,
    result.value,
    // Shapes may be inferred only now.
    typedScope.value,
  ]);
  useEffect(() => {
    if (answer.value !== undefined || answer.error !== undefined) showAnswer(answer.value);
  }, [answer.value, answer.error]);
  return answer.error?.message;
}
