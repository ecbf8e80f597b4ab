import type { Graph } from '../graph/graph.js';
import { valuesRead } from '../rewrite/linearize/plan.js';

/** Inputs and what follows from them, in the order of the graph. */
export function changingValues(graph: Graph): readonly string[] {
  const values = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.order) {
    if (!valuesRead(node).some((value) => values.has(value))) continue;
    for (const output of node.outputs) if (output !== '') values.add(output);
  }
  return [...values];
}
