/**
 * Values that are patched where nobody chose: the start, and for every residual connection what its branches add and the
 * sum (attention, MLP and residual stream of transformers; blocks of residual networks). Of networks without them, the
 * outputs of the activation layers.
 */
import type { Graph, GraphNode } from '../graph/graph.js';
import { detectActivationLayers } from '../graph/layer-detection.js';
import { unitAxes } from '../graph/unit-axes.js';
import { isFloatType } from '../tensor/floats.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { valuesRead } from '../rewrite/linearize/plan.js';
import { elementCount } from '../tensor/tensor.js';
import type { PatchSite } from './patch-request.js';

/** `branch`: what is added to the stream; `stream`: the sum. */
export type SiteRole = 'start' | 'branch' | 'stream' | 'layer';

export interface ProposedSite extends PatchSite {
  readonly role: SiteRole;
}

/** Rows of a picture that a person can read. */
const MOST_SITES = 40;
/** Elements of all sites together: each is held for both runs, with a derivative each. */
const MOST_ELEMENTS = 2 ** 25;
/** Networks with fewer sites by residual connections show their layers, too. */
const FEW_SITES = 6;

/**
 * @param graph as the file has it.
 * @param shapes at the inputs.
 * @param starts first floating-point values.
 * @returns in the order of the graph, at most {@link MOST_SITES}.
 */
export function proposeSites(
  graph: Graph,
  shapes: KnownShapes,
  starts: readonly string[],
  to: string,
): readonly ProposedSite[] {
  const between = valuesBetween(graph, starts, to);
  const order = new Map(graph.order.map((node, at) => [node, at]));
  const placeOf = (value: string): number => {
    const producer = graph.producerOf(value);
    return producer === undefined ? -1 : (order.get(producer) ?? -1);
  };
  const roles = new Map<string, SiteRole>(
    starts.filter((value) => between.has(value)).map((value) => [value, 'start']),
  );
  for (const { branches, sum } of residuals(graph, shapes, between, placeOf)) {
    for (const branch of branches) if (!roles.has(branch)) roles.set(branch, 'branch');
    roles.set(sum, 'stream');
  }
  if (roles.size < FEW_SITES) {
    for (const { value, family } of detectActivationLayers(graph)) {
      if (family !== 'distribution' && between.has(value) && !roles.has(value)) roles.set(value, 'layer');
    }
  }
  roles.delete(to);
  const sized = [...roles].filter(([value]) => isPatchable(shapes, value));
  const sorted = sized.sort(([a], [b]) => placeOf(a) - placeOf(b));
  return thinned(sorted, shapes).map(([value, role]) => ({
    value,
    role,
    positionAxes: positionAxesOf(graph, value, shapes.shapeOf(value) ?? []),
  }));
}

function isPatchable(shapes: KnownShapes, value: string): boolean {
  return isFloatType(shapes.typeOf(value)) && elementCount(shapes.shapeOf(value) ?? []) > 1;
}

/** Evenly, with the first and the last, as many as may be. */
function thinned<Item extends readonly [string, SiteRole]>(
  items: readonly Item[],
  shapes: KnownShapes,
): readonly Item[] {
  const elements = items.reduce((sum, [value]) => sum + elementCount(shapes.shapeOf(value) ?? []), 0);
  const fitting = Math.floor((items.length * MOST_ELEMENTS) / Math.max(1, elements));
  const count = Math.min(items.length, MOST_SITES, Math.max(1, fitting));
  if (count === items.length) return items;
  const step = (items.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, at) => items[Math.round(at * step)]).filter((item) => item !== undefined);
}

/** Values that depend on a start and that the end depends on. Sizes of values are no values. */
function valuesBetween(graph: Graph, starts: readonly string[], to: string): ReadonlySet<string> {
  const moving = new Set(starts);
  for (const node of graph.order) {
    if (node.opType === 'Shape' || node.opType === 'Size') continue;
    if (valuesRead(node).some((value) => moving.has(value))) for (const output of node.outputs) moving.add(output);
  }
  const needed = new Set<string>();
  const open = [to];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (needed.has(value) || !moving.has(value)) continue;
    needed.add(value);
    const node = graph.producerOf(value);
    if (node !== undefined && !starts.includes(value)) open.push(...valuesRead(node));
  }
  return needed;
}

interface Residual {
  readonly branches: readonly string[];
  readonly sum: string;
}

