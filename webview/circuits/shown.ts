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
  const counts = { nodes: sum(kept.nodes), edges: sum(kept.edges) };
  return { ...kept, drawn: drawnEdges(edges, kept.edges, counts.edges), counts };
}

/** Shares are told apart this finely where only the strongest edges are drawn. */
const SHARE_BINS = 1024;

/** The strongest kept edges by their share of their target, without making an object of each: a slider asks at every step. */
export function drawnEdges(
  { size, starts, weights }: EdgeMatrix,
  kept: Uint8Array,
  count: number,
  most = MOST_EDGES_DRAWN,
): DrawnEdges {
  const list = new Uint32Array(count);
  const targets = new Uint32Array(count);
  const shares = new Float32Array(count);
  const bins = new Uint32Array(SHARE_BINS);
  const binOf = (share: number): number => Math.min(SHARE_BINS - 1, Math.floor(share * SHARE_BINS));
  let filled = 0;
  for (let target = 0; target < size; target++) {
    const first = filled;
    let largest = 0;
    const end = starts[target + 1] as number;
    for (let edge = starts[target] as number; edge < end; edge++) {
      if (kept[edge] === 0) continue;
      const weight = Math.abs(weights[edge] as number);
      if (weight > largest) largest = weight;
      list[filled] = edge;
      targets[filled] = target;
      shares[filled++] = weight;
    }
    for (let at = first; at < filled; at++) {
      const share = largest === 0 ? 0 : (shares[at] as number) / largest;
      shares[at] = share;
      const bin = binOf(share);
      bins[bin] = (bins[bin] as number) + 1;
    }
  }
  // By counting: where the edges of each bin begin, the strongest first.
  let begin = 0;
  for (let bin = SHARE_BINS - 1; bin >= 0; bin--) {
    const inside = bins[bin] as number;
    bins[bin] = begin;
    begin += inside;
  }
  const length = Math.min(filled, most);
  const drawn = {
    list: new Uint32Array(length),
    targets: new Uint32Array(length),
    shares: new Float32Array(length),
  };
  for (let at = 0; at < filled; at++) {
    const bin = binOf(shares[at] as number);
    const place = bins[bin] as number;
    bins[bin] = place + 1;
    if (place >= length) continue;
    drawn.list[place] = list[at] as number;
    drawn.targets[place] = targets[at] as number;
    drawn.shares[place] = shares[at] as number;
  }
  return drawn;
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
