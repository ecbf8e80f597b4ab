/**
 * Where nodes of a circuit stand: a column for each token, a row for each layer, embeddings at the bottom and outputs at the
 * top. Several nodes of one place fill a small grid, the strongest first. In CSS pixels of the unscaled picture.
 */
import { NODE_KINDS, type CircuitNodes } from '../../src/protocol/circuits.js';

export const PITCH = 16;
const GAP_X = 18;
const GAP_Y = 22;
/** Room for the names of layers, and of tokens. */
export const LEFT = 84;
export const BOTTOM = 30;
const TOP = 14;
const MOST_ACROSS = 12;

export interface CircuitLayout {
  /** Middle of each node; NaN of those that are not shown. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly width: number;
  readonly height: number;
  /** Middle of each token’s column; NaN where none of its nodes is shown. */
  readonly columns: Float64Array;
  readonly rows: readonly { readonly label: string; readonly y: number }[];
}

const OUTPUT = NODE_KINDS.indexOf('output');
const TOKEN = NODE_KINDS.indexOf('token');

/** @param shown 1 for nodes that have a place. @param order nodes, those that stand first in their place first. */
export function layoutCircuit(
  { kind, layer, position }: CircuitNodes,
  shown: Uint8Array,
  order: readonly number[],
): CircuitLayout {
  const present = new Set<number>();
  for (const node of order) if (shown[node] === 1 && (layer[node] as number) >= 0) present.add(layer[node] as number);
  const layers = [...present].sort((a, b) => a - b);
  const rows = layers.length + 2;
  const rowOfLayer = new Map(layers.map((each, at) => [each, at + 1]));
  const rowOf = (node: number): number =>
    kind[node] === TOKEN ? 0 : kind[node] === OUTPUT ? rows - 1 : (rowOfLayer.get(layer[node] as number) ?? 0);
  /** By column × rows + row. */
  const cells = new Map<number, number[]>();
  for (const node of order) {
    if (shown[node] !== 1) continue;
    const key = (position[node] as number) * rows + rowOf(node);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [node]);
    else cell.push(node);
  }
  const across = new Map<number, number>();
  const widest = new Map<number, number>();
  for (const [key, { length }] of cells) {
    const column = Math.floor(key / rows);
    across.set(column, Math.max(across.get(column) ?? 1, Math.min(MOST_ACROSS, Math.ceil(Math.sqrt(2 * length)))));
  }
  for (const [key, { length }] of cells) {
    const [column, row] = [Math.floor(key / rows), key % rows];
    widest.set(row, Math.max(widest.get(row) ?? 1, Math.ceil(length / (across.get(column) ?? 1))));
  }
  const lefts = new Map<number, number>();
  let width = LEFT;
  for (const column of [...across.keys()].sort((a, b) => a - b)) {
    lefts.set(column, width);
    width += Math.max(2, across.get(column) ?? 1) * PITCH + GAP_X;
  }
  const tops = new Map<number, number>();
  let height = TOP;
  for (let row = rows - 1; row >= 0; row--) {
    tops.set(row, height);
    height += (widest.get(row) ?? 1) * PITCH + GAP_Y;
  }
  const [x, y] = [new Float64Array(kind.length).fill(NaN), new Float64Array(kind.length).fill(NaN)];
  for (const [key, nodes] of cells) {
    const [column, row] = [Math.floor(key / rows), key % rows];
    const wide = across.get(column) ?? 1;
    nodes.forEach((node, at) => {
      x[node] = (lefts.get(column) ?? 0) + ((at % wide) + 0.5) * PITCH;
      y[node] = (tops.get(row) ?? 0) + (Math.floor(at / wide) + 0.5) * PITCH;
    });
  }
  const last = Math.max(-1, ...across.keys());
  const columns = Float64Array.from({ length: last + 1 }, (_, column) => {
    const left = lefts.get(column);
    return left === undefined ? NaN : left + (Math.max(2, across.get(column) ?? 1) * PITCH) / 2;
  });
  const middle = (row: number): number => (tops.get(row) ?? 0) + ((widest.get(row) ?? 1) * PITCH) / 2;
  return {
    x,
    y,
    width,
    height: height + BOTTOM,
    columns,
    rows: [
      { label: 'output', y: middle(rows - 1) },
      ...layers.map((each, at) => ({ label: `layer ${each}`, y: middle(at + 1) })).reverse(),
      { label: 'token', y: middle(0) },
    ],
  };
}

/** The node under a place of the unscaled picture. */
export function nodeAt({ x, y }: CircuitLayout, left: number, top: number): number | undefined {
  let nearest: number | undefined;
  let distance = PITCH / 2;
  for (let node = 0; node < x.length; node++) {
    const away = Math.max(Math.abs((x[node] as number) - left), Math.abs((y[node] as number) - top));
    if (away < distance) [nearest, distance] = [node, away];
  }
  return nearest;
}