/** Operators with weights, or between them: a branch of a residual connection has one. */
const WEIGHTED: ReadonlySet<string> = new Set([
  'Conv',
  'ConvTranspose',
  'QLinearConv',
  'ConvInteger',
  'Gemm',
  'MatMul',
  'MatMulInteger',
  'QLinearMatMul',
  'MatMulNBits',
  'FusedMatMul',
  'FusedConv',
  'FusedGemm',
  'Einsum',
  'Attention',
  'MultiHeadAttention',
  'GroupQueryAttention',
  'LSTM',
  'GRU',
  'RNN',
]);

/** Nodes that one connection may go around, at most. */
const MOST_VISITED = 4000;

/** Sums of two values of the same size, of which one was computed from the other; or each by a convolution of its own. */
function residuals(
  graph: Graph,
  shapes: KnownShapes,
  between: ReadonlySet<string>,
  placeOf: (value: string) => number,
): readonly Residual[] {
  return graph.order.flatMap((node): Residual[] => {
    const [a = '', b = ''] = node.inputs;
    const [sum = ''] = node.outputs;
    const isSum = node.domain === '' && (node.opType === 'Add' || node.opType === 'Sum') && node.inputs.length === 2;
    if (!isSum || a === b || ![a, b, sum].every((value) => between.has(value))) return [];
    const sizes = [a, b, sum].map((value) => shapes.shapeOf(value)?.join());
    if (sizes[0] === undefined || sizes.some((size) => size !== sizes[0])) return [];
    if (shortcut(graph, a).some((around) => goesAround(graph, around, b, placeOf))) return [{ branches: [b], sum }];
    if (shortcut(graph, b).some((around) => goesAround(graph, around, a, placeOf))) return [{ branches: [a], sum }];
    const [left, right] = [convolutionBehind(graph, a), convolutionBehind(graph, b)];
    return left !== undefined && right !== undefined && left !== right ? [{ branches: [a, b], sum }] : [];
  });
}

/** Steps from a sum back along a shortcut: a normalisation, a cast, a convolution. */
const SHORTCUT_STEPS = 4;

/** What goes around a branch, from the sum back: it may be cut out, padded or averaged on its way, but has no weights. */
function shortcut(graph: Graph, value: string): readonly string[] {
  const values = [value];
  for (let step = 0; step < SHORTCUT_STEPS; step++) {
    const node = graph.producerOf(values.at(-1) ?? '');
    if (node === undefined || !SHORTENING.has(node.opType)) break;
    values.push(node.inputs[0] ?? '');
  }
  return values;
}

const SHORTENING: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Dropout',
  'Slice',
  'Pad',
  'AveragePool',
  'MaxPool',
  'Concat',
]);

/** Whether a branch was computed from what goes around it, through weights. */
function goesAround(graph: Graph, around: string, branch: string, placeOf: (value: string) => number): boolean {
  const first = placeOf(around);
  const seen = new Set<GraphNode>();
  const open = [branch];
  let [meets, weighs] = [false, false];
  for (let value = open.pop(); value !== undefined && seen.size < MOST_VISITED; value = open.pop()) {
    if (value === around) meets = true;
    const node = graph.producerOf(value);
    if (node === undefined || value === around || seen.has(node) || placeOf(value) <= first) continue;
    seen.add(node);
    weighs ||= WEIGHTED.has(node.opType);
    open.push(...valuesRead(node));
  }
  return meets && weighs;
}

function convolutionBehind(graph: Graph, value: string): GraphNode | undefined {
  let name = value;
  for (let step = 0; step < SHORTCUT_STEPS; step++) {
    const node = graph.producerOf(name);
    if (node === undefined || /Conv/.test(node.opType)) return node;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}

/** Axes of positions at one example: all but those of units and those of size 1. */
export function positionAxesOf(graph: Graph, value: string, dims: readonly number[]): readonly number[] {
  const units = graph.producerOf(value) === undefined ? inputUnitAxes(dims) : unitAxes(graph, value, dims.length);
  const axes = dims.flatMap((size, axis) => (size > 1 && !units.includes(axis) ? [axis] : []));
  return axes;
}

/** Channels of a picture are the fewer; everything else has its features last. */
function inputUnitAxes(dims: readonly number[]): readonly number[] {
  if (dims.length !== 4) return [dims.length - 1];
  return (dims[1] ?? 1) <= (dims[3] ?? 1) ? [1] : [3];
}
