export interface OrderedNode {
  readonly index: number;
  readonly outputs: readonly string[];
}

/**
 * Sorts nodes so that each comes after those it depends on, in time linear in the edges. An order that is already
 * right is kept as it is.
 * @param nodes nodes whose `index` is their position.
 * @param reads every value each node reads, captured values of its subgraphs included.
 * @param producers index of the node that makes a value.
 * @returns the order, and the nodes that are on a cycle or behind one (they end the order, in the given order).
 */
export function topologicalOrder<Node extends OrderedNode>(
  nodes: readonly Node[],
  reads: readonly (readonly string[])[],
  producers: ReadonlyMap<string, Node>,
): { readonly order: readonly Node[]; readonly cyclic: readonly Node[] } {
  const waitsFor = new Int32Array(nodes.length);
  const successors: number[][] = nodes.map(() => []);
  let sorted = true;
  reads.forEach((values, index) => {
    for (const value of values) {
      const producer = producers.get(value);
      if (producer === undefined) continue;
      if (producer.index >= index) sorted = false;
      successors[producer.index]?.push(index);
      waitsFor[index] = (waitsFor[index] ?? 0) + 1;
    }
  });
  if (sorted) return { order: nodes, cyclic: [] };
  const order: Node[] = nodes.filter((node) => waitsFor[node.index] === 0);
  for (let next = 0; next < order.length; next++) {
    for (const successor of successors[order[next]?.index ?? 0] ?? []) {
      const left = (waitsFor[successor] ?? 0) - 1;
      waitsFor[successor] = left;
      const node = nodes[successor];
      if (left === 0 && node !== undefined) order.push(node);
    }
  }
  const cyclic = nodes.filter((node) => (waitsFor[node.index] ?? 0) > 0);
  return { order: [...order, ...cyclic], cyclic };
}
