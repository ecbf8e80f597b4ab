import type { Graph } from '../../graph/graph.js';
import { headAxes } from '../../graph/roles/head-axes.js';
import { patchTokens } from '../../graph/roles/patch-tokens.js';
import type { PlacesTold } from './layout.js';

/** What the structure of the graph tells of the places of a value; nothing of most. */
export function toldPlaces(graph: Graph, value: string): PlacesTold {
  const [heads, patches] = [headAxes(graph).get(value), patchTokens(graph).get(value)];
  return { ...(heads === undefined ? {} : { heads }), ...(patches === undefined ? {} : { patches }) };
}
