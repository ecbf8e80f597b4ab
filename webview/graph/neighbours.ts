/** Moving through the graph with the arrow keys: along edges where there are any, else to the nearest box that way. */
import type { GraphItem, GraphPicture, GraphEdge } from '../../src/protocol/model.js';
import type { Selection } from '../../src/protocol/selection.js';

export type Direction = 'up' | 'down' | 'left' | 'right';

export function neighbour(picture: GraphPicture, from: GraphItem, direction: Direction): GraphItem | undefined {
  const linked = linkedItems(picture, from, direction);
  const candidates = linked.length > 0 ? linked : picture.items.filter((item) => lies(item, from, direction));
  return nearest(from, candidates);
}

/** The visible item that stands for a selection: the item itself, or the innermost one that holds the layer. */
export function itemOfSelection(picture: GraphPicture, { item, layer }: Selection): GraphItem | undefined {
  const own = item === undefined ? undefined : picture.items.find((candidate) => candidate.id === item);
  if (own !== undefined || layer === undefined) return own;
  const holders = picture.items.filter((candidate) => candidate.layers.includes(layer));
  return holders.reduce<GraphItem | undefined>(
    (best, candidate) => (best === undefined || area(candidate) < area(best) ? candidate : best),
    undefined,
  );
}

/** Edges that begin or end at an item. */
export function edgesOf(picture: GraphPicture, id: string): ReadonlySet<GraphEdge> {
  return new Set(picture.edges.filter((edge) => edge.from === id || edge.to === id));
}

function linkedItems(picture: GraphPicture, from: GraphItem, direction: Direction): readonly GraphItem[] {
  if (direction === 'left' || direction === 'right') return [];
  const ids = new Set(
    picture.edges.flatMap((edge) =>
      direction === 'down' && edge.from === from.id
        ? [edge.to]
        : direction === 'up' && edge.to === from.id
          ? [edge.from]
          : [],
    ),
  );
  return picture.items.filter((item) => ids.has(item.id));
}

function lies(item: GraphItem, from: GraphItem, direction: Direction): boolean {
  if (item.id === from.id) return false;
  const [x, y] = middle(item);
  const [fromX, fromY] = middle(from);
  const [dx, dy] = [x - fromX, y - fromY];
  switch (direction) {
    case 'up':
      return dy < 0 && Math.abs(dx) <= -dy;
    case 'down':
      return dy > 0 && Math.abs(dx) <= dy;
    case 'left':
      return dx < 0 && Math.abs(dy) <= -dx;
    case 'right':
      return dx > 0 && Math.abs(dy) <= dx;
  }
}

function nearest(from: GraphItem, candidates: readonly GraphItem[]): GraphItem | undefined {
  const [fromX, fromY] = middle(from);
  let best: GraphItem | undefined;
  let bestDistance = Infinity;
  for (const item of candidates) {
    const [x, y] = middle(item);
    const distance = Math.hypot(x - fromX, y - fromY);
    if (distance < bestDistance) [best, bestDistance] = [item, distance];
  }
  return best;
}

function middle({ box: [left, top, width, height] }: GraphItem): readonly [number, number] {
  return [left + width / 2, top + height / 2];
}

function area({ box }: GraphItem): number {
  return box[2] * box[3];
}
