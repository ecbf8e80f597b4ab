/** What of a circuit is shown: the nodes and edges that are enough, and how strong each edge is. */
import type { Grouping } from '../../src/core/circuits/groups.js';
import { influence, type NodeKind, type PruneShares } from '../../src/core/circuits/influence.js';
import { createPruner, type Pruner } from '../../src/core/circuits/prune.js';
import type { EdgeMatrix } from '../../src/core/circuits/edge-matrix.js';
import { NODE_KINDS, type CircuitAnswer } from '../../src/protocol/circuits.js';
import { drawnEdges, type DrawnEdges } from './drawn-edges.js';

export interface Shown {
  /** 1 for what is kept, by node and by edge. */
  readonly nodes: Uint8Array;
  readonly edges: Uint8Array;
  /** 1 for nodes that have a mark: of a group, the one that stands for it. */
  readonly standing: Uint8Array;
  readonly drawn: DrawnEdges;
  readonly counts: { readonly nodes: number; readonly edges: number };
}

export interface Ranked {
  readonly prune: Pruner;
  /** By node, on the outputs, through the whole graph. */
  readonly influence: Float64Array;
  /** Nodes, those with most influence first. */
  readonly order: readonly number[];
}

export function kindsOf({ nodes }: CircuitAnswer): readonly NodeKind[] {
  return Array.from(nodes.kind, (kind) => NODE_KINDS[kind] as NodeKind);
}

/** What does not depend on how much is shown. */
export function rankCircuit(answer: CircuitAnswer, edges: EdgeMatrix): Ranked {
  const { weight } = answer.nodes;
  const { nodes } = influence(edges, weight);
  const order = [...nodes.keys()].sort((a, b) => (nodes[b] as number) - (nodes[a] as number) || a - b);
  return { prune: createPruner(edges, kindsOf(answer), weight), influence: nodes, order };
}

/** @param held nodes that stay, whatever they matter. */
export function shownOf(
  edges: EdgeMatrix,
  { prune }: Ranked,
  shares: PruneShares,
  held: ReadonlySet<number>,
  grouping: Grouping,
): Shown {
  const kept = prune(shares, held);
  const counts = { nodes: sum(kept.nodes), edges: sum(kept.edges) };
  const drawn = drawnEdges(edges, kept.edges, counts.edges, grouping);
  const standing = Uint8Array.from(kept.nodes, (flag, node) => (grouping.standsFor[node] === node ? flag : 0));
  return { ...kept, standing, drawn, counts };
}

/**
 * How much of a node comes directly from nodes at each token: their share of the sizes of all edges into it, 0 to 1.
 * @param entering edges by the node that they come from.
 */
export function tokenShares(
  entering: readonly { readonly node: number; readonly weight: number }[],
  position: Int32Array,
  tokens: number,
): Float64Array {
  const shares = new Float64Array(tokens);
  let total = 0;
  for (const { node, weight } of entering) {
    const token = position[node] as number;
    shares[token] = (shares[token] as number) + Math.abs(weight);
    total += Math.abs(weight);
  }
  return total === 0 ? shares : shares.map((each) => each / total);
}

function sum(flags: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < flags.length; at++) total += flags[at] as number;
  return total;
}

export interface Edge {
  readonly edge: number;
  readonly source: number;
  readonly target: number;
  readonly weight: number;
}

/** Edges into a node, or out of it, the largest first. */
export function edgesAt(
  { size, starts, sources, weights }: EdgeMatrix,
  node: number,
  way: 'in' | 'out',
): readonly Edge[] {
  const found: Edge[] = [];
  const read = (target: number): void => {
    for (let edge = starts[target] as number; edge < (starts[target + 1] as number); edge++) {
      const source = sources[edge] as number;
      if (way === 'in' || source === node) found.push({ edge, source, target, weight: weights[edge] as number });
    }
  };
  if (way === 'in') read(node);
  else for (let target = node + 1; target < size; target++) read(target);
  return found.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}
