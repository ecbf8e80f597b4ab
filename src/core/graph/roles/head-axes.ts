/**
 * Axes of values that have rows of their own for each head of an attention: known of what the attention multiplies, and
 * followed from there through all that leaves axes apart. Nothing is told by sizes.
 */
import { attributeInt, attributeInts } from '../attributes.js';
import { integerConstants } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import type { Attention } from './attention.js';
import { isConstantValue } from './constant-weight.js';
import { isHandedOn } from './pass-through.js';
import { findRoles } from './roles.js';
import { ALONG_ROWS, SAME_PLACES } from './same-places.js';

/** Counted from the end, −1 is the last: what lies before is of examples and heads, or a head within a token. */
export interface HeadAxes {
  readonly tokens: number;
  readonly features: number;
  /** Of values of rank 3: the first axis counts the heads of one example after the other, [batch · heads, tokens, features]. */
  readonly besideExamples?: boolean;
}

/** [batch, heads, tokens, features]: the rank of all that are followed, but for groups of heads. */
const RANK = 4;
/** [batch · heads, tokens, features]. */
const RANK_BESIDE_EXAMPLES = 3;
const ROWS: HeadAxes = { tokens: -2, features: -1 };
const COLUMNS: HeadAxes = { tokens: -1, features: -2 };

const MAXIMUM_STEPS = 12;

const cache = new WeakMap<Graph, ReadonlyMap<string, HeadAxes>>();

/** By value of the main graph. Whether such a value has heads at all, and not one only, its dims say. Computed once. */
export function headAxes(graph: Graph): ReadonlyMap<string, HeadAxes> {
  const known = cache.get(graph) ?? follow(graph);
  cache.set(graph, known);
  return known;
}

function follow(graph: Graph): ReadonlyMap<string, HeadAxes> {
  const found = new Map<string, HeadAxes>();
  const waiting: string[] = [];
  const add = (value: string | undefined, axes: HeadAxes | undefined): void => {
    if (value === undefined || value === '' || axes === undefined || found.has(value)) return;
    if (isConstantValue(graph, value)) return;
    found.set(value, axes);
    waiting.push(value);
  };
  for (const attention of findRoles(graph).attention)
    if (hasHeads(graph, attention)) {
      const beside = areBesideExamples(graph, attention.z) ? { besideExamples: true } : {};
      for (const [value, axes] of multiplied(attention)) add(value, { ...axes, ...beside });
    }
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const axes = found.get(value) as HeadAxes;
    const producer = graph.producerOf(value);
    if (producer !== undefined) for (const [input, its] of inputsOf(graph, producer, axes)) add(input, its);
    for (const reader of graph.consumersOf(value))
      for (const output of reader.outputs) add(output, outputAxes(graph, reader, value, axes));
  }
  return found;
}

/** Heads are merged by a reshape, or have weights of their own; without either an axis is of something else, as lines of a picture. */
function hasHeads(graph: Graph, { node, weightsPerHead, z }: Attention): boolean {
  if (node.opType !== 'Softmax' || weightsPerHead === true) return true;
  let name = z;
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const reader = graph.consumersOf(name).find((each) => isHandedOn(each, name));
    if (reader === undefined || reader.opType === 'Reshape') return reader !== undefined;
    name = reader.outputs[0] ?? '';
  }
  return false;
}

/** Heads that a reshape merges with the features just behind the tokens, as PyTorch’s own layer does, lie within an example. */
function areBesideExamples(graph: Graph, z: string): boolean {
  const turn = graph.consumersOf(z).find(({ opType, domain }) => opType === 'Transpose' && domain === '');
  if (turn === undefined || attributeInts(turn, 'perm')?.join() !== '1,0,2') return false;
  return graph.consumersOf(turn.outputs[0] ?? '').some(({ opType, domain }) => opType === 'Reshape' && domain === '');
}

