/** Lays the fake network out in one column: what the worker does with a library. */
import type { GraphEdge, GraphItem, GraphPicture } from '../../../src/protocol/model.js';
import type { FakeNetwork, FakeNode } from './network.js';

const WIDTH = 150;
const HEIGHT = 38;
const GAP = 32;
const PADDING = 14;
const HEADER = 40;
const LANE = 46;

export function picture(network: FakeNetwork, expanded: readonly string[]): GraphPicture {
  const open = new Set(expanded);
  const items: GraphItem[] = [];
  const standIn = new Map<string, string>();

  const place = (
    nodes: readonly FakeNode[],
    path: readonly string[],
    left: number,
    top: number,
    parent?: string,
  ): number => {
    let y = top;
    for (let index = 0; index < nodes.length;) {
      const node = nodes[index] as FakeNode;
      const name = node.module[path.length];
      if (name === undefined) {
        standIn.set(node.id, node.id);
        items.push({
          id: node.id,
          kind: node.kind,
          label: node.label,
          caption: node.operator,
          parameters: node.parameters,
          layers: node.layer === undefined ? [] : [node.layer],
          expanded: false,
          box: [left, y, WIDTH, HEIGHT],
          parent,
        });
        y += HEIGHT + GAP;
        index++;
        continue;
      }
      let end = index;
      while (end < nodes.length && nodes[end]?.module[path.length] === name) end++;
      const inside = nodes.slice(index, end);
      const modulePath = [...path, name];
      const id = modulePath.join('/');
      const item = {
        id,
        kind: 'module' as const,
        label: name,
        caption: `${inside.length} nodes`,
        parameters: inside.reduce((sum, one) => sum + one.parameters, 0),
        layers: inside.flatMap((one) => (one.layer === undefined ? [] : [one.layer])),
        parent,
      };
      if (open.has(id)) {
        const slot = items.length;
        const bottom = place(inside, modulePath, left + PADDING, y + HEADER, id);
        const depth = 2 * (PADDING + LANE);
        const widest = Math.max(...items.slice(slot).map(({ box }) => box[0] + box[2]));
        items.splice(slot, 0, {
          ...item,
          expanded: true,
          box: [left, y, Math.max(WIDTH + depth, widest - left + PADDING + LANE), bottom - y - GAP + PADDING],
        });
        y = bottom - GAP + PADDING + GAP;
      } else {
        for (const one of inside) standIn.set(one.id, id);
        items.push({ ...item, expanded: false, box: [left, y, WIDTH, HEIGHT] });
        y += HEIGHT + GAP;
      }
      index = end;
    }
    return y;
  };
  const height = place(network.nodes, [], 0, 0) - GAP;
  const boxes = new Map(items.map((item) => [item.id, item.box]));
  const edges = new Map<string, GraphEdge>();
  for (const [from, to] of network.edges) {
    const [source, target] = [standIn.get(from), standIn.get(to)];
    const [a, b] = [boxes.get(source ?? ''), boxes.get(target ?? '')];
    if (source === undefined || target === undefined || source === target || !a || !b) continue;
    edges.set(`${source} ${target}`, { from: source, to: target, label: `${from} → ${to}`, points: route(a, b) });
  }
  return {
    items,
    edges: [...edges.values()],
    width: Math.max(...items.map(({ box }) => box[0] + box[2])),
    height,
    expanded: [...open],
  };
}

function route(a: GraphItem['box'], b: GraphItem['box']): readonly number[] {
  const [ax, ay, bx, by] = [a[0] + WIDTH / 2, a[1] + a[3], b[0] + WIDTH / 2, b[1]];
  if (by - ay < 2 * GAP + HEADER) return ax === bx ? [ax, ay, bx, by] : [ax, ay, ax, ay + 12, bx, ay + 12, bx, by];
  const lane = Math.max(a[0], b[0]) + WIDTH + LANE / 2;
  return [a[0] + WIDTH, a[1] + a[3] / 2, lane, a[1] + a[3] / 2, lane, b[1] + b[3] / 2, b[0] + WIDTH, b[1] + b[3] / 2];
}
