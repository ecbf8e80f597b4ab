/** Which graph of the model is drawn: the main one, or a body in it. */
import { itemOfId, scopeId } from '../../src/core/graph/item-ids.js';
import { graphPicture } from './graph.js';
import { ui } from './interface-state.js';
import { clearSelection, selection } from './selection.js';

/** Views of graphs that are remembered; what was left longest ago is forgotten. */
const REMEMBERED = 50;

/** Draws a body, or the main graph for "", as it was left. */
export function enterScope(scope: string): void {
  if (scope === ui.graphScope.peek()) return;
  clearSelection();
  showScope(scope);
}

/** One step outwards; nothing happens in the main graph. */
export function leaveScope(): void {
  const scope = ui.graphScope.peek();
  if (scope !== '') enterScope(scope.includes('/') ? scope.slice(0, scope.lastIndexOf('/')) : '');
}

/** The graph that an item lies in. */
export function scopeOfItem(id: string): string {
  return scopeId(itemOfId(id).scope);
}

/** What is selected elsewhere is shown where it lies. */
export function followSelection(): void {
  const { item, layer } = selection.value;
  if (item !== undefined) showScope(scopeOfItem(item));
  else if (layer !== undefined && graphPicture.peek()?.items.every(({ layers }) => !layers.includes(layer)))
    showScope('');
}

function showScope(scope: string): void {
  const before = ui.graphScope.peek();
  if (scope === before) return;
  const views = { ...ui.scopeViews.peek(), [before]: { expanded: ui.expanded.peek(), graphView: ui.graphView.peek() } };
  const { [scope]: left, ...others } = views;
  ui.scopeViews.value = Object.fromEntries(Object.entries(others).slice(-REMEMBERED));
  ui.expanded.value = left?.expanded;
  ui.graphView.value = left?.graphView;
  ui.graphScope.value = scope;
}
