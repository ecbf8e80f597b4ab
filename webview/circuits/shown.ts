/** What of a circuit is shown: the nodes and edges that are enough, and how strong each edge is. */
import { influence, type NodeKind } from '../../src/core/circuits/influence.js';
import { createPruner, type Pruner } from '../../src/core/circuits/prune.js';
import type { EdgeMatrix } from '../../src/core/circuits/edge-matrix.js';
import { NODE_KINDS, type CircuitAnswer } from '../../src/protocol/circuits.js';
import type { DrawnEdges } from './draw.js';

/** More lines than this cannot be told apart, nor drawn within a frame: the strongest are. */
export const MOST_EDGES_DRAWN = 12_000;

export interface Shown {
  /** 1 for what is kept, by node and by edge. */
  readonly nodes: Uint8Array;
  readonly edges: Uint8Array;
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

export function shownOf(
  edges: EdgeMatrix,
  { prune }: Ranked,
  shares: Parameters<Pruner>[0],
  pinned: ReadonlySet<number>,
): Shown {
  const kept = prune(shares, pinned);
  return { ...kept, drawn: drawnEdges(edges, kept.edges), counts: { nodes: sum(kept.nodes), edges: sum(kept.edges) } };
}

function drawnEdges({ size, starts, weights }: EdgeMatrix, kept: Uint8Array): DrawnEdges {
  const all: { edge: number; target: number; share: number }[] = [];
  for (let target = 0; target < size; target++) {
    const [begin, end] = [starts[target] as number, starts[target + 1] as number];
    let most = 0;
    for (let edge = begin; edge < end; edge++) {
      if (kept[edge] === 1) most = Math.max(most, Math.abs(weights[edge] as number));
    }
    for (let edge = begin; edge < end; edge++) {
      if (kept[edge] === 1) all.push({ edge, target, share: Math.abs(weights[edge] as number) / most });
    }
  }
  all.sort((a, b) => b.share - a.share);
  const drawn = all.slice(0, MOST_EDGES_DRAWN);
  return {
    list: Uint32Array.from(drawn, ({ edge }) => edge),
    targets: Uint32Array.from(drawn, ({ target }) => target),
    shares: Float32Array.from(drawn, ({ share }) => share),
  };
}

function sum(flags: Uint8Array): number {
  return flags.reduce((total, each) => total + each, 0);
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