/** What an attention multiplies, [..., tokens, features] or the other way round, and what comes of it. */
function multiplied({
  node,
  factors,
  weighed,
  scores,
  pattern,
  z,
}: Attention): (readonly [string | undefined, HeadAxes])[] {
  // Of the fused operators only the standard one takes and gives heads apart.
  if (node.opType === 'Attention' && node.domain === '')
    return [...node.inputs.slice(0, 3), z].map((value) => [value, ROWS] as const);
  if (node.opType !== 'Softmax') return [];
  return [
    [factors?.queries, ROWS],
    [factors?.keys, COLUMNS],
    [weighed, ROWS],
    [scores, ROWS],
    [pattern, ROWS],
    [z, ROWS],
  ];
}

/** Values that a node makes one of these axes of, with theirs. */
function inputsOf(graph: Graph, node: GraphNode, axes: HeadAxes): readonly (readonly [string, HeadAxes])[] {
  if (node.domain !== '') return [];
  const [first = ''] = node.inputs;
  switch (node.opType) {
    case 'Transpose': {
      const permutation = attributeInts(node, 'perm');
      if (permutation === undefined) return [];
      const from = (axis: number): number => (permutation.at(axis) ?? 0) - permutation.length;
      return [[first, { ...axes, tokens: from(axes.tokens), features: from(axes.features) }]];
    }
    case 'Concat':
      return isAlong(attributeInt(node, 'axis'), axes) ? node.inputs.map((input) => [input, axes] as const) : [];
    case 'Reshape':
      return repeated(graph, node, axes);
    default:
      if (SAME_PLACES.has(node.opType)) return node.inputs.map((input) => [input, axes] as const);
      return keepsAxes(graph, node, first, axes) ? [[first, axes]] : [];
  }
}

function outputAxes(graph: Graph, node: GraphNode, value: string, axes: HeadAxes): HeadAxes | undefined {
  if (node.domain !== '') return undefined;
  if (node.opType === 'Transpose') {
    const permutation = attributeInts(node, 'perm');
    if (permutation === undefined) return undefined;
    const rank = permutation.length;
    const to = (axis: number): number => permutation.indexOf(rank + axis) - rank;
    return { ...axes, tokens: to(axes.tokens), features: to(axes.features) };
  }
  if (node.opType === 'Concat') return isAlong(attributeInt(node, 'axis'), axes) ? axes : undefined;
  return SAME_PLACES.has(node.opType) || keepsAxes(graph, node, value, axes) ? axes : undefined;
}

/** Whether the first input keeps its axes: a part of its features is taken, or they are put on one scale. */
function keepsAxes(graph: Graph, node: GraphNode, value: string, axes: HeadAxes): boolean {
  if (node.inputs[0] !== value) return false;
  if (node.opType === 'Split') return isAlong(attributeInt(node, 'axis'), axes);
  if (node.opType === 'Slice') {
    const [axis, ...others] = integerConstants(graph, node.inputs[3] ?? '') ?? [];
    return others.length === 0 && isAlong(axis, axes);
  }
  return ALONG_ROWS.has(node.opType) && axes.features === -1 && (attributeInt(node, 'axis') ?? -1) === -1;
}

/** Whether a node works along the features. An axis from the front is one of a value of the usual rank. */
function isAlong(axis: number | undefined, { features, besideExamples }: HeadAxes): boolean {
  const rank = besideExamples === true ? RANK_BESIDE_EXAMPLES : RANK;
  return axis !== undefined && (axis < 0 ? axis : axis - rank) === features;
}

/** Heads that queries share are repeated: a reshape of what was expanded along a new axis before the tokens. */
function repeated(graph: Graph, reshape: GraphNode, axes: HeadAxes): readonly (readonly [string, HeadAxes])[] {
  const expand = graph.producerOf(reshape.inputs[0] ?? '');
  if (axes.tokens < -2 || expand === undefined || !['Expand', 'Tile', 'Concat'].includes(expand.opType)) return [];
  const unsqueeze = graph.producerOf(expand.inputs[0] ?? '');
  if (unsqueeze?.opType !== 'Unsqueeze' || unsqueeze.domain !== '') return [];
  const [axis, ...others] =
    attributeInts(unsqueeze, 'axes') ?? integerConstants(graph, unsqueeze.inputs[1] ?? '') ?? [];
  return others.length === 0 && (axis === 2 || axis === -3) ? [[unsqueeze.inputs[0] ?? '', axes]] : [];
}
