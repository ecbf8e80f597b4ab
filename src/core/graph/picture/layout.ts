/** Where the boxes of the collapsed graph go: layered from top to bottom, open modules as boxes around their items. */
import { throwIfCancelled } from '../../errors.js';
import type { GraphEdge, GraphItem, GraphPicture } from '../description.js';
import { displayText } from '../../display-text.js';
import type { Graph } from '../graph.js';
import { detectActivationLayers } from '../layer-detection.js';
import { isModule, type Module, type ModuleTree } from '../modules.js';
import { nodeCountText, nodesIn } from '../node-detail.js';
import { countParameters } from '../parameters.js';
import { layoutWithElk, type ElkExtendedEdge, type ElkNode } from './elk.js';
import { typeText, visibleGraph, type VisibleItem } from './visible.js';

/** Layout units are CSS pixels at zoom 1; the page draws labels at 12 pixels, bold. */
const CHARACTER_WIDTH = 7.5;
const BOX_HEIGHT = 38;
const SMALLEST_WIDTH = 84;
const LARGEST_WIDTH = 260;
/** Left and right of the text, with the sign that opens a module. */
const TEXT_MARGIN = 20;
const CHEVRON_WIDTH = 18;
/** The page adds the value that colours a box to its caption: " · 87.5 %". */
const VALUE_CHARACTERS = 9;
/** Room for an open module's own label. */
const HEADER_HEIGHT = 30;

const OPTIONS: Readonly<Record<string, string>> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  // All coordinates from the picture's corner instead of from the box around.
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.spacing.nodeNode': '24',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.layered.spacing.nodeNodeBetweenLayers': '32',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  // Topological order is the order in which a person reads.
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.randomSeed': '1',
};

/**
 * The picture of the graph with the modules `expanded` open, and every other closed.
 * @param signal checked before and after the layout, which itself cannot be interrupted.
 * @throws CancelledError when the signal was aborted.
 */
export async function layoutGraph(
  graph: Graph,
  tree: ModuleTree,
  expanded: readonly string[],
  signal?: AbortSignal,
): Promise<GraphPicture> {
  throwIfCancelled(signal);
  const visible = visibleGraph(graph, tree, expanded);
  const describe = describer(graph, tree);
  const described = new Map(visible.items.map((item) => [item.id, describe(item)]));

  const boxes = new Map<string, ElkNode>();
  const root: ElkNode = { id: 'root', layoutOptions: { ...OPTIONS, ...effort(visible.items.length) }, children: [] };
  visible.items.forEach((item, index) => {
    // Ids of elk's own, because names from files may be anything.
    const box = boxOf(`n${index}`, item, described.get(item.id));
    boxes.set(item.id, box);
    const holder = item.parent === undefined ? root : boxes.get(item.parent);
    holder?.children?.push(box);
  });
  const lines = visible.edges.map(({ from, to }, index): ElkExtendedEdge => ({
    id: `e${index}`,
    sources: [boxes.get(from)?.id ?? ''],
    targets: [boxes.get(to)?.id ?? ''],
  }));
  root.edges = lines;

  const placed = await layoutWithElk(root);
  throwIfCancelled(signal);

  const positions = new Map<string, ElkNode>();
  collect(placed, positions);
  const sections = new Map((placed.edges ?? []).map((edge) => [edge.id, edge.sections ?? []]));
  return {
    items: visible.items.map((item) => {
      const { x = 0, y = 0, width = 0, height = 0 } = positions.get(boxes.get(item.id)?.id ?? '') ?? {};
      const { label, caption, parameters, layers } = described.get(item.id) ?? NOTHING;
      return {
        id: item.id,
        kind: item.kind,
        label,
        caption,
        parameters,
        layers,
        expanded: item.kind === 'module' && item.expanded,
        box: [x, y, width, height],
        ...(item.parent === undefined ? {} : { parent: item.parent }),
      } satisfies GraphItem;
    }),
    edges: visible.edges.map(({ from, to, label }, index): GraphEdge => {
      const points = (sections.get(`e${index}`) ?? []).flatMap((section) =>
        [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].flatMap(({ x, y }) => [x, y]),
      );
      return { from, to, label, points };
    }),
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    expanded: visible.expanded,
  };
}

