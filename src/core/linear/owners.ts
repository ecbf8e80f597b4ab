import type { Graph, GraphNode } from '../graph/graph.js';

/**
 * Which node of a model a node of its rewritten graph belongs to: the one that makes the same value, or, for nodes that
 * an operator was written out as, the first behind it that does.
 */
export function ownersIn(original: Graph, rewritten: Graph): (node: GraphNode) => GraphNode | undefined {
  const owners = new Map<GraphNode, GraphNode | undefined>();
  const own = (node: GraphNode): GraphNode | undefined =>
    node.outputs
      .map((value) => (value === '' ? undefined : original.producerOf(value)))
      .find((each) => each !== undefined);
  return (node) => {
    if (!owners.has(node)) owners.set(node, own(node) ?? behind(node));
    return owners.get(node);
  };

  function behind(node: GraphNode): GraphNode | undefined {
    const seen = new Set([node]);
    // A set is walked in the order that its members came in, also those that come meanwhile.
    for (const each of seen) {
      const found = own(each);
      if (found !== undefined) return found;
      for (const value of each.outputs) for (const next of rewritten.consumersOf(value)) seen.add(next);
    }
    return undefined;
  }
}
