/** What the nodes of an attribution graph are, as influence and pruning ask. */
import type { AttributionGraph } from './attribution-graph.js';
import type { NodeKind } from './influence.js';

/** A feature that is the target counts as an output: it stays, whatever is pruned. */
export function nodeKinds({ nodes, outputs }: Pick<AttributionGraph, 'nodes' | 'outputs'>): NodeKind[] {
  return nodes.map(({ kind }, node) => ((outputs[node] as number) > 0 ? 'output' : kind));
}
