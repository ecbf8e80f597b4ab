/**
 * Nodes of a circuit that a person put together: each group is shown as one node, and its edges are sums. An edge out of a
 * group is what its nodes together add to the target, exactly, as contributions are linear (formats 3.5). An edge into a group
 * sums what the source adds to each of its nodes, each in that node's own unit. Edges between nodes of one group are inside it.
 */
import type { EdgeMatrix } from './edge-matrix.js';

export interface Grouping {
  /** By node: itself, or the node that stands for its group. */
  readonly standsFor: Uint32Array;
  /** By node: 1 where it is in a group. */
  readonly grouped: Uint8Array;
  /** Sums of all edges from or to a group, by {@link pairKey} of what stands at both ends. */
  readonly sums: ReadonlyMap<number, number>;
}

/** @param size nodes of the graph. */
export function pairKey(source: number, target: number, size: number): number {
  return source * size + target;
}

/** @param groups the first node of each stands for it; none is in two groups. */
export function groupNodes(edges: EdgeMatrix, groups: readonly (readonly number[])[]): Grouping {
  const { size, starts, sources, weights } = edges;
  const standsFor = Uint32Array.from({ length: size }, (_, node) => node);
  const grouped = new Uint8Array(size);
  for (const group of groups) {
    for (const node of group) {
      if (grouped[node] === 1) throw new RangeError(`Node ${node} is in two groups.`);
      standsFor[node] = group[0] as number;
      grouped[node] = 1;
    }
  }
  const sums = new Map<number, number>();
  if (groups.length === 0) return { standsFor, grouped, sums };
  for (let target = 0; target < size; target++) {
    const to = standsFor[target] as number;
    for (let edge = starts[target] as number; edge < (starts[target + 1] as number); edge++) {
      const source = sources[edge] as number;
      if (grouped[source] === 0 && grouped[target] === 0) continue;
      const from = standsFor[source] as number;
      if (from === to) continue;
      const key = pairKey(from, to, size);
      sums.set(key, (sums.get(key) ?? 0) + (weights[edge] as number));
    }
  }
  return { standsFor, grouped, sums };
}

/** Nodes at the other ends of a group's edges, and their sums. @param node what stands for the group. */
export function groupEdges(
  { sums }: Grouping,
  size: number,
  node: number,
  way: 'in' | 'out',
): readonly { readonly node: number; readonly weight: number }[] {
  const found: { node: number; weight: number }[] = [];
  for (const [key, weight] of sums) {
    const [source, target] = [Math.floor(key / size), key % size];
    if (way === 'in' && target === node) found.push({ node: source, weight });
    if (way === 'out' && source === node) found.push({ node: target, weight });
  }
  return found.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}

/** What a node stands for: the nodes of its group, or itself. */
export function membersOf({ standsFor }: Grouping, node: number): readonly number[] {
  const members: number[] = [];
  standsFor.forEach((standing, each) => {
    if (standing === node) members.push(each);
  });
  return members;
}
