/** Where the boxes of the map of weights go: areas are bytes, modules are boxes around what they hold. */
import { hierarchy, treemap, treemapSquarify, type HierarchyRectangularNode } from 'd3-hierarchy';
import { weightTree, type WeightModule } from '../../src/core/weights/weight-tree.js';
import type { ListedTensor } from './filter.js';

export interface MapBox {
  readonly kind: 'module' | 'tensor';
  /** Module id, or index of the tensor. */
  readonly id: string;
  readonly label: string;
  readonly bytes: number;
  readonly tensors: readonly ListedTensor[];
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** A module whose inside is drawn. */
  readonly open: boolean;
}

export interface MapNode {
  readonly kind: 'module' | 'tensor';
  readonly id: string;
  readonly label: string;
  readonly tensors: readonly ListedTensor[];
  readonly bytes: number;
  readonly children?: readonly MapNode[];
}

export const HEADER_PX = 18;
/** Boxes narrower or lower than this are drawn as one with their module. */
const SMALLEST_SIDE_PX = 3;
/** Modules too small for a header are drawn closed. */
const SMALLEST_OPEN_PX = 44;
/** Even an empty tensor can be pointed at. */
const LEAST_BYTES = 1;

/** The tree of the tensors shown; with `moduleId`, only what that module holds. */
export function mapTree(shown: readonly ListedTensor[], moduleId: string): MapNode {
  const names = shown.map(({ row }) => row.name);
  const tree = weightTree(names, (at) => Math.max(LEAST_BYTES, shown[at]?.row.bytes ?? 0));
  const chosen = moduleId === '' ? tree : (find(tree, moduleId) ?? tree);
  return toNode(chosen, shown);
}

/** The modules around a module, outermost first, for the way back. */
export function modulesAround(shown: readonly ListedTensor[], moduleId: string): readonly WeightModule[] {
  const names = shown.map(({ row }) => row.name);
  const path: WeightModule[] = [];
  let at: WeightModule | undefined = weightTree(names, () => 0);
  while (at !== undefined && at.id !== moduleId) {
    at = at.modules.find(({ id }) => moduleId === id || moduleId.startsWith(`${id}/`));
    if (at !== undefined) path.push(at);
  }
  return path;
}

function find(module: WeightModule, id: string): WeightModule | undefined {
  if (module.id === id) return module;
  const next = module.modules.find((inner) => id === inner.id || id.startsWith(`${inner.id}/`));
  return next && find(next, id);
}

function toNode(module: WeightModule, shown: readonly ListedTensor[]): MapNode {
  const tensors = module.tensors.map((at): MapNode => {
    const listed = shown[at] as ListedTensor;
    const own = listed.row.name.split(/[./]/).filter(Boolean).at(-1) ?? listed.row.name;
    return {
      kind: 'tensor',
      id: String(listed.index),
      label: own,
      tensors: [listed],
      bytes: Math.max(LEAST_BYTES, listed.row.bytes),
    };
  });
  const children = [...module.modules.map((inner) => toNode(inner, shown)), ...tensors];
  return {
    kind: 'module',
    id: module.id,
    label: module.label,
    tensors: children.flatMap((child) => child.tensors),
    bytes: module.size,
    children,
  };
}

/** Boxes from the outside in, the whole map left out. */
export function mapBoxes(root: MapNode, width: number, height: number): readonly MapBox[] {
  if (width <= 0 || height <= 0) return [];
  const laidOut = treemap<MapNode>()
    .tile(treemapSquarify)
    .size([width, height])
    .paddingInner(1)
    .paddingOuter(2)
    .paddingTop((node) => (node.depth === 0 ? 2 : HEADER_PX))
    .round(true)(
    hierarchy<MapNode>(root, ({ children }) => children)
      .sum(({ children, bytes }) => (children === undefined ? bytes : 0))
      .sort((a, b) => (b.value ?? 0) - (a.value ?? 0)),
  );
  const boxes: MapBox[] = [];
  const visit = (node: HierarchyRectangularNode<MapNode>): void => {
    const { kind, id, label, tensors, bytes } = node.data;
    const [w, h] = [node.x1 - node.x0, node.y1 - node.y0];
    if (w < SMALLEST_SIDE_PX || h < SMALLEST_SIDE_PX) return;
    const open = node.depth === 0 || (kind === 'module' && w >= SMALLEST_OPEN_PX && h >= SMALLEST_OPEN_PX);
    if (node.depth > 0) {
      boxes.push({ kind, id, label, bytes, tensors, left: node.x0, top: node.y0, width: w, height: h, open });
    }
    if (open) for (const child of node.children ?? []) visit(child);
  };
  visit(laidOut);
  return boxes;
}
