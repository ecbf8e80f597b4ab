/** Shows a place, wherever it is: opens the modules around it, and the view that it lies in. */
import { attempt } from './attempt.js';
import { host } from './channel.js';
import { graphPicture } from './graph.js';
import { ui } from './interface-state.js';
import { enterScope, scopeOfItem } from './scope.js';
import { select, selectTensor } from './selection.js';

export function revealLayer(layer: string): Promise<void> {
  return revealPlace({ layer });
}

export function revealItem(item: string): Promise<void> {
  return revealPlace({ item });
}

export function revealTensor(tensor: number): void {
  ui.tab.value = 'weights';
  selectTensor(tensor);
}

async function revealPlace(place: { readonly item?: string; readonly layer?: string }): Promise<void> {
  ui.tab.value = 'overview';
  await attempt(
    (async () => {
      const around = await host.modulesAround(place);
      // Which graph comes first: each has its own open modules.
      if (place.item !== undefined) enterScope(scopeOfItem(place.item));
      const open = ui.expanded.peek() ?? graphPicture.peek()?.expanded ?? [];
      if (around.some((id) => !open.includes(id))) ui.expanded.value = [...new Set([...open, ...around])];
      select(place);
    })(),
  );
}
