/**
 * What every node adds to a target, or to several of them together, along all paths of the graph together: with the same
 * features active as before, the graph is linear, and a feature that loses a share of what makes it up writes that share
 * less. A check by intervention is compared with this, since nothing holds the features between.
 */
import type { CircuitNode } from './attribution-graph.js';
import { forEachEdge, type EdgeMatrix } from './edge-matrix.js';

/** @returns by node, in the units of the targets; 0 for all that does not lead to one. */
export function pathSums(nodes: readonly CircuitNode[], edges: EdgeMatrix, targets: readonly number[]): Float64Array {
  const sums = new Float64Array(edges.size);
  const isTarget = new Set(targets);
  for (let node = Math.max(...targets); node >= 0; node--) {
    const between = nodes[node];
    const passedOn = between?.kind === 'feature' ? (sums[node] as number) / between.activation : 0;
    const share = (isTarget.has(node) ? 1 : 0) + passedOn;
    if (share === 0) continue;
    forEachEdge(edges, node, (source, weight) => {
      sums[source] = (sums[source] as number) + share * weight;
    });
  }
  return sums;
}
