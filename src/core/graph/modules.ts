/** The tree of modules that a graph was exported from, for the collapsed picture and the outline. */
import { displayText } from '../display-text.js';
import type { Graph, GraphNode } from './graph.js';
import { findRepeats, type RepeatItem } from './repeats.js';
import { isHidden, nodeScopes } from './scopes.js';
import { structureKeys } from './structure-key.js';

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
  /** Of a module whose items are the same block several times, one after another: how many. */
  readonly blocks?: number;
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
/** Modules of one repeated block that its name lists. */
const LARGEST_NAMED_BLOCK = 3;
/** Groups per level, where it has to be split. */
const GROUPS = 24;

interface Draft {
  readonly segments: readonly string[];
  /** The path that the names of its items continue, where that is not its own. */
  readonly within?: readonly string[];
  readonly items: (Draft | GraphNode)[];
  readonly children: Map<string, Draft>;
}

/** The same several times in a row, each time one or more items. */
interface Repetition {
  readonly blocks: readonly (readonly (Draft | GraphNode)[])[];
  readonly label: string;
}

type Entry = Draft | GraphNode | Repetition;

const cache = new WeakMap<Graph, ModuleTree>();

/**
 * The modules of a graph, from the scopes that exporters leave in names. Modules that only wrap one other module are
 * one with it ("backbone.model0"); blocks that come several times in a row are one module that holds them ("12 × layer");
 * levels with very many items are split into groups of neighbours. Computed once per graph.
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
  const keys = structureKeys(graph);
  const draftNodes = new Map<Draft, readonly GraphNode[]>();
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
    const entries = folded(
      draft.items.map((item) => (isDraft(item) ? unwrapped(item) : item)),
      label,
    );
    const [only] = entries;
    if (entries.length === 1 && only !== undefined && isRepetition(only) && parent !== undefined) {
      // A list of nothing but equal blocks is that repetition.
      return repetition(only, draft.segments, parent, draft.within ?? draft.segments);
    }
    const within = draft.within ?? draft.segments;
    return register(draft.segments, parent, label, (module) => grouped(entries, within, limit, module));
  }

  /** Turns entries of one level into modules, in groups where there are too many. */
  function grouped(
    entries: readonly Entry[],
    segments: readonly string[],
    limit: number,
    module: Module,
  ): (Module | GraphNode)[] {
    if (entries.length <= limit) {
      return entries.map((entry) => {
        if (isRepetition(entry)) return repetition(entry, [...segments, entry.label], module, segments);
        if (!isDraft(entry)) {
          holders.set(entry.index, module);
          return entry;
        }
        return finish(entry, module, labelWithin(entry, segments), MAXIMUM_ITEMS);
      });
    }
    const size = Math.ceil(entries.length / GROUPS);
    const groups: Module[] = [];
    for (let start = 0; start < entries.length; start += size) {
      const members = entries.slice(start, start + size);
      const words = members.every((entry) => !isDraft(entry) && !isRepetition(entry)) ? 'nodes' : 'parts';
      const label = `${words} ${start + 1}–${start + members.length}`;
      groups.push(
        register([...segments, label], module, label, (group) => grouped(members, segments, MAXIMUM_ITEMS, group)),
      );
    }
    return groups;
  }

  /** @param segments of the level that the blocks lie in. */
  function repetition(
    { blocks, label }: Repetition,
    path: readonly string[],
    parent: Module,
    segments: readonly string[],
  ): Module {
    return register(
      path,
      parent,
      label,
      (module) => {
        const members = blocks.map((block, index): Entry => {
          const [only] = block;
          if (block.length === 1 && only !== undefined) return only;
          // Blocks that nobody named: "block 1", "block 2".
          return {
            segments: [...path, `block ${index + 1}`],
            within: segments,
            items: [...block],
            children: new Map(),
          };
        });
        return grouped(members, blocks[0]?.length === 1 ? segments : path, MAXIMUM_ITEMS, module);
      },
      blocks.length,
    );
  }

  /** The items with what repeats among them as one entry each. */
  function folded(items: readonly (Draft | GraphNode)[], label: string): Entry[] {
    const structures = items.map((item) =>
      isDraft(item)
        ? keys.ofPart(nodesOfDraft(item), stemOf(item.segments.at(-1) ?? ''))
        : keys.ofPart([item], stemOf(scopes[item.index]?.name ?? '')),
    );
    const places = new Map<string, number>();
    items.forEach((item, place) => {
      for (const node of isDraft(item) ? nodesOfDraft(item) : [item]) {
        for (const value of node.outputs) places.set(value, place);
      }
    });
    const repeats = findRepeats(
      items.map((item, place): RepeatItem => ({
        key: structures[place]?.key ?? -1,
        size: isDraft(item) ? nodesOfDraft(item).length : 1,
        reads: (structures[place]?.reads ?? []).map((value) => places.get(value) ?? -1),
        isNamed: isDraft(item),
      })),
    );
    const entries: Entry[] = [];
    let next = 0;
    for (const { start, period, count } of repeats) {
      entries.push(...items.slice(next, start));
      next = start + period * count;
      const blocks = Array.from({ length: count }, (_, block) =>
        items.slice(start + block * period, start + (block + 1) * period),
      );
      entries.push({ blocks, label: `${count} × ${repeatedName(blocks[0] ?? [], label)}` });
    }
    entries.push(...items.slice(next));
    return entries;
  }

  function nodesOfDraft(draft: Draft): readonly GraphNode[] {
    const nodes = draftNodes.get(draft) ?? draft.items.flatMap((item) => (isDraft(item) ? nodesOfDraft(item) : [item]));
    draftNodes.set(draft, nodes);
    return nodes;
  }

  function register(
    path: readonly string[],
    parent: Module | undefined,
    label: string,
    fill: (module: Module) => (Module | GraphNode)[],
    blocks?: number,
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
      ...(blocks === undefined ? {} : { blocks }),
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

function isDraft(item: Entry): item is Draft {
  return 'children' in item;
}

function isRepetition(entry: Entry): entry is Repetition {
  return 'blocks' in entry;
}

function labelWithin({ segments }: Draft, around: readonly string[]): string {
  return displayText(segments.slice(around.length).join('.'), 80);
}

/** A name without its numbers: what the members of a list share. */
function stemOf(name: string): string {
  return name.replaceAll(/\d+/g, '#');
}

/** What a repeated block is called: by the names that its modules share, else by the list that they lie in. */
function repeatedName(block: readonly (Draft | GraphNode)[], list: string): string {
  const names = block.map((item) =>
    isDraft(item) ? (item.segments.at(-1) ?? '').replace(/[\d._-]+$/, '') : undefined,
  );
  const [first] = names;
  if (names.length === 1 && first !== undefined) return displayText(first === '' ? list || 'block' : first, 60);
  const isTelling = names.length <= LARGEST_NAMED_BLOCK && names.every((name) => name !== undefined && name !== '');
  return isTelling ? displayText(`(${names.join(', ')})`, 60) : 'block';
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
