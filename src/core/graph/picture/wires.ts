/**
 * How values travel through a picture with open modules: along lines inside one level each, which meet at the borders
 * of open modules. What lies inside a module is wired without regard to what is open around it.
 */
import type { Graph } from '../graph.js';
import type { VisibleGraph } from './visible.js';

/** One end of a line in a level: a closed item, a port of an open one, or a port of the level's own border. */
export interface LineEnd {
  /** Position of the item among the picture's; undefined for the border. */
  readonly item?: number;
  /** Undefined for a closed item. */
  readonly port?: number;
}

export interface Line {
  readonly from: LineEnd;
  readonly to: LineEnd;
}

/** The inside of an open module, or the top of the picture. */
export interface WiredLevel {
  /** Positions of what lies directly inside, in the order of drawing. */
  readonly items: number[];
  /** Ports at the upper border, where values enter, and at the lower one, where they leave. */
  entries: number;
  exits: number;
  readonly lines: Line[];
}

/** Values that pass from one item to another on the same way. */
export interface WiredEdge {
  readonly from: number;
  readonly to: number;
  readonly values: readonly string[];
  /** The lines that make up the way, in its direction. */
  readonly route: readonly RouteStep[];
}

export interface RouteStep {
  readonly level: WiredLevel;
  /** Which of the level's lines. */
  readonly line: number;
}

export interface WiredGraph {
  readonly top: WiredLevel;
  /** By the position of the open module. */
  readonly levels: ReadonlyMap<number, WiredLevel>;
  readonly edges: readonly WiredEdge[];
}

/** A border with more ports is no picture: further values share the last one. */
const MAXIMUM_PORTS = 40;

/** A value, where it comes from, and the items that read it. */
interface Flow {
  readonly value: string;
  readonly from: number;
  readonly to: readonly number[];
}

export function wireGraph(graph: Graph, visible: VisibleGraph): WiredGraph {
  const { items } = visible;
  const newLevel = (): WiredLevel => ({ items: [], entries: 0, exits: 0, lines: [] });
  const top = newLevel();
  const levels = new Map<number, WiredLevel>();
  const levelOf = (position: number | undefined): WiredLevel =>
    position === undefined ? top : (levels.get(position) ?? top);
  items.forEach((item, position) => {
    if (item.kind === 'module' && item.expanded) levels.set(position, newLevel());
    levelOf(item.parent).items.push(position);
  });
  /** Open modules around an item, innermost first. */
  const around = items.map((): readonly number[] => []);
  items.forEach(({ parent }, position) => {
    if (parent !== undefined) around[position] = [parent, ...(around[parent] ?? [])];
  });

  const flows = flowsOf(graph, visible);
  const ports = portsOf(flows, around, levels);
  const known = new Map<WiredLevel, Map<string, number>>();
  const edges = new Map<string, WiredEdge & { readonly values: string[] }>();
  for (const { value, from, to } of flows) {
    for (const reader of to) {
      const route = routeOf(value, from, reader);
      const key = `${from} ${reader} ${route.map(({ line }) => line).join(' ')}`;
      const edge = edges.get(key);
      if (edge === undefined) edges.set(key, { from, to: reader, values: [value], route });
      else edge.values.push(value);
    }
  }
  return { top, levels, edges: [...edges.values()] };

  function routeOf(value: string, from: number, to: number): RouteStep[] {
    const [up, down] = [around[from] ?? [], around[to] ?? []];
    let shared = 0;
    while (shared < up.length && shared < down.length && up.at(-1 - shared) === down.at(-1 - shared)) shared++;
    const route: RouteStep[] = [];
    let end: LineEnd = { item: from };
    for (const module of up.slice(0, up.length - shared)) {
      const port = ports.exits.get(module)?.get(from) ?? 0;
      route.push(step(module, end, { port }));
      end = { item: module, port };
    }
    let level = up[up.length - shared];
    for (const module of down.slice(0, down.length - shared).reverse()) {
      const port = ports.entries.get(module)?.get(value) ?? 0;
      route.push(step(level, end, { item: module, port }));
      end = { port };
      level = module;
    }
    route.push(step(level, end, { item: to }));
    return route;
  }

  function step(position: number | undefined, from: LineEnd, to: LineEnd): RouteStep {
    const level = levelOf(position);
    const lines = known.get(level) ?? new Map<string, number>();
    known.set(level, lines);
    const key = `${from.item ?? ''}.${from.port ?? ''} ${to.item ?? ''}.${to.port ?? ''}`;
    const line = lines.get(key) ?? level.lines.push({ from, to }) - 1;
    lines.set(key, line);
    return { level, line };
  }
}

