/**
 * A colouring of the graph as files that other tools show: attachments of Netron, and node data of Model Explorer.
 *
 * Netron (lutzroeder/netron, source/view.js, read at version 8.x) takes a JSON file with
 * `signature: "netron:attachment"` whose `metadata` and `metrics` are lists of `{ kind, target, name, value, type }`. The
 * kinds are model, graph, node, value and tensor; a target is the name of what it belongs to, up to the first line break,
 * and what has no name cannot be a target.
 *
 * Model Explorer (google-ai-edge/model-explorer, common/types.ts: NodeDataProviderGraphData) takes a JSON file with
 * `results`, by node id or by the name of an output, each `{ value }`, and colours for them as a `gradient` from the
 * smallest value to the largest or as `thresholds`. Its adapter for ONNX takes nodes' names as their ids and gives names
 * to nodes that have none.
 */
import type { Rgb } from '../picture/oklab.js';
import type { ValueColors } from '../picture/value-color.js';
import type { Graph, GraphNode } from './graph.js';
import { isHidden } from './scopes.js';

export interface NodeNumbers {
  /** "Operations". */
  readonly label: string;
  /** What the numbers are, one sentence. */
  readonly definition: string;
  readonly format: 'share' | 'number' | 'count' | 'bytes';
  /** By node index; NaN where a node has none. */
  readonly values: ArrayLike<number>;
}

/** A metric's type as Netron shows it behind the value. */
const NETRON_TYPES: Readonly<Record<NodeNumbers['format'], string>> = {
  share: 'percentage',
  number: 'float32',
  count: 'int64',
  bytes: 'int64',
};

/**
 * An attachment for Netron: a metric of every node that has a number. Nodes without a name, and those that share one, are
 * told by the first value that they make.
 */
export function netronAttachment(graph: Graph, { label, definition, format, values }: NodeNumbers): string {
  const isUnique = uniqueNames(graph);
  const metrics = numbered(graph, values).flatMap(({ node, value }) => {
    const target = isUnique(node) && isOneLine(node.name) ? { kind: 'node', name: node.name } : madeValue(node);
    return target === undefined
      ? []
      : [{ kind: target.kind, target: target.name, name: oneLine(label), value, type: NETRON_TYPES[format] }];
  });
  const about = { kind: 'graph', target: oneLine(graph.proto.name, ''), name: oneLine(label), value: definition };
  return JSON.stringify({ signature: 'netron:attachment', metadata: [about], metrics }, null, 1);
}

function madeValue(node: GraphNode): { readonly kind: 'value'; readonly name: string } | undefined {
  const name = node.outputs.find((output) => output !== '' && isOneLine(output));
  return name === undefined ? undefined : { kind: 'value', name };
}

/** What lies behind a line break is not compared. */
function oneLine(text: string, otherwise = 'value'): string {
  return text.split('\n')[0] || otherwise;
}

function isOneLine(name: string): boolean {
  return !name.includes('\n');
}

const GRADIENT_STOPS = 9;
const THRESHOLDS = 16;

/**
 * Node data for Model Explorer: the number of every node that has one, and the colours of the page: a gradient, or
 * thresholds where colours are logarithmic. Nodes without a name, and those that share one, are told by the first value
 * that they make.
 */
export function modelExplorerNodeData(graph: Graph, { label, values }: NodeNumbers, colors: ValueColors): string {
  const isUnique = uniqueNames(graph);
  // A file with a node that is called "results" would be taken for one of several graphs.
  const isKey = (name: string | undefined): name is string => name !== undefined && name !== '' && name !== 'results';
  const results = new Map<string, { readonly value: number }>();
  for (const { node, value } of numbered(graph, values)) {
    const key = isUnique(node) && isKey(node.name) ? node.name : node.outputs.find(isKey);
    if (key !== undefined && !results.has(key)) results.set(key, { value });
  }
  const present = [...results.values()].map(({ value }) => value);
  const scale =
    present.length === 0 ? {} : colors.isLogarithmic ? thresholds(present, colors) : gradient(present, colors);
  return JSON.stringify({ name: label, results: Object.fromEntries(results), ...scale }, null, 1);
}

/** Stop 0 is the smallest value that there is, stop 1 the largest. */
function gradient(values: readonly number[], { colorOf }: ValueColors): object {
  const [least, most] = ends(values);
  const stops = Array.from({ length: GRADIENT_STOPS }, (_, index) => index / (GRADIENT_STOPS - 1));
  return { gradient: stops.map((stop) => ({ stop, bgColor: hex(colorOf(least + stop * (most - least))) })) };
}

/** Each colour is for values up to its own, and above the one before it. */
function thresholds(values: readonly number[], { colorOf }: ValueColors): object {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return {};
  const [least, most] = ends(positive);
  const step = Math.log(most / least) / THRESHOLDS;
  const steps = Array.from({ length: THRESHOLDS }, (_, index) => ({
    value: index === THRESHOLDS - 1 ? most : least * Math.exp((index + 1) * step),
    bgColor: hex(colorOf(least * Math.exp((index + 0.5) * step))),
  }));
  const none = values.length > positive.length ? [{ value: 0, bgColor: '#ffffff' }] : [];
  return { thresholds: [...none, ...steps] };
}

function ends(values: readonly number[]): readonly [least: number, most: number] {
  return [
    values.reduce((least, value) => Math.min(least, value), Infinity),
    values.reduce((most, value) => Math.max(most, value), -Infinity),
  ];
}

/** "#1a2b3c": other forms of colours are not read. */
function hex(color: Rgb | undefined): string {
  return `#${(color ?? [255, 255, 255]).map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

function numbered(
  graph: Graph,
  values: ArrayLike<number>,
): readonly { readonly node: GraphNode; readonly value: number }[] {
  return graph.order.flatMap((node) => {
    const value = values[node.index] ?? NaN;
    // JSON has no other numbers.
    return Number.isFinite(value) && !isHidden(node) ? [{ node, value }] : [];
  });
}

function uniqueNames(graph: Graph): (node: GraphNode) => boolean {
  const counts = new Map<string, number>();
  for (const { name } of graph.nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  return ({ name }) => name !== '' && counts.get(name) === 1;
}
