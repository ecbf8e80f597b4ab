/** Lays out one level of the picture: boxes of known size, lines between them, and ports on the border around. */
import { layoutWithElk, type ElkExtendedEdge, type ElkNode, type ElkPort } from './elk.js';

export interface LevelBox {
  readonly width: number;
  readonly height: number;
  /** Of an open module: where lines enter at its top and leave at its bottom, from its left side. */
  readonly entries?: readonly number[];
  readonly exits?: readonly number[];
}

/** A box with one of its ports, or where no box is named a port of the border. */
export interface LevelEnd {
  readonly box?: number;
  readonly port?: number;
}

export interface LevelBorder {
  readonly entries: number;
  readonly exits: number;
  /** Left of the border's upper side that its label takes: lines enter to the right of it. */
  readonly labelWidth: number;
}

export interface Level {
  readonly boxes: readonly LevelBox[];
  readonly lines: readonly { readonly from: LevelEnd; readonly to: LevelEnd }[];
  /** Of the inside of a module; undefined for the top of the picture, which has no border. */
  readonly border?: LevelBorder;
}

export interface LevelLayout {
  readonly width: number;
  readonly height: number;
  /** Left and top of each box. */
  readonly corners: readonly (readonly [x: number, y: number])[];
  /** x0, y0, x1, y1 … of each line. */
  readonly lines: readonly (readonly number[])[];
  /** Where lines cross the border's top and bottom, from its left. */
  readonly entries: readonly number[];
  readonly exits: readonly number[];
}

/** Room for an open module's own label. */
const HEADER_HEIGHT = 30;
const SMALLEST_HEIGHT = 68;
const MARGIN = 14;
/** Room above the first line of a module, below its label. */
const HEADER_MARGIN = 10;

/** Between lines that are led past the label. */
const ENTRY_GAP = 8;

/** Lines that are untangled: with more, the layout would take longer than anybody waits, and untangle nothing. */
const MAXIMUM_LINES = 300;
/** Around boxes, for lines that are led past everything. */
const LANE_GAP = 10;

const OPTIONS: Readonly<Record<string, string>> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
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

/** Levels that were laid out, by all that a layout depends on: equal blocks of a model share one. */
const cache = new Map<string, Promise<LevelLayout>>();
const CACHED_LEVELS = 500;

/** The layout of a level. Nothing can interrupt it; levels are small. */
export function layoutLevel(level: Level): Promise<LevelLayout> {
  const key = JSON.stringify(level);
  const layout = cache.get(key) ?? compute(level);
  // The one that was used last is forgotten last.
  cache.delete(key);
  cache.set(key, layout);
  layout.catch(() => cache.delete(key));
  if (cache.size > CACHED_LEVELS) for (const oldest of cache.keys()) return cache.delete(oldest) ? layout : layout;
  return layout;
}

async function compute(level: Level): Promise<LevelLayout> {
  const untangled = untangledLines(level);
  const options = { ...OPTIONS, ...effort(level.boxes.length, untangled.length) };
  const { border } = level;
  const children = level.boxes.map((box, index) => elkBox(`n${index}`, box));
  const edges = untangled.map((index): ElkExtendedEdge => {
    const { from = {}, to = {} } = level.lines[index] ?? {};
    return { id: `e${index}`, sources: [endId(from, 'out')], targets: [endId(to, 'in')] };
  });
  const inside: ElkNode = { id: 'inside', children, edges, layoutOptions: options };
  if (border !== undefined) {
    inside.ports = [
      ...Array.from({ length: border.entries }, (_, port) => elkPort(`in${port}`, 'NORTH')),
      ...Array.from({ length: border.exits }, (_, port) => elkPort(`out${port}`, 'SOUTH')),
    ];
    inside.layoutOptions = {
      ...options,
      'elk.portConstraints': 'FIXED_SIDE',
      'elk.padding': `[top=${HEADER_HEIGHT + HEADER_MARGIN},left=${MARGIN},bottom=${MARGIN},right=${MARGIN}]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${2 * border.labelWidth}, ${SMALLEST_HEIGHT})`,
    };
  }
  const root = await layoutWithElk(
    border === undefined ? inside : { id: 'root', layoutOptions: options, children: [inside] },
  );
  const placed = border === undefined ? root : (root.children?.[0] ?? root);
  return besideLabel(level, withOtherLines(level, layoutOf(level, placed)));
}

function layoutOf(level: Level, placed: ElkNode): LevelLayout {
  const isTop = level.border === undefined;
  const [left, top] = isTop ? [0, 0] : [placed.x ?? 0, placed.y ?? 0];
  const boxes = new Map((placed.children ?? []).map((box) => [box.id, box]));
  const lines: number[][] = level.lines.map(() => []);
  for (const { id, sections = [] } of placed.edges ?? []) {
    const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
      startPoint,
      ...bendPoints,
      endPoint,
    ]);
    lines[Number(id.slice(1))] = points.flatMap(({ x, y }) => [x - left, y - top]);
  }
  // Ports are the one thing whose coordinates are always those within their box.
  const ports = new Map((placed.ports ?? []).map(({ id, x = 0 }) => [id, x]));
  const across = (name: string, count: number): number[] =>
    Array.from({ length: count }, (_, port) => ports.get(`${name}${port}`) ?? 0);
  return {
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    corners: level.boxes.map((_, index) => {
      const { x = 0, y = 0 } = boxes.get(`n${index}`) ?? {};
      return [x - left, y - top];
    }),
    lines,
    entries: across('in', level.border?.entries ?? 0),
    exits: across('out', level.border?.exits ?? 0),
  };
}

