/**
 * What is enough of an attribution graph (formats 3.5: the definitions of circuit-tracer), quick enough to follow a slider:
 * what does not depend on the shares is computed once, and the rest looks at the edges of kept nodes only.
 */
import type { EdgeMatrix } from './edge-matrix.js';
import {
  influence,
  PRUNE_SHARES,
  SMALLEST_ROW,
  thresholdFor,
  type NodeKind,
  type Pruned,
  type PruneShares,
} from './influence.js';

/** @param pinned nodes that stay, whatever they matter. */
export type Pruner = (shares?: PruneShares, pinned?: ReadonlySet<number>) => Pruned;

const NOBODY: ReadonlySet<number> = new Set();

/** Keeps the nodes and edges that matter most; then features that lose all edges on a side, and errors that lead nowhere, go. */
export function prune(
  edges: EdgeMatrix,
  kinds: readonly NodeKind[],
  outputs: Float64Array,
  shares: PruneShares = PRUNE_SHARES,
): Pruned {
  return createPruner(edges, kinds, outputs)(shares);
}

export function createPruner(edges: EdgeMatrix, kinds: readonly NodeKind[], outputs: Float64Array): Pruner {
  const { size, starts, sources, weights } = edges;
  const first = influence(edges, outputs).nodes;
  const scores = new Float64Array(weights.length);
  /** Edges between kept nodes, in the order in which their scores stand in `scores`. */
  const between = new Uint32Array(weights.length);
  const reaching = new Float64Array(size);

  /** Scores of the edges between kept nodes. @returns how many there are. */
  const score = (nodes: Uint8Array): number => {
    reaching.set(outputs);
    let count = 0;
    for (let target = size - 1; target >= 0; target--) {
      const reaches = reaching[target] as number;
      if (nodes[target] === 0 || reaches === 0) continue;
      const end = starts[target + 1] as number;
      const begin = count;
      let sum = 0;
      for (let edge = starts[target] as number; edge < end; edge++) {
        if (nodes[sources[edge] as number] === 0) continue;
        const weight = Math.abs(weights[edge] as number);
        sum += weight;
        between[count] = edge;
        scores[count++] = weight;
      }
      sum = Math.max(sum, SMALLEST_ROW);
      for (let at = begin; at < count; at++) {
        const passed = ((scores[at] as number) / sum) * reaches;
        const source = sources[between[at] as number] as number;
        scores[at] = passed;
        reaching[source] = (reaching[source] as number) + passed;
      }
    }
    return count;
  };

  return (shares = PRUNE_SHARES, pinned = NOBODY) => {
    const nodeThreshold = thresholdFor(first, shares.nodes);
    const nodes = Uint8Array.from(kinds, (kind, node) =>
      kind === 'token' || kind === 'output' || pinned.has(node) || (first[node] as number) >= nodeThreshold ? 1 : 0,
    );
    const count = score(nodes);
    const edgeThreshold = thresholdFor(scores, shares.edges, count);
    const kept = new Uint8Array(weights.length);
    for (let at = 0; at < count; at++) {
      const passed = scores[at] as number;
      if (passed > 0 && passed >= edgeThreshold) kept[between[at] as number] = 1;
    }
    dropLoose(edges, kinds, nodes, kept, pinned);
    return { nodes, edges: kept };
  };
}

/**
 * Two looks are enough: what leads nowhere is dropped from the last node to the first, as it takes edges from earlier
 * nodes only; then what nothing leads to from the first to the last.
 */
function dropLoose(
  { size, starts, sources }: EdgeMatrix,
  kinds: readonly NodeKind[],
  nodes: Uint8Array,
  kept: Uint8Array,
  pinned: ReadonlySet<number>,
): void {
  const leaving = new Uint32Array(size);
  for (let target = size - 1; target >= 0; target--) {
    if (nodes[target] === 0) continue;
    const kind = kinds[target];
    const isLoose = leaving[target] === 0 && (kind === 'feature' || kind === 'error') && !pinned.has(target);
    if (isLoose) nodes[target] = 0;
    const end = starts[target + 1] as number;
    for (let edge = starts[target] as number; edge < end; edge++) {
      if (kept[edge] === 0) continue;
      const source = sources[edge] as number;
      if (isLoose) kept[edge] = 0;
      else leaving[source] = (leaving[source] as number) + 1;
    }
  }
  for (let target = 0; target < size; target++) {
    if (nodes[target] === 0) continue;
    let entering = 0;
    const end = starts[target + 1] as number;
    for (let edge = starts[target] as number; edge < end; edge++) {
      if (kept[edge] === 0) continue;
      if (nodes[sources[edge] as number] === 0) kept[edge] = 0;
      else entering++;
    }
    if (entering === 0 && kinds[target] === 'feature' && !pinned.has(target)) nodes[target] = 0;
  }
}
