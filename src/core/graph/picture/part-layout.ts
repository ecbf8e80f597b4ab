/** Lays out one part of a level by itself: a single box by hand, everything else with elk. */
import { layoutWithElk, type ElkExtendedEdge, type ElkNode, type ElkPort } from './elk.js';
import type { LevelBox, LevelEnd } from './level.js';

export interface PartRequest {
  readonly boxes: readonly LevelBox[];
  readonly lines: readonly { readonly from: LevelEnd; readonly to: LevelEnd }[];
  readonly entries: number;
  readonly exits: number;
  /** Room around the boxes. */
  readonly above: number;
  readonly below: number;
  readonly side: number;
}

export interface PartLayout {
  readonly width: number;
  readonly height: number;
  /** Left and top of each box. */
  readonly corners: readonly (readonly [x: number, y: number])[];
  /** x0, y0, x1, y1 … of each line. */
  readonly lines: readonly (readonly number[])[];
  /** Where lines enter and leave, from the left. */
  readonly entries: readonly number[];
  readonly exits: readonly number[];
}

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

/** Parts that were laid out, by all that a layout depends on: equal blocks of a model share one. */
const cache = new Map<string, Promise<PartLayout>>();
const CACHED_PARTS = 2000;

/** The layout of a part. Nothing can interrupt it; parts are small. */
export function layoutPart(part: PartRequest): Promise<PartLayout> {
  const alone = singleBox(part);
  if (alone !== undefined) return Promise.resolve(alone);
  const key = JSON.stringify(part);
  const layout = cache.get(key) ?? compute(part);
  // The one that was used last is forgotten last.
  cache.delete(key);
  cache.set(key, layout);
  layout.catch(() => cache.delete(key));
  if (cache.size > CACHED_PARTS) for (const oldest of cache.keys()) return cache.delete(oldest) ? layout : layout;
  return layout;
}

/** One box, with at most one line in and one out. */
function singleBox({ boxes, lines, entries, exits, above, below, side }: PartRequest): PartLayout | undefined {
  const [box] = boxes;
  if (box === undefined || boxes.length > 1 || entries > 1 || exits > 1 || lines.length !== entries + exits)
    return undefined;
  const middle = side + box.width / 2;
  const enters = lines.find(({ from }) => from.box === undefined)?.to;
  const leaves = lines.find(({ to }) => to.box === undefined)?.from;
  if ((entries === 1 && enters?.box !== 0) || (exits === 1 && leaves?.box !== 0)) return undefined;
  const at = (ports: readonly number[] | undefined, { port }: LevelEnd = {}): number =>
    port === undefined ? middle : side + (ports?.[port] ?? box.width / 2);
  const [top, bottom] = [at(box.entries, enters), at(box.exits, leaves)];
  const height = above + box.height + below;
  return {
    width: box.width + 2 * side,
    height,
    corners: [[side, above]],
    lines: lines.map(({ from }) =>
      from.box === undefined ? [top, 0, top, above] : [bottom, above + box.height, bottom, height],
    ),
    entries: entries === 1 ? [top] : [],
    exits: exits === 1 ? [bottom] : [],
  };
}

async function compute(part: PartRequest): Promise<PartLayout> {
  const { boxes, lines, entries, exits, above, below, side } = part;
  const options = { ...OPTIONS, ...effort(boxes.length, lines.length) };
  const inside: ElkNode = {
    id: 'inside',
    children: boxes.map((box, index) => elkBox(`n${index}`, box)),
    edges: lines.map(({ from, to }, index): ElkExtendedEdge => ({
      id: `e${index}`,
      sources: [endId(from, 'out')],
      targets: [endId(to, 'in')],
    })),
    ports: [
      ...Array.from({ length: entries }, (_, port) => elkPort(`in${port}`, 'NORTH')),
      ...Array.from({ length: exits }, (_, port) => elkPort(`out${port}`, 'SOUTH')),
    ],
    layoutOptions: {
      ...options,
      'elk.portConstraints': 'FIXED_SIDE',
      'elk.padding': `[top=${above},left=${side},bottom=${below},right=${side}]`,
    },
  };
  const root = await layoutWithElk({ id: 'root', layoutOptions: options, children: [inside] });
  return layoutOf(part, root.children?.[0] ?? root);
}

function layoutOf(part: PartRequest, placed: ElkNode): PartLayout {
  const [left, top] = [placed.x ?? 0, placed.y ?? 0];
  const boxes = new Map((placed.children ?? []).map((box) => [box.id, box]));
  const lines: number[][] = part.lines.map(() => []);
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
    corners: part.boxes.map((_, index) => {
      const { x = 0, y = 0 } = boxes.get(`n${index}`) ?? {};
      return [x - left, y - top];
    }),
    lines,
    entries: across('in', part.entries),
    exits: across('out', part.exits),
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