interface Ports {
  /** By open module and value. */
  readonly entries: ReadonlyMap<number, ReadonlyMap<string, number>>;
  /** By open module and the item inside that a value comes from. */
  readonly exits: ReadonlyMap<number, ReadonlyMap<number, number>>;
}

/** Values that the same items inside read enter through one port; what leaves one item inside leaves through one port. */
function portsOf(
  flows: readonly Flow[],
  around: readonly (readonly number[])[],
  levels: ReadonlyMap<number, WiredLevel>,
): Ports {
  const readers = new Map<number, Map<string, number[]>>();
  const exits = new Map<number, Map<number, number>>();
  for (const { value, from, to } of flows) {
    const own = new Set(around[from]);
    for (const reader of to) {
      const outside = new Set(around[reader]);
      for (const module of around[reader] ?? []) {
        if (own.has(module)) break;
        const entering = readers.get(module) ?? new Map<string, number[]>();
        readers.set(module, entering);
        const inside = entering.get(value);
        if (inside === undefined) entering.set(value, [reader]);
        else inside.push(reader);
      }
      for (const module of around[from] ?? []) {
        if (outside.has(module)) break;
        const leaving = exits.get(module) ?? new Map<number, number>();
        exits.set(module, leaving);
        if (!leaving.has(from)) leaving.set(from, Math.min(leaving.size, MAXIMUM_PORTS - 1));
      }
    }
  }
  const entries = new Map<number, Map<string, number>>();
  for (const [module, entering] of readers) {
    const groups = new Map<string, number>();
    const ports = new Map<string, number>();
    for (const [value, inside] of entering) {
      const key = inside.sort((a, b) => a - b).join();
      const port = groups.get(key) ?? Math.min(groups.size, MAXIMUM_PORTS - 1);
      groups.set(key, port);
      ports.set(value, port);
    }
    entries.set(module, ports);
  }
  for (const [module, level] of levels) {
    level.entries = countPorts(entries.get(module));
    level.exits = countPorts(exits.get(module));
  }
  return { entries, exits };
}

function countPorts(ports: ReadonlyMap<unknown, number> | undefined): number {
  let count = 0;
  for (const port of ports?.values() ?? []) count = Math.max(count, port + 1);
  return count;
}

/** A value that a node of the graph makes, with its readers. */
interface Made {
  readonly value: string;
  readonly maker: number;
  readonly readers: readonly number[];
}

const cache = new WeakMap<Graph, readonly Made[]>();

/** Every value that nodes make, in topological order; one that is made twice comes from its first maker. */
function madeValues(graph: Graph): readonly Made[] {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const made: Made[] = [];
  const seen = new Set<string>();
  for (const node of graph.order) {
    for (const value of node.outputs) {
      if (value === '' || seen.has(value)) continue;
      seen.add(value);
      made.push({ value, maker: node.index, readers: readersOf(graph, value) });
    }
  }
  cache.set(graph, made);
  return made;
}

function readersOf(graph: Graph, value: string): readonly number[] {
  return graph.consumersOf(value).map(({ index }) => index);
}

/** Every value that passes from one drawn item to others: those from around the nodes first, then as they are made. */
function flowsOf(graph: Graph, { items, standIns }: VisibleGraph): Flow[] {
  const flows: Flow[] = [];
  const sources = new Map<string, number>();
  const outputs = new Map<string, number[]>();
  items.forEach((item, position) => {
    if (item.kind === 'input' || item.kind === 'outer') sources.set(item.value, position);
    else if (item.kind === 'output') outputs.set(item.value, [...(outputs.get(item.value) ?? []), position]);
  });
  const add = (value: string, from: number | undefined, readers: readonly number[]): void => {
    if (from === undefined) return;
    const to: number[] = [];
    for (const reader of readers) {
      const position = standIns[reader];
      if (position !== undefined && position !== from) to.push(position);
    }
    to.push(...(outputs.get(value) ?? []));
    if (to.length > 0) flows.push({ value, from, to: to.length === 1 ? to : [...new Set(to)] });
  };
  for (const [value, position] of sources) add(value, position, readersOf(graph, value));
  for (const { value, maker, readers } of madeValues(graph)) add(value, standIns[maker], readers);
  return flows;
}
