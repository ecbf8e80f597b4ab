/** What stands in each box of the picture, and how large that makes it. */
import { displayText } from '../../display-text.js';
import type { GraphNode } from '../graph.js';
import { detectActivationLayers } from '../layer-detection.js';
import { isModule, type Module, type ModuleTree } from '../modules.js';
import { moduleCaption } from '../node-detail.js';
import { countParameters } from '../parameters.js';
import type { ValueType } from '../value-type.js';
import type { VisibleItem } from './visible.js';

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

export interface BoxDescription {
  readonly label: string;
  readonly caption: string;
  readonly parameters: number;
  readonly layers: readonly string[];
}

/** What a node or a module holds. */
type Contents = Pick<BoxDescription, 'parameters' | 'layers'>;

interface TreeContents {
  readonly ofNode: (node: GraphNode) => Contents;
  readonly ofModule: (module: Module) => Contents;
}

const cache = new WeakMap<ModuleTree, TreeContents>();

/** @param typeOf type and shape of a value of the graph. */
export function boxDescriber(
  tree: ModuleTree,
  typeOf: (value: string) => ValueType | undefined,
): (item: VisibleItem) => BoxDescription {
  const contents = cache.get(tree) ?? contentsOf(tree);
  cache.set(tree, contents);
  return (item) => {
    if (item.kind === 'node') {
      const { node } = item;
      return { label: tree.nameOf(node), caption: displayText(node.opType, 80), ...contents.ofNode(node) };
    }
    if (item.kind === 'module') {
      const { module } = item;
      return { label: module.label, caption: moduleCaption(module), ...contents.ofModule(module) };
    }
    // Where the file tells the shape, the box stays as wide as it is when more becomes known.
    const type = typeText(item.type?.shape === undefined ? (typeOf(item.value) ?? item.type) : item.type);
    const caption = item.kind === 'outer' ? ['from around', type].filter((part) => part !== '').join(': ') : type;
    return { label: displayText(item.value, 80), caption, parameters: 0, layers: [] };
  };
}

function contentsOf({ graph }: ModuleTree): TreeContents {
  const { byNode } = countParameters(graph);
  const layersOfNode = new Map<number, string[]>();
  for (const { value } of detectActivationLayers(graph)) {
    const node = graph.producerOf(value);
    if (node === undefined) continue;
    const known = layersOfNode.get(node.index);
    if (known === undefined) layersOfNode.set(node.index, [value]);
    else known.push(value);
  }
  const ofNode = ({ index }: GraphNode): Contents => ({
    parameters: byNode[index] ?? 0,
    layers: layersOfNode.get(index) ?? [],
  });
  const modules = new WeakMap<Module, Contents>();
  const ofModule = (module: Module): Contents => {
    const known = modules.get(module);
    if (known !== undefined) return known;
    let parameters = 0;
    const layers: string[] = [];
    for (const item of module.items) {
      const inside = isModule(item) ? ofModule(item) : ofNode(item);
      parameters += inside.parameters;
      for (const layer of inside.layers) layers.push(layer);
    }
    modules.set(module, { parameters, layers });
    return { parameters, layers };
  };
  return { ofNode, ofModule };
}

/** Width and height of a closed item. */
export function boxSize(
  item: VisibleItem,
  { label, caption }: BoxDescription,
): { readonly width: number; readonly height: number } {
  const width = Math.max(textWidth(label), textWidth(caption, VALUE_CHARACTERS));
  const opens = item.kind === 'module' || (item.kind === 'node' && item.hasBodies);
  return { width: width + (opens ? CHEVRON_WIDTH : 0), height: BOX_HEIGHT };
}

/** What an open module's label takes of its upper side; the value at its right takes as much at most. */
export function openLabelWidth({ label }: BoxDescription): number {
  return textWidth(label) + CHEVRON_WIDTH;
}

function textWidth(text: string, further = 0): number {
  const width = TEXT_MARGIN + CHARACTER_WIDTH * (text.length + further);
  return Math.min(LARGEST_WIDTH, Math.max(SMALLEST_WIDTH, width));
}

/** "float32 [1, 3, 224, 224]"; "" where nothing is known. */
export function typeText(type: ValueType | undefined): string {
  if (type === undefined || type.type === 'unknown') return '';
  const shape = type.shape === undefined ? '' : ` [${type.shape.slice(0, 16).join(', ')}]`;
  return displayText(`${type.type}${shape}`, 120);
}

/** What a line carries, in a few words. */
export function valuesText(values: readonly string[], typeOf: (value: string) => ValueType | undefined): string {
  const [only] = values;
  if (values.length !== 1 || only === undefined) return `${values.length} values`;
  const type = typeText(typeOf(only));
  return type === '' ? displayText(only) : `${displayText(only)}: ${type}`;
}
