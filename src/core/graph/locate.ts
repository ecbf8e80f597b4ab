import type { Graph } from './graph.js';
import { itemOfId } from './item-ids.js';
import type { Module, ModuleTree } from './modules.js';

/**
 * Modules that must be open for an item (or the node that makes a layer's value) to be in sight, outermost first.
 * Empty where it lies at the top, or the graph has no such place.
 */
export function modulesAround(
  graph: Graph,
  tree: ModuleTree,
  place: { readonly item?: string; readonly layer?: string },
): string[] {
  const ids: string[] = [];
  for (let module = innermost(graph, tree, place); module?.parent !== undefined; module = module.parent) {
    ids.unshift(module.id);
  }
  return ids;
}

function innermost(
  graph: Graph,
  tree: ModuleTree,
  { item, layer }: { readonly item?: string; readonly layer?: string },
): Module | undefined {
  if (item !== undefined) {
    const reference = itemOfId(item);
    if (reference.kind === 'module') return tree.module(reference.id)?.parent;
    const node = reference.kind === 'node' ? graph.nodes[reference.index] : undefined;
    return node && tree.moduleOf(node);
  }
  const producer = layer === undefined ? undefined : graph.producerOf(layer);
  return producer && tree.moduleOf(producer);
}