/** The modules to open first: level by level while the picture stays small, then the largest while it is too empty. */
export function initialExpansion(tree: ModuleTree): string[] {
  const expanded: string[] = [];
  let count = tree.root.items.length;
  let closed = tree.root.items.filter(isModule);
  const open = (module: Module): Module[] => {
    expanded.push(module.id);
    count += module.items.length;
    return module.items.filter(isModule);
  };
  for (;;) {
    const more = closed.reduce((sum, module) => sum + module.items.length, 0);
    if (closed.length === 0 || count + more > MAXIMUM_FIRST_ITEMS) break;
    closed = closed.flatMap(open);
  }
  while (count < MINIMUM_FIRST_ITEMS) {
    // A long list of blocks is better than three boxes.
    const fitting = closed.filter(
      (module) => count + module.items.length <= (expanded.length === 0 ? MAXIMUM_BLOCKS : MAXIMUM_FIRST_ITEMS),
    );
    const largest = fitting.reduce<Module | undefined>(
      (a, b) => (a === undefined || b.nodeCount > a.nodeCount ? b : a),
      undefined,
    );
    if (largest === undefined) break;
    closed = [...closed.filter((module) => module !== largest), ...open(largest)];
  }
  return expanded;
}

const MINIMUM_FIRST_ITEMS = 8;
const MAXIMUM_FIRST_ITEMS = 40;
const MAXIMUM_BLOCKS = 110;

interface Description {
  readonly label: string;
  readonly caption: string;
  readonly parameters: number;
  readonly layers: readonly string[];
}

const NOTHING: Description = { label: '', caption: '', parameters: 0, layers: [] };

function describer(graph: Graph, tree: ModuleTree): (item: VisibleItem) => Description {
  const { byNode } = countParameters(graph);
  const layersOfNode = new Map<number, string[]>();
  for (const { value } of detectActivationLayers(graph)) {
    const node = graph.producerOf(value);
    if (node !== undefined) layersOfNode.set(node.index, [...(layersOfNode.get(node.index) ?? []), value]);
  }
  return (item) => {
    if (item.kind === 'node') {
      return {
        label: tree.nameOf(item.node),
        caption: displayText(item.node.opType, 80),
        parameters: byNode[item.node.index] ?? 0,
        layers: layersOfNode.get(item.node.index) ?? [],
      };
    }
    if (item.kind === 'module') {
      const nodes = nodesIn(item.module);
      return {
        label: item.module.label,
        caption: nodeCountText(nodes.length),
        parameters: nodes.reduce((sum, node) => sum + (byNode[node.index] ?? 0), 0),
        layers: nodes.flatMap((node) => layersOfNode.get(node.index) ?? []),
      };
    }
    return { ...NOTHING, label: displayText(item.value, 80), caption: typeText(item.type) };
  };
}

function boxOf(id: string, item: VisibleItem, description: Description = NOTHING): ElkNode {
  if (item.kind === 'module' && item.expanded) {
    const padding = `[top=${HEADER_HEIGHT + 10},left=14,bottom=14,right=14]`;
    // Lines enter in the middle: the label to the left of it and the value to its right stay readable.
    const width = 2 * (textWidth(description.label) + CHEVRON_WIDTH);
    return {
      id,
      children: [],
      layoutOptions: {
        'elk.padding': padding,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width}, ${HEADER_HEIGHT + BOX_HEIGHT})`,
      },
    };
  }
  const caption = textWidth(description.caption, VALUE_CHARACTERS);
  const label = textWidth(description.label);
  const width = Math.max(label, caption) + (item.kind === 'module' ? CHEVRON_WIDTH : 0);
  return { id, width, height: BOX_HEIGHT };
}

function textWidth(text: string, further = 0): number {
  const width = TEXT_MARGIN + CHARACTER_WIDTH * (text.length + further);
  return Math.min(LARGEST_WIDTH, Math.max(SMALLEST_WIDTH, width));
}

/** Sweeps that untangle edges: with many boxes a few must do, or the layout takes minutes. */
function effort(items: number): Readonly<Record<string, string>> {
  return { 'elk.layered.thoroughness': items < 80 ? '7' : items < 250 ? '3' : '1' };
}

function collect(box: ElkNode, into: Map<string, ElkNode>): void {
  for (const child of box.children ?? []) {
    into.set(child.id, child);
    collect(child, into);
  }
}
