/**
 * Where the boxes of the collapsed graph go: layered from top to bottom, open modules as boxes around their items. Each
 * level is laid out by itself, from the innermost outwards, so that opening a module lays out anew only what is around it.
 */
import { breathe } from '../../breathe.js';
import { throwIfCancelled } from '../../errors.js';
import type { GraphEdge, GraphItem, GraphPicture } from '../description.js';
import type { Graph } from '../graph.js';
import type { ModuleTree } from '../modules.js';
import type { ValueType } from '../value-type.js';
import { boxDescriber, boxSize, openLabelWidth, valuesText, type BoxDescription } from './boxes.js';
import { layoutLevel, type Level, type LevelBox, type LevelEnd, type LevelLayout } from './level.js';
import { visibleGraph, type VisibleItem } from './visible.js';
import { wireGraph, type LineEnd, type RouteStep, type WiredLevel } from './wires.js';

export interface PictureRequest {
  readonly graph: Graph;
  readonly tree: ModuleTree;
  /** Modules to open, with all around them. */
  readonly expanded: readonly string[];
  /** Values from around a body that are drawn. */
  readonly outer?: readonly string[];
  /** Type and shape of a value, where more is known than the file states. */
  readonly typeOf?: (value: string) => ValueType | undefined;
  /** Asked between levels. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The picture of the graph with some modules open, and every other closed.
 * @throws CancelledError when the signal was aborted.
 */
export async function layoutGraph(request: PictureRequest): Promise<GraphPicture> {
  const { graph, tree, expanded, outer, typeOf = graph.valueInfo, signal } = request;
  throwIfCancelled(signal);
  const visible = visibleGraph(graph, tree, expanded, outer);
  const { top, levels, edges } = wireGraph(graph, visible);
  const describe = boxDescriber(tree, typeOf);
  const described = visible.items.map(describe);

  const layouts = new Map<WiredLevel, LevelLayout>();
  const layOut = async (level: WiredLevel, position: number | undefined): Promise<void> => {
    throwIfCancelled(signal);
    const boxes = level.items.map((item) => boxAt(item));
    const labelWidth = openLabelWidth(described[position ?? -1] ?? NOTHING);
    const { entries, exits } = level;
    const border = position === undefined ? {} : { border: { entries, exits, labelWidth } };
    layouts.set(level, await layoutLevel({ boxes, lines: linesOf(level), ...border }));
    await breathe();
  };
  // Items inside come after the modules around them.
  for (const [position, level] of [...levels].reverse()) await layOut(level, position);
  await layOut(top, undefined);
  throwIfCancelled(signal);

  const corners = absoluteCorners(visible.items, top, levels, layouts);
  const borders = new Map([...levels].map(([position, level]) => [level, corners[position]]));
  const { width = 0, height = 0 } = layouts.get(top) ?? {};
  return {
    items: visible.items.map((item, position) => itemOf(item, position)),
    edges: edges.map(({ from, to, values, route }): GraphEdge => ({
      from: visible.items[from]?.id ?? '',
      to: visible.items[to]?.id ?? '',
      label: valuesText(values, typeOf),
      points: pointsOf(route, layouts, borders),
    })),
    width,
    height,
    expanded: visible.expanded,
  };

  function boxAt(position: number): LevelBox {
    const level = levels.get(position);
    const layout = level && layouts.get(level);
    if (layout !== undefined) {
      const { width: wide, height: high, entries, exits } = layout;
      return { width: wide, height: high, entries, exits };
    }
    const item = visible.items[position];
    return item === undefined ? { width: 0, height: 0 } : boxSize(item, described[position] ?? NOTHING);
  }

  function itemOf(item: VisibleItem, position: number): GraphItem {
    const [x, y] = corners[position] ?? [0, 0];
    const box = boxAt(position);
    return {
      id: item.id,
      kind: item.kind === 'outer' ? 'input' : item.kind,
      ...(described[position] ?? NOTHING),
      expanded: item.kind === 'module' && item.expanded,
      box: [x, y, box.width, box.height],
      ...(item.parent === undefined ? {} : { parent: visible.items[item.parent]?.id ?? '' }),
    };
  }
}

const NOTHING: BoxDescription = { label: '', caption: '', parameters: 0, layers: [] };

/** The level's lines, with its items by their places in the level. */
function linesOf(level: WiredLevel): Level['lines'] {
  const places = new Map(level.items.map((item, place) => [item, place]));
  const end = ({ item, port }: LineEnd): LevelEnd => ({
    ...(item === undefined ? {} : { box: places.get(item) ?? 0 }),
    ...(port === undefined ? {} : { port }),
  });
  return level.lines.map(({ from, to }) => ({ from: end(from), to: end(to) }));
}

/** Left and top of every item, from the picture's corner. */
function absoluteCorners(
  items: readonly VisibleItem[],
  top: WiredLevel,
  levels: ReadonlyMap<number, WiredLevel>,
  layouts: ReadonlyMap<WiredLevel, LevelLayout>,
): (readonly [x: number, y: number])[] {
  const corners: (readonly [number, number])[] = items.map(() => [0, 0]);
  const place = (level: WiredLevel, [left, up]: readonly [number, number]): void => {
    level.items.forEach((position, index) => {
      const [x, y] = layouts.get(level)?.corners[index] ?? [0, 0];
      corners[position] = [left + x, up + y];
    });
  };
  place(top, [0, 0]);
  for (const [position, level] of levels) place(level, corners[position] ?? [0, 0]);
  return corners;
}

/** The polyline along a route; points on a straight stretch are left out. */
function pointsOf(
  route: readonly RouteStep[],
  layouts: ReadonlyMap<WiredLevel, LevelLayout>,
  borders: ReadonlyMap<WiredLevel, readonly [x: number, y: number] | undefined>,
): number[] {
  const points: number[] = [];
  for (const { level, line } of route) {
    const [left, top] = borders.get(level) ?? [0, 0];
    const stretch = layouts.get(level)?.lines[line] ?? [];
    for (let index = 0; index + 1 < stretch.length; index += 2) {
      addPoint(points, left + (stretch[index] ?? 0), top + (stretch[index + 1] ?? 0));
    }
  }
  return points;
}

function addPoint(points: number[], x: number, y: number): void {
  const [beforeX = NaN, beforeY = NaN, lastX = NaN, lastY = NaN] = points.slice(-4);
  if (points.length >= 2 && near(points.at(-2), x) && near(points.at(-1), y)) return;
  const isStraight =
    points.length >= 4 && ((near(beforeX, lastX) && near(lastX, x)) || (near(beforeY, lastY) && near(lastY, y)));
  if (isStraight) points.splice(-2, 2);
  points.push(x, y);
}

/** The same place, up to rounding. */
function near(a: number | undefined, b: number): boolean {
  return Math.abs((a ?? NaN) - b) < 0.01;
}
