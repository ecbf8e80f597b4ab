/** What of a graph can be found, prepared once: names in lower case, numbers added up, in the order of the graph. */
import { shortText } from '../../display-text.js';
import type { Graph, GraphNode } from '../graph.js';
import { detectActivationLayers } from '../layer-detection.js';
import { buildModuleTree, isModule, type Module, type ModuleTree } from '../modules.js';
import { countParameters } from '../parameters.js';
import { findRoles } from '../roles/roles.js';
import { isHidden } from '../scopes.js';
import type { NamedValueType } from '../value-type.js';
import { weightBytes } from '../weight-bytes.js';

/** A place of the graph: a node, input or output by its position, a module by its id. */
export type Place =
  | { readonly kind: 'node' | 'input' | 'output'; readonly index: number }
  | { readonly kind: 'module'; readonly id: string };

/** Texts are lower-cased and shortened. */
export interface Subject {
  readonly place: Place;
  /** What a text without a field is looked for in. */
  readonly names: readonly string[];
  /** Path of the module around, "layer3/0"; "" at the top. */
  readonly around: readonly string[];
  /** Absent where it is no node. */
  readonly node?: NodeSubject;
  /** Of an input or output. */
  readonly value?: NamedValueType;
  /** Of a module: indices of the nodes inside. */
  readonly inside?: readonly number[];
}

export interface NodeSubject {
  readonly node: GraphNode;
  readonly operator: string;
  readonly domain: string;
  readonly types: readonly string[];
  /** Family and function of the activation layers that it makes. */
  readonly layers: readonly string[];
  /** What it is part of, and the roles of the values that it makes. */
  readonly roles: readonly string[];
  /** Hook names of the values that it makes. */
  readonly hooks: readonly string[];
}

export interface SearchIndex {
  readonly tree: ModuleTree;
  /** Inputs, then modules and nodes in topological order (a module before what it holds), then outputs. */
  readonly subjects: readonly Subject[];
  /** By node index. */
  readonly parameters: readonly number[];
  readonly bytes: readonly number[];
}

/** Longer names are shortened in the middle: nobody types what is cut out. */
const MAXIMUM_NAME_LENGTH = 2000;
/** Values of one node that are looked through. */
const MAXIMUM_VALUES = 1000;

const cache = new WeakMap<Graph, SearchIndex>();

/** Computed once per graph. Constants are not found: they belong to the nodes that read them. */
export function searchIndex(graph: Graph): SearchIndex {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const index = build(graph);
  cache.set(graph, index);
  return index;
}

function build(graph: Graph): SearchIndex {
  const tree = buildModuleTree(graph);
  const { bytes, types } = weightBytes(graph);
  const layers = layerWords(graph);
  const position = new Map(graph.order.map((node, at) => [node.index, at]));
  const inner: { readonly at: number; readonly depth: number; readonly subject: Subject }[] = [];
  collect(tree.root, 0);
  inner.sort((a, b) => a.at - b.at || a.depth - b.depth);
  const ends = (kind: 'input' | 'output', values: readonly NamedValueType[]): Subject[] =>
    values.map((value, index) => ({ place: { kind, index }, names: [lowered(value.name)], around: [''], value }));
  return {
    tree,
    subjects: [
      ...ends('input', graph.inputs),
      ...inner.map(({ subject }) => subject),
      ...ends('output', graph.outputs),
    ],
    parameters: countParameters(graph).byNode,
    bytes,
  };

  /** @returns the nodes inside, and the position of the first of them. */
  function collect(module: Module, depth: number): { readonly inside: readonly number[]; readonly first: number } {
    const inside: number[] = [];
    let first = Infinity;
    for (const item of module.items) {
      if (!isModule(item)) {
        const at = position.get(item.index) ?? 0;
        inside.push(item.index);
        first = Math.min(first, at);
        inner.push({ at, depth: depth + 1, subject: nodeSubject(item, module) });
        continue;
      }
      const held = collect(item, depth + 1);
      for (const index of held.inside) inside.push(index);
      first = Math.min(first, held.first);
    }
    if (module.parent !== undefined) {
      const names = paths(module.path);
      inner.push({
        at: first,
        depth,
        subject: { place: { kind: 'module', id: module.id }, names, around: paths(module.parent.path), inside },
      });
    }
    return { inside, first };
  }

  function nodeSubject(node: GraphNode, module: Module): Subject {
    const read = node.inputs.slice(0, MAXIMUM_VALUES).filter((value) => graph.initializer(value) !== undefined);
    const made = node.outputs.slice(0, MAXIMUM_VALUES).filter((value) => value !== '');
    const own = [node.name, ...made, ...read].map(lowered);
    return {
      place: { kind: 'node', index: node.index },
      names: [...new Set([...own, ...paths([...module.path, tree.nameOf(node)])])],
      around: paths(module.path),
      node: {
        node,
        operator: lowered(node.opType),
        domain: node.domain === '' ? 'ai.onnx' : lowered(node.domain),
        types: types[node.index] ?? [],
        layers: layers.get(node.index) ?? [],
        ...roleWords(graph, node),
      },
    };
  }
}

/** A path as people write it: with slashes, and with dots. */
function paths(path: readonly string[]): readonly string[] {
  const joined = lowered(path.join('/'));
  return path.length > 1 ? [joined, lowered(path.join('.'))] : [joined];
}

export function lowered(text: string): string {
  return shortText(text, MAXIMUM_NAME_LENGTH).toLowerCase();
}

function roleWords(graph: Graph, node: GraphNode): Pick<NodeSubject, 'roles' | 'hooks'> {
  const { pointsOf, groupsOf } = findRoles(graph);
  const points = node.outputs.slice(0, MAXIMUM_VALUES).flatMap(pointsOf);
  return {
    roles: [...new Set([...groupsOf(node.index), ...points.map(({ role }) => lowered(role))])],
    hooks: points.flatMap(({ hooks }) => hooks).map(lowered),
  };
}

function layerWords(graph: Graph): ReadonlyMap<number, readonly string[]> {
  const words = new Map<number, string[]>();
  for (const { value, family, operator } of detectActivationLayers(graph)) {
    const node = graph.producerOf(value);
    if (node === undefined || isHidden(node)) continue;
    const list = words.get(node.index) ?? [];
    words.set(node.index, [...list, family, lowered(operator)]);
  }
  return words;
}
