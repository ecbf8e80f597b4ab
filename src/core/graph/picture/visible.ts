/** What of a graph is drawn when certain modules are open. */
import type { Graph, GraphNode } from '../graph.js';
import { hasBody } from '../graph-scopes.js';
import { inputId, nodeId, outerValueId, outputId } from '../item-ids.js';
import { isModule, type Module, type ModuleTree } from '../modules.js';
import type { ValueType } from '../value-type.js';

/** More boxes than this are no picture and slow down every step: further modules stay closed. */
const MAXIMUM_VISIBLE_ITEMS = 12_000;

/** Graph inputs and outputs drawn; a graph with more shows the first. */
const MAXIMUM_ENDS = 50;

export type VisibleItem = {
  readonly id: string;
  /** Position of the open module around it; undefined at the top. */
  readonly parent?: number;
} & (
  | { readonly kind: 'module'; readonly module: Module; readonly expanded: boolean }
  | { readonly kind: 'node'; readonly node: GraphNode; readonly hasBodies: boolean }
  | { readonly kind: 'input' | 'outer' | 'output'; readonly value: string; readonly type: ValueType | undefined }
);

export interface VisibleGraph {
  /** Level by level: open modules before what they hold. */
  readonly items: readonly VisibleItem[];
  /** By node index: position of the drawn item that stands for the node; undefined for constants. */
  readonly standIns: readonly (number | undefined)[];
  /** Modules that are open. */
  readonly expanded: readonly string[];
}

/**
 * The items to draw when `expanded` modules (and all modules around them) are open. Unknown ids are ignored.
 * @param outer values from around a body, drawn before its inputs.
 */
export function visibleGraph(
  graph: Graph,
  tree: ModuleTree,
  expanded: readonly string[],
  outer: readonly string[] = [],
): VisibleGraph {
  const wanted = new Set(expanded);
  const items: VisibleItem[] = [];
  const open: string[] = [];
  const standIns: (number | undefined)[] = [];

  outer.slice(0, MAXIMUM_ENDS).forEach((value, position) => {
    items.push({ kind: 'outer', id: outerValueId(position), value, type: graph.valueInfo(value) });
  });
  graph.inputs.slice(0, MAXIMUM_ENDS).forEach((input, position) => {
    items.push({ kind: 'input', id: inputId(position), value: input.name, type: input });
  });
  let budget = MAXIMUM_VISIBLE_ITEMS - tree.root.items.length;
  // Level by level, so that a spent budget leaves whole levels open.
  let level: { readonly module: Module; readonly position?: number }[] = [{ module: tree.root }];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { module, position } of level) {
      const parent = position === undefined ? {} : { parent: position };
      for (const item of module.items) {
        if (!isModule(item)) {
          standIns[item.index] = items.length;
          const hasBodies = hasBody(graph, item);
          items.push({ kind: 'node', id: nodeId(item), node: item, hasBodies, ...parent });
          continue;
        }
        const opens = wanted.has(item.id) && item.items.length <= budget;
        if (opens) {
          budget -= item.items.length;
          open.push(item.id);
          next.push({ module: item, position: items.length });
        } else standFor(item, items.length);
        items.push({ kind: 'module', id: item.id, module: item, expanded: opens, ...parent });
      }
    }
    level = next;
  }
  graph.outputs.slice(0, MAXIMUM_ENDS).forEach((output, position) => {
    items.push({ kind: 'output', id: outputId(position), value: output.name, type: output });
  });
  return { items, standIns, expanded: open };

  function standFor(module: Module, position: number): void {
    for (const item of module.items) {
      if (isModule(item)) standFor(item, position);
      else standIns[item.index] = position;
    }
  }
}
