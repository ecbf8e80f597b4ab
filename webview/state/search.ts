/** The search of the graph: what was asked, what was found, and the match that a person is at. */
import { computed, effect, signal } from '@preact/signals';
import type { Places, SearchAnswer } from '../../src/protocol/graph-questions.js';
import { ui } from './interface-state.js';
import { revealItem } from './reveal.js';

/** The answer to the latest query; undefined before the first. */
export const searchAnswer = signal<SearchAnswer | undefined>(undefined);

/** Position of the match that a person is at; −1 before they went to one. */
export const currentMatch = signal(-1);

export interface Found {
  readonly places: Places;
  readonly total: number;
}

/** What is marked: what the latest query that was understood found. */
const latestFound = signal<Found | undefined>(undefined);

/** Undefined where nothing is searched for. */
export const found = computed<Found | undefined>(() =>
  ui.graphQuery.value.trim() === '' ? undefined : latestFound.value,
);

/** Set while the answer to the latest query is under way; with the step that a person has already asked for. */
let awaited: { step?: 1 | -1 } | undefined;

export function setQuery(query: string): void {
  if (query === ui.graphQuery.peek()) return;
  ui.graphQuery.value = query;
  currentMatch.value = -1;
  awaited = query.trim() === '' ? undefined : {};
}

/** A query that is not understood leaves what was found before. @param answer undefined where there is none. */
export function showAnswer(answer: SearchAnswer | undefined): void {
  const { step } = awaited ?? {};
  awaited = undefined;
  searchAnswer.value = answer;
  if (answer?.kind !== 'found') return;
  latestFound.value = answer;
  if (currentMatch.peek() >= answer.places.items.length) currentMatch.value = -1;
  if (step !== undefined) goToMatch(step);
}

/** Goes to the next match or the one before, around the ends, and opens the modules around it. */
export function goToMatch(step: 1 | -1): void {
  if (awaited !== undefined) {
    // Typed faster than answered.
    awaited.step = step;
    return;
  }
  const items = found.peek()?.places.items ?? [];
  if (items.length === 0) return;
  const from = currentMatch.peek();
  const next = from < 0 ? (step > 0 ? 0 : items.length - 1) : (from + step + items.length) % items.length;
  currentMatch.value = next;
  void revealItem(items[next] ?? '');
}

/** Each graph of the model is searched on its own. */
effect(() => {
  void ui.graphScope.value;
  currentMatch.value = -1;
  latestFound.value = undefined;
});
