import type { Graph } from '../core/graph/graph.js';
import { idInScope, inputId, nodeId, outputId, type ScopePath } from '../core/graph/item-ids.js';
import { buildModuleTree, type Module } from '../core/graph/modules.js';
import type { Place } from '../core/graph/search/search-index.js';
import type { Places } from '../protocol/graph-questions.js';

/** Places as items of a graph's picture, with the modules around each. @param path leads to the graph. */
export function placesOf(graph: Graph, path: ScopePath, found: readonly Place[]): Places {
  const tree = buildModuleTree(graph);
  const positions = new Map<Module, number>();
  const modules: string[] = [];
  const around: number[] = [];
  const positionOf = (module: Module | undefined): number => {
    if (module?.parent === undefined) return -1;
    const known = positions.get(module);
    if (known !== undefined) return known;
    const outer = positionOf(module.parent);
    positions.set(module, modules.length);
    modules.push(idInScope(path, module.id));
    around.push(outer);
    return modules.length - 1;
  };
  const holderOf = (place: Place): Module | undefined => {
    if (place.kind === 'module') return tree.module(place.id)?.parent;
    const node = place.kind === 'node' ? graph.nodes[place.index] : undefined;
    return node && tree.moduleOf(node);
  };
  return {
    items: found.map((place) => idInScope(path, idOf(graph, place))),
    within: Int32Array.from(found, (place) => positionOf(holderOf(place))),
    modules,
    around: Int32Array.from(around),
  };
}

function idOf(graph: Graph, place: Place): string {
  switch (place.kind) {
    case 'module':
      return place.id;
    case 'input':
      return inputId(place.index);
    case 'output':
      return outputId(place.index);
    case 'node': {
      const node = graph.nodes[place.index];
      return node === undefined ? '' : nodeId(node);
    }
  }
}
