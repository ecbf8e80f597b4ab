/** The graph picture on the page: the side panel names what the graph shows. */
import { computed, signal } from '@preact/signals';
import type { GraphPicture } from '../../src/protocol/model.js';
import { itemOfSelection } from '../graph/neighbours.js';
import { selection } from './selection.js';

export const graphPicture = signal<GraphPicture | undefined>(undefined);

export const selectedItem = computed(() =>
  graphPicture.value === undefined ? undefined : itemOfSelection(graphPicture.value, selection.value),
);

/** The graph whose types and shapes are inferred; another object whenever they were inferred anew. */
export const typedScope = signal<{ readonly scope: string } | undefined>(undefined);
