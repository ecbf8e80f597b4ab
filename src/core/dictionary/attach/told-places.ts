import type { Graph } from '../../graph/graph.js';
import { headAxes } from '../../graph/roles/head-axes.js';
import { patchesOfHeads, patchTokens } from '../../graph/roles/patch-tokens.js';
import type { PlacesTold } from './layout.js';

/** What the structure of the graph tells of the places of a value; nothing of most. */
export function toldPlaces(graph: Graph, value: string): PlacesTold {
  const heads = headAxes(graph).get(value);
  const patches = heads === undefined ? patchTokens(graph).get(value) : patchesOfHeads(graph);
  return { ...(heads === undefined ? {} : { heads }), ...(patches === undefined ? {} : { patches }) };
}
