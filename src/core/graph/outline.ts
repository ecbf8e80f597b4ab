import type { OutlineEntry } from './description.js';
import { displayText } from '../display-text.js';
import type { ActivationLayer } from './layers.js';
import { isModule, type Module, type ModuleTree } from './modules.js';

/** The modules that hold activation layers, with these layers, in topological order. Entries' ids are unique. */
export function outline(tree: ModuleTree, layers: readonly ActivationLayer[]): OutlineEntry[] {
  const byNode = new Map<number, ActivationLayer[]>();
  for (const layer of layers) {
    const node = tree.graph.producerOf(layer.value);
    if (node !== undefined) byNode.set(node.index, [...(byNode.get(node.index) ?? []), layer]);
  }
  return childrenOf(tree.root);

  function childrenOf(module: Module): OutlineEntry[] {
    return module.items.flatMap((item): OutlineEntry[] => {
      if (!isModule(item)) return (byNode.get(item.index) ?? []).map((layer) => layerEntry(layer, module));
      const children = childrenOf(item);
      if (children.length === 0) return [];
      const count = layersIn(children);
      return [
        {
          id: item.id,
          label: item.label,
          kind: 'module',
          detail: `${count} ${count === 1 ? 'layer' : 'layers'}`,
          children,
        },
      ];
    });
  }
}

function layerEntry(layer: ActivationLayer, module: Module): OutlineEntry {
  // Inside its module a layer needs only the rest of its name.
  const prefix = `${module.path.join('.')}.`;
  const label = layer.label.startsWith(prefix) ? layer.label.slice(prefix.length) : layer.label;
  return {
    // "#" begins no module's id.
    id: `#layer ${layer.value}`,
    label: displayText(label, 80),
    kind: 'layer',
    detail: layer.operator,
    layer: layer.value,
    children: [],
  };
}

function layersIn(items: readonly OutlineEntry[]): number {
  return items.reduce((sum, item) => sum + (item.kind === 'layer' ? 1 : layersIn(item.children)), 0);
}
