/**
 * What every node adds to one target along all paths of the graph together: with the same features active as before, the
 * graph is linear, and a feature that loses a share of what makes it up writes that share less. A check by intervention
 * is compared with this, since nothing holds the features between.
 */
import type { CircuitNode } from './attribution-graph.js';
import { forEachEdge, type EdgeMatrix } from './edge-matrix.js';

/** @returns by node, in the unit of the target; 0 for the target itself and all that does not lead to it. */
export function pathSums(nodes: readonly CircuitNode[], edges: EdgeMatrix, target: number): Float64Array {
  const sums = new Float64Array(edges.size);
  for (let node = target; node >= 0; node--) {
    const between = nodes[node];
    const share = node === target ? 1 : between?.kind === 'feature' ? (sums[node] as number) / between.activation : 0;
    if (share === 0) continue;
    forEachEdge(edges, node, (source, weight) => {
      sums[source] = (sums[source] as number) + share * weight;
    });
  }
  return sums;
}
