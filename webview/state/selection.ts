/** What is selected, everywhere at once: one signal, told to the host, which tells the outline and other views. */
import { sameSelection, type Selection } from '../../src/protocol/selection.js';
import type { GraphItem } from '../../src/protocol/model.js';
import { host } from './channel.js';
import { ui } from './interface-state.js';
import { logDefect } from './log.js';

export const selection = ui.selection;

/** Selects here and tells the host. */
export function select(next: Selection): void {
  if (sameSelection(next, selection.peek())) return;
  selection.value = next;
  host.select(next).catch(logDefect);
}

export function selectLayer(layer: string): void {
  select({ layer });
}

export function selectUnit(layer: string, unit: number, example?: number): void {
  select(example === undefined ? { layer, unit } : { layer, unit, example });
}

export function selectTensor(tensor: number): void {
  select({ tensor });
}

/** An item that holds exactly one layer stands for that layer. */
export function selectItem(item: GraphItem): void {
  select(item.layers.length === 1 ? { item: item.id, layer: item.layers[0] } : { item: item.id });
}

export function clearSelection(): void {
  select({});
}

export function isEmpty(selected: Selection): boolean {
  return sameSelection(selected, {});
}
