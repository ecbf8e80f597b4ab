/** What of a graph is drawn when certain modules are open: its items, and the edges between them. */
import { displayText } from '../../display-text.js';
import type { Graph, GraphNode } from '../graph.js';
import { inputId, nodeId, outputId } from '../item-ids.js';
import { isModule, type Module, type ModuleTree } from '../modules.js';
import type { ValueType } from '../value-type.js';

/** More boxes take the layout too long and a person too: further modules stay closed. */
const MAXIMUM_VISIBLE_ITEMS = 600;

/** Graph inputs and outputs drawn; a graph with more shows the first. */
const MAXIMUM_ENDS = 50;

export type VisibleItem =
  | {
      readonly kind: 'module';
      readonly id: string;
      readonly module: Module;
      readonly expanded: boolean;
      readonly parent?: string;
    }
  | { readonly kind: 'node'; readonly id: string; readonly node: GraphNode; readonly parent?: string }
  | {
      readonly kind: 'input' | 'output';
      readonly id: string;
      readonly value: string;
      readonly type: ValueType;
      readonly parent?: undefined;
    };

export interface VisibleEdge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

export interface VisibleGraph {
  /** Parents before their children. */
  readonly items: readonly VisibleItem[];
  readonly edges: readonly VisibleEdge[];
  /** Modules that are open. */
  readonly expanded: readonly string[];
}

/** The items to draw when `expanded` modules (and all modules around them) are open. Unknown ids are ignored. */
export function visibleGraph(graph: Graph, tree: ModuleTree, expanded: readonly string[]): VisibleGraph {
  const wanted = new Set(expanded);
  const items: VisibleItem[] = [];
  const open: string[] = [];
  /** By node index: the drawn item that stands for the node. */
  const standIn: (string | undefined)[] = [];

  graph.inputs.slice(0, MAXIMUM_ENDS).forEach((input, position) => {
    items.push({ kind: 'input', id: inputId(position), value: input.name, type: input });
  });
  let budget = MAXIMUM_VISIBLE_ITEMS - tree.root.items.length;
  // Level by level, so that a spent budget leaves whole levels open.
  let level: { readonly module: Module; readonly parent: string | undefined }[] = [
    { module: tree.root, parent: undefined },
  ];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { module, parent } of level) {
      for (const item of module.items) {
        if (!isModule(item)) {
          items.push({ kind: 'node', id: nodeId(item), node: item, parent });
          standIn[item.index] = nodeId(item);
          continue;
        }
        const opens = wanted.has(item.id) && item.items.length <= budget;
        items.push({ kind: 'module', id: item.id, module: item, expanded: opens, parent });
        if (opens) {
          budget -= item.items.length;
          open.push(item.id);
          next.push({ module: item, parent: item.id });
        } else standFor(item, item.id);
      }
    }
    level = next;
  }
  graph.outputs.slice(0, MAXIMUM_ENDS).forEach((output, position) => {
    items.push({ kind: 'output', id: outputId(position), value: output.name, type: output });
  });
  return { items, edges: edgesBetween(graph, standIn), expanded: open };

  function standFor(module: Module, id: string): void {
    for (const item of module.items) {
      if (isModule(item)) standFor(item, id);
      else standIn[item.index] = id;
    }
  }
}

/** One edge per pair of drawn items, however many values pass between them. */
function edgesBetween(graph: Graph, standIn: readonly (string | undefined)[]): VisibleEdge[] {
  const values = new Map<string, { readonly from: string; readonly to: string; readonly names: Set<string> }>();
  const connect = (from: string | undefined, to: string | undefined, name: string): void => {
    if (from === undefined || to === undefined || from === to) return;
    const key = JSON.stringify([from, to]);
    const edge = values.get(key) ?? { from, to, names: new Set() };
    edge.names.add(name);
    values.set(key, edge);
  };
  const fanOut = (from: string | undefined, name: string): void => {
    for (const reader of graph.consumersOf(name)) connect(from, standIn[reader.index], name);
  };
  const inputs = new Map(graph.inputs.slice(0, MAXIMUM_ENDS).map((input, position) => [input.name, inputId(position)]));
  for (const [name, id] of inputs) fanOut(id, name);
  for (const node of graph.order) {
    for (const output of node.outputs) if (output !== '') fanOut(standIn[node.index], output);
  }
  graph.outputs.slice(0, MAXIMUM_ENDS).forEach((output, position) => {
    const producer = graph.producerOf(output.name);
    const from = producer === undefined ? inputs.get(output.name) : standIn[producer.index];
    connect(from, outputId(position), output.name);
  });
  return [...values.values()].map(({ from, to, names }) => ({ from, to, label: edgeLabel(graph, [...names]) }));
}

function edgeLabel(graph: Graph, names: readonly string[]): string {
  const [only] = names;
  if (names.length !== 1 || only === undefined) return `${names.length} values`;
  const type = typeText(graph.valueInfo(only));
  return type === '' ? displayText(only) : `${displayText(only)}: ${type}`;
}

/** "float32 [1, 3, 224, 224]"; "" where nothing is known. */
export function typeText(type: ValueType | undefined): string {
  if (type === undefined || type.type === 'unknown') return '';
  const shape = type.shape === undefined ? '' : ` [${type.shape.slice(0, 16).join(', ')}]`;
  return displayText(`${type.type}${shape}`, 120);
}
