/** The bias ledger by node of the model: one row for all biases that are booked at a node. */
import type { GraphNode } from '../graph/graph.js';
import type { BookedBias } from '../rewrite/linearize/linearize.js';

export interface Ledger {
  /** Nodes of the model that add a bias, in the order of the graph. */
  readonly nodes: readonly GraphNode[];
  /** What each of the nodes adds, from what each bias adds. @param offset of the seed in `booked`. */
  byNode(booked: Float32Array, offset: number): Float64Array;
}

/** @param ownerOf the model's node that a node of the linearised graph belongs to. */
export function ledgerOf(biases: readonly BookedBias[], ownerOf: (node: GraphNode) => GraphNode | undefined): Ledger {
  const rows = new Map<GraphNode, number>();
  const rowOf = biases.map(({ node }) => {
    const owner = ownerOf(node) ?? node;
    const row = rows.get(owner) ?? rows.size;
    rows.set(owner, row);
    return row;
  });
  return {
    nodes: [...rows.keys()],
    byNode(booked, offset) {
      const sums = new Float64Array(rows.size);
      rowOf.forEach((row, bias) => (sums[row] = (sums[row] ?? 0) + (booked[offset + bias] ?? 0)));
      return sums;
    },
  };
}
