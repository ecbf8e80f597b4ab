/** The graph picture on the page: the side panel names what the graph shows. */
import { computed, signal } from '@preact/signals';
import type { GraphPicture } from '../../src/protocol/model.js';
import { itemOfSelection } from '../graph/neighbours.js';
import { attempt } from './attempt.js';
import { host } from './channel.js';
import { ui } from './interface-state.js';
import { select, selection } from './selection.js';

export const graphPicture = signal<GraphPicture | undefined>(undefined);

export const selectedItem = computed(() =>
  graphPicture.value === undefined ? undefined : itemOfSelection(graphPicture.value, selection.value),
);

const DEEPEST_NESTING = 64;

/** Opens the modules around a layer until its own node is in sight, and shows the graph. */
export async function revealLayer(layer: string): Promise<void> {
  ui.tab.value = 'overview';
  await attempt(
    (async () => {
      let expanded = graphPicture.peek()?.expanded ?? [];
      for (let depth = 0; depth < DEEPEST_NESTING; depth++) {
        const picture = await host.graph({ expanded });
        const item = itemOfSelection(picture, { layer });
        if (item === undefined || item.kind !== 'module' || item.expanded) break;
        expanded = [...expanded, item.id];
      }
      ui.expanded.value = expanded;
      select({ layer });
    })(),
  );
}
