/**
 * Draws a circuit on a canvas: edges below, by sign and strength, then nodes by kind, then groups with their names, then the
 * names of rows and columns.
 */
import { NODE_KINDS, type CircuitNodes } from '../../src/protocol/circuits.js';
import type { Theme } from '../theme/theme.js';
import type { DrawnEdges } from './drawn-edges.js';
import { BOTTOM, LEFT, PITCH, type CircuitLayout } from './layout.js';

export interface CircuitDrawing {
  readonly nodes: CircuitNodes;
  readonly drawn: DrawnEdges;
  readonly layout: CircuitLayout;
  readonly tokens: readonly string[];
  /** Edges from and to it alone are drawn strongly. */
  readonly focus: number | undefined;
  readonly pinned: ReadonlySet<number>;
  /** Nodes that are chosen together, to be pinned or grouped. */
  readonly marked: ReadonlySet<number>;
  /** By the node that stands for each: what it is called. */
  readonly groups: ReadonlyMap<number, string>;
  /** Of edges away from the focus, so many of the strongest. */
  readonly most: number;
}

export interface Placement {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** Widths of lines, by quarters of the largest edge of the same target. */
export const WIDTHS = [0.6, 1.2, 2.2, 3.6];
export const DASHES = [5, 3];
const FAINT = 0.1;
const PLAIN = 0.45;

export function drawCircuit(
  context: CanvasRenderingContext2D,
  drawing: CircuitDrawing,
  placement: Placement,
  { width, height }: { readonly width: number; readonly height: number },
  theme: Theme,
): void {
  const ratio = context.canvas.width / width;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  const { scale, x, y } = placement;
  context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
  drawEdges(context, drawing, theme);
  drawNodes(context, drawing, theme);
  drawGroups(context, drawing, theme);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawNames(context, drawing, placement, { width, height }, theme);
}

function drawEdges(context: CanvasRenderingContext2D, drawing: CircuitDrawing, theme: Theme): void {
  const { drawn, layout, focus, most } = drawing;
  // One path for each sign and width: thousands of strokes would take longer than a frame.
  const paths = new Map<string, Path2D>();
  for (let at = 0; at < drawn.sources.length; at++) {
    const [source, target] = [drawn.sources[at] as number, drawn.targets[at] as number];
    const isNear = focus !== undefined && (source === focus || target === focus);
    if (at >= most && !isNear) continue;
    const sign = (drawn.weights[at] as number) < 0 ? 1 : 0;
    const strength = Math.min(WIDTHS.length - 1, Math.floor((drawn.shares[at] as number) * WIDTHS.length));
    const key = `${focus === undefined || isNear ? 1 : 0} ${sign} ${strength}`;
    let path = paths.get(key);
    if (path === undefined) paths.set(key, (path = new Path2D()));
    const [x0, y0] = [layout.x[source] as number, layout.y[source] as number];
    const [x1, y1] = [layout.x[target] as number, layout.y[target] as number];
    const bend = (y0 - y1) / 3;
    path.moveTo(x0, y0);
    path.bezierCurveTo(x0, y0 - bend, x1, y1 + bend, x1, y1);
  }
  for (const [key, path] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [near, sign, strength] = key.split(' ').map(Number);
    context.globalAlpha = near === 0 ? FAINT : focus === undefined ? PLAIN : 0.9;
    context.strokeStyle = theme.series[sign === 1 ? 1 : 0] ?? theme.foreground;
    context.lineWidth = WIDTHS[strength ?? 0] ?? 1;
    context.setLineDash(sign === 1 ? DASHES : []);
    context.stroke(path);
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function drawNodes(context: CanvasRenderingContext2D, drawing: CircuitDrawing, theme: Theme): void {
  const { nodes, layout, focus, pinned, marked, groups } = drawing;
  const radius = PITCH * 0.34;
  for (let node = 0; node < nodes.kind.length; node++) {
    const [x, y] = [layout.x[node] as number, layout.y[node] as number];
    if (Number.isNaN(x) || groups.has(node)) continue;
    const kind = NODE_KINDS[nodes.kind[node] as number];
    context.beginPath();
    if (kind === 'feature') context.arc(x, y, radius, 0, 2 * Math.PI);
    else if (kind === 'error') {
      context.moveTo(x, y - radius);
      context.lineTo(x + radius, y);
      context.lineTo(x, y + radius);
      context.lineTo(x - radius, y);
      context.closePath();
    } else context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    context.fillStyle =
      kind === 'error' ? theme.background : (theme.series[kind === 'feature' ? 2 : 3] ?? theme.foreground);
    context.fill();
    context.lineWidth = node === focus || pinned.has(node) ? 2.5 : 1;
    context.strokeStyle = node === focus ? theme.focus : pinned.has(node) ? theme.foreground : theme.muted;
    context.stroke();
    if (marked.has(node)) drawMark(context, x, y, theme);
  }
}

/** Around a node that is chosen together with others. */
function drawMark(context: CanvasRenderingContext2D, x: number, y: number, theme: Theme): void {
  context.beginPath();
  context.arc(x, y, PITCH * 0.58, 0, 2 * Math.PI);
  context.lineWidth = 1.5;
  context.strokeStyle = theme.focus;
  context.setLineDash([3, 2]);
  context.stroke();
  context.setLineDash([]);
}

/** Cards on top of each other, with the name of the group beside them. */
function drawGroups(context: CanvasRenderingContext2D, drawing: CircuitDrawing, theme: Theme): void {
  const { layout, focus, marked, groups } = drawing;
  const half = PITCH * 0.42;
  context.font = `11px ${theme.fontFamily}`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  for (const [node, name] of groups) {
    const [x, y] = [layout.x[node] as number, layout.y[node] as number];
    if (Number.isNaN(x)) continue;
    for (const offset of [3, 0]) {
      context.beginPath();
      context.roundRect(x - half + offset, y - half - offset, 2 * half, 2 * half, 3);
      context.fillStyle = theme.series[2] ?? theme.foreground;
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = node === focus ? theme.focus : theme.foreground;
      context.stroke();
    }
    if (marked.has(node)) drawMark(context, x, y, theme);
    const left = x + half + 8;
    context.lineWidth = 4;
    context.lineJoin = 'round';
    context.strokeStyle = theme.background;
    context.strokeText(name, left, y);
    context.fillStyle = theme.foreground;
    context.fillText(name, left, y);
  }
}

/** They stay at the edges of the window, whatever part of the picture is in it. */
function drawNames(
  context: CanvasRenderingContext2D,
  { layout, tokens, nodes, focus }: CircuitDrawing,
  { scale, x, y }: Placement,
  { width, height }: { readonly width: number; readonly height: number },
  theme: Theme,
): void {
  context.font = `12px ${theme.fontFamily}`;
  context.textBaseline = 'middle';
  context.fillStyle = theme.background;
  context.fillRect(0, 0, LEFT - 12, height);
  context.fillRect(0, height - BOTTOM, width, BOTTOM);
  context.fillStyle = theme.muted;
  context.textAlign = 'left';
  for (const { label, y: middle } of layout.rows) {
    const top = middle * scale + y;
    if (top > 6 && top < height - BOTTOM) context.fillText(label, 8, top);
  }
  context.textAlign = 'center';
  const here = focus === undefined ? -1 : nodes.position[focus];
  let free = LEFT - 12;
  layout.columns.forEach((middle, column) => {
    const at = middle * scale + x;
    const text = shortToken(tokens[column] ?? '');
    const half = context.measureText(text).width / 2 + 4;
    if (Number.isNaN(middle) || at - half < free || at + half > width) return;
    free = at + half;
    context.fillStyle = column === here ? theme.foreground : theme.muted;
    context.fillText(text, at, height - BOTTOM / 2);
  });
}

const LONGEST_TOKEN = 14;

function shortToken(token: string): string {
  const text = token.replaceAll('\n', '↵').trim();
  return text.length > LONGEST_TOKEN ? `${text.slice(0, LONGEST_TOKEN - 1)}…` : text;
}
