/** The graph picture on the page: the side panel names what the graph shows. */
import { computed, signal } from '@preact/signals';
import type { GraphPicture } from '../../src/protocol/model.js';
import { itemOfSelection } from '../graph/neighbours.js';
import { selection } from './selection.js';

export const graphPicture = signal<GraphPicture | undefined>(undefined);

export const selectedItem = computed(() =>
  graphPicture.value === undefined ? undefined : itemOfSelection(graphPicture.value, selection.value),
);