function elkBox(id: string, { width, height, entries = [], exits = [] }: LevelBox): ElkNode {
  if (entries.length + exits.length === 0) return { id, width, height };
  return {
    id,
    width,
    height,
    layoutOptions: { 'elk.portConstraints': 'FIXED_POS' },
    ports: [
      ...entries.map((x, port) => ({ ...elkPort(`${id}.in${port}`, 'NORTH'), x, y: 0 })),
      ...exits.map((x, port) => ({ ...elkPort(`${id}.out${port}`, 'SOUTH'), x, y: height })),
    ],
  };
}

function elkPort(id: string, side: 'NORTH' | 'SOUTH'): ElkPort {
  return { id, width: 0, height: 0, layoutOptions: { 'elk.port.side': side } };
}

/** What enters a box leaves the border, and the other way round. */
function endId({ box, port }: LevelEnd, direction: 'in' | 'out'): string {
  if (box === undefined) return `${direction === 'out' ? 'in' : 'out'}${port ?? 0}`;
  return port === undefined ? `n${box}` : `n${box}.${direction}${port}`;
}

/** Sweeps that untangle edges: where there is much, a few must do, because a person waits. */
function effort(boxes: number, lines: number): Readonly<Record<string, string>> {
  const size = Math.max(boxes, lines / 2);
  return { 'elk.layered.thoroughness': size < 16 ? '7' : size < 32 ? '4' : size < 64 ? '2' : '1' };
}

/** The lines that the layout is made for, by their indices: where there are very many, those between near boxes. */
function untangledLines({ lines }: Level): readonly number[] {
  const all = lines.map((_, index) => index);
  if (lines.length <= MAXIMUM_LINES) return all;
  const span = (index: number): number => {
    const { from = {}, to = {} } = lines[index] ?? {};
    // The border's ports are given places only by their lines.
    return from.box === undefined || to.box === undefined ? 0 : Math.abs(to.box - from.box);
  };
  return all.sort((a, b) => span(a) - span(b) || a - b).slice(0, MAXIMUM_LINES);
}

/** The lines that were left out are led past all boxes, on the right. */
function withOtherLines(level: Level, layout: LevelLayout): LevelLayout {
  if (level.lines.length <= MAXIMUM_LINES) return layout;
  const lane = layout.width;
  const at = ({ box, port = 0 }: LevelEnd, side: 'entries' | 'exits'): readonly [number, number] => {
    if (box === undefined) {
      return side === 'exits' ? [layout.entries[port] ?? 0, 0] : [layout.exits[port] ?? 0, layout.height];
    }
    const [x, y] = layout.corners[box] ?? [0, 0];
    const { width, height, [side]: ports } = level.boxes[box] ?? { width: 0, height: 0 };
    return [x + (ports?.[port] ?? width / 2), side === 'exits' ? y + height : y];
  };
  const lines = layout.lines.map((points, index) => {
    const line = level.lines[index];
    if (points.length > 0 || line === undefined) return points;
    const [x, y] = at(line.from, 'exits');
    const [toX, toY] = at(line.to, 'entries');
    return [x, y, x, y + LANE_GAP, lane, y + LANE_GAP, lane, toY - LANE_GAP, toX, toY - LANE_GAP, toX, toY];
  });
  return { ...layout, lines, width: layout.width + LANE_GAP };
}

/** Lines that would run through the border's label enter to the right of it, and turn back below it. */
function besideLabel({ border, lines }: Level, layout: LevelLayout): LevelLayout {
  if (border === undefined || layout.entries.every((x) => x >= border.labelWidth)) return layout;
  const entries = [...layout.entries];
  const turns = new Map<number, number>();
  const fromLeft = entries.map((_, port) => port).sort((a, b) => (entries[a] ?? 0) - (entries[b] ?? 0));
  let free = border.labelWidth;
  for (const port of fromLeft) {
    const x = layout.entries[port] ?? 0;
    if (x >= free) break;
    entries[port] = Math.min(free, layout.width - MARGIN);
    free += ENTRY_GAP;
    turns.set(port, 0);
  }
  // Further to the left turns earlier: so they do not cross.
  fromLeft
    .filter((port) => turns.has(port))
    .forEach((port, place) =>
      turns.set(port, HEADER_HEIGHT - 2 + (HEADER_MARGIN * (place + 0.5)) / Math.max(1, turns.size)),
    );
  return {
    ...layout,
    entries,
    lines: layout.lines.map((points, index) => {
      const { box, port = 0 } = lines[index]?.from ?? {};
      const y = box === undefined ? turns.get(port) : undefined;
      if (y === undefined) return points;
      const [x = 0] = points;
      const entry = entries[port] ?? x;
      return [entry, 0, entry, y, x, y, ...points.slice(2)];
    }),
  };
}
