import type { Graph } from './graph.js';
import { scopeOf } from './graph-scopes.js';
import { idInScope, itemOfId } from './item-ids.js';
import { buildModuleTree, type Module } from './modules.js';

/**
 * Modules that must be open for an item (or the node that makes a layer's value) to be in sight, outermost first.
 * Empty where it lies at the top, or the graph has no such place.
 * @throws ProblemError `not-applicable` when the item's body does not exist.
 */
export function modulesAround(
  main: Graph,
  { item, layer }: { readonly item?: string; readonly layer?: string },
): string[] {
  const reference = item === undefined ? undefined : itemOfId(item);
  const path = reference?.scope ?? [];
  const { graph } = scopeOf(main, path);
  const tree = buildModuleTree(graph);
  let around: Module | undefined;
  if (reference?.kind === 'module') around = tree.module(reference.id)?.parent;
  else {
    const node =
      reference?.kind === 'node'
        ? graph.nodes[reference.index]
        : layer === undefined || reference !== undefined
          ? undefined
          : graph.producerOf(layer);
    around = node && tree.moduleOf(node);
  }
  const ids: string[] = [];
  for (let module = around; module?.parent !== undefined; module = module.parent)
    ids.unshift(idInScope(path, module.id));
  return ids;
}
