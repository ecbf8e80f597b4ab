/** The path that is shown in the graph, and where the next one begins. */
import { effect, signal } from '@preact/signals';
import type { PathAnswer } from '../../src/protocol/graph-questions.js';
import { attempt } from './attempt.js';
import { host } from './channel.js';
import { ui } from './interface-state.js';
import { openedModel } from './session.js';

export interface PathEnd {
  readonly id: string;
  readonly label: string;
}

export interface ShownPath {
  readonly from: PathEnd;
  readonly to: PathEnd;
  readonly answer: PathAnswer;
}

/** Where a path begins, while a person chooses its end. */
export const pathStart = signal<PathEnd | undefined>(undefined);
export const shownPath = signal<ShownPath | undefined>(undefined);

export function startPath(from: PathEnd): void {
  shownPath.value = undefined;
  pathStart.value = from;
}

export async function endPath(to: PathEnd): Promise<void> {
  const from = pathStart.peek();
  if (from === undefined) return;
  pathStart.value = undefined;
  await attempt(
    host.path({ from: from.id, to: to.id }).then((answer) => {
      shownPath.value = { from, to, answer };
    }),
  );
}

/** @returns whether there was anything to leave. */
export function clearPath(): boolean {
  const had = pathStart.peek() !== undefined || shownPath.peek() !== undefined;
  pathStart.value = undefined;
  shownPath.value = undefined;
  return had;
}

/** Paths belong to the model that was open, and to one graph of it. */
effect(() => {
  void openedModel.value;
  void ui.graphScope.value;
  clearPath();
});
