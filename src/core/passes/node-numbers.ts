/** Numbers about values, at the nodes that make them. */
import type { Graph } from '../graph/graph.js';
import { nodeId } from '../graph/item-ids.js';

/** What a click on a finding or a row about a value selects. */
export function itemOf(graph: Graph, value: string): { readonly item?: string } {
  const node = graph.producerOf(value);
  return node === undefined ? {} : { item: nodeId(node) };
}

/** One number per node of the graph, NaN where nothing is said of its values. */
export function byNode(graph: Graph, numbers: Iterable<readonly [value: string, number: number]>): Float64Array {
  const values = new Float64Array(graph.nodes.length).fill(NaN);
  for (const [value, number] of numbers) {
    const node = graph.producerOf(value);
    if (node !== undefined) values[node.index] = number;
  }
  return values;
}
