import { displayText } from '../display-text.js';
import type { GraphNode } from '../graph/graph.js';
import type { ModuleTree } from '../graph/modules.js';

/** Where a node is, fit to be shown: "layer1.block0.conv1". */
export function placeOf(tree: ModuleTree, node: GraphNode): string {
  return displayText([...(tree.moduleOf(node)?.path ?? []), tree.nameOf(node)].join('.'));
}
