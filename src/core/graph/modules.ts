/** The tree of modules that a graph was exported from, for the collapsed picture and the outline. */
import { displayText } from '../display-text.js';
import type { Graph, GraphNode } from './graph.js';
import { isHidden, nodeScopes } from './scopes.js';

export interface Module {
  /** Path joined by "/"; "" is the root. Stable for one file. */
  readonly id: string;
  readonly path: readonly string[];
  readonly label: string;
  readonly parent: Module | undefined;
  /** Modules and nodes directly inside, each by its first node in topological order. */
  readonly items: readonly (Module | GraphNode)[];
  /** All nodes inside, at any depth. */
  readonly nodeCount: number;
}

export interface ModuleTree {
  readonly graph: Graph;
  readonly root: Module;
  module(id: string): Module | undefined;
  /** The innermost module that holds a node; undefined for constants, which are in none. */
  moduleOf(node: GraphNode): Module | undefined;
  /** Short name of a node inside its module. */
  nameOf(node: GraphNode): string;
}

/** A level with more items is split into groups: more boxes than this are no picture. */
const MAXIMUM_ITEMS = 100;
/** The first level is always shown, so it is split earlier. */
const MAXIMUM_ROOT_ITEMS = 60;
/** Groups per level, where it has to be split. */
const GROUPS = 24;

interface Draft {
  readonly segments: readonly string[];
  readonly items: (Draft | GraphNode)[];
  readonly children: Map<string, Draft>;
}

const cache = new WeakMap<Graph, ModuleTree>();

/**
 * The modules of a graph, from the scopes that exporters leave in names. Modules that only wrap one other module are
 * one with it ("backbone.model0"); levels with very many items are split into groups of neighbours. Computed once per
 * graph.
 */
export function buildModuleTree(graph: Graph): ModuleTree {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const tree = build(graph);
  cache.set(graph, tree);
  return tree;
}

export function isModule(item: Module | GraphNode): item is Module {
  return 'items' in item;
}

function build(graph: Graph): ModuleTree {
  const scopes = nodeScopes(graph);
  const root = newDraft([]);
  for (const node of graph.order) {
    if (isHidden(node)) continue;
    let draft = root;
    for (const segment of scopes[node.index]?.module ?? []) {
      let child = draft.children.get(segment);
      if (child === undefined) {
        child = newDraft([...draft.segments, segment]);
        draft.children.set(segment, child);
        draft.items.push(child);
      }
      draft = child;
    }
    draft.items.push(node);
  }
  const modules = new Map<string, Module>();
  const holders = new Map<number, Module>();
  const top = finish(root, undefined, '', MAXIMUM_ROOT_ITEMS);
  return {
    graph,
    root: top,
    module: (id) => modules.get(id),
    moduleOf: (node) => holders.get(node.index),
    nameOf: (node) => displayText(scopes[node.index]?.name ?? node.opType, 80),
  };

  function finish(draft: Draft, parent: Module | undefined, label: string, limit: number): Module {
    return register(draft.segments, parent, label, (module) => {
      const items = draft.items.map((item) => (isDraft(item) ? unwrapped(item) : item));
      return grouped(items, draft.segments, limit, module);
    });
  }

  /** Turns drafts of one level into modules, in groups where there are too many. */
  function grouped(
    items: readonly (Draft | GraphNode)[],
    segments: readonly string[],
    limit: number,
    module: Module,
  ): (Module | GraphNode)[] {
    if (items.length <= limit) {
      return items.map((item) => {
        if (!isDraft(item)) {
          holders.set(item.index, module);
          return item;
        }
        const label = displayText(item.segments.slice(segments.length).join('.'), 80);
        return finish(item, module, label, MAXIMUM_ITEMS);
      });
    }
    const size = Math.ceil(items.length / GROUPS);
    const groups: Module[] = [];
    for (let start = 0; start < items.length; start += size) {
      const members = items.slice(start, start + size);
      const words = members.some(isDraft) ? 'parts' : 'nodes';
      const label = `${words} ${start + 1}–${start + members.length}`;
      groups.push(
        register([...segments, label], module, label, (group) => grouped(members, segments, MAXIMUM_ITEMS, group)),
      );
    }
    return groups;
  }

  function register(
    path: readonly string[],
    parent: Module | undefined,
    label: string,
    fill: (module: Module) => (Module | GraphNode)[],
  ): Module {
    const items: (Module | GraphNode)[] = [];
    const counted = { nodeCount: 0 };
    const id = freeId(path.join('/'));
    const module: Module = {
      id,
      path,
      label,
      parent,
      items,
      get nodeCount() {
        return counted.nodeCount;
      },
    };
    modules.set(id, module);
    items.push(...fill(module));
    counted.nodeCount = items.reduce((sum, item) => sum + (isModule(item) ? item.nodeCount : 1), 0);
    return module;
  }

  /** Ids that begin with "#" belong to nodes, and two groups of one level may carry the same label. */
  function freeId(wanted: string): string {
    let id = wanted.startsWith('#') ? `/${wanted}` : wanted;
    for (let copy = 2; modules.has(id); copy++) id = `${wanted} (${copy})`;
    return id;
  }
}

function newDraft(segments: readonly string[]): Draft {
  return { segments, items: [], children: new Map() };
}

function isDraft(item: Draft | GraphNode): item is Draft {
  return 'children' in item;
}

/** A module whose only item is another module is that module. */
function unwrapped(draft: Draft): Draft {
  let inner = draft;
  for (
    let [only] = inner.items;
    inner.items.length === 1 && only !== undefined && isDraft(only);
    [only] = inner.items
  ) {
    inner = only;
  }
  return inner;
}
