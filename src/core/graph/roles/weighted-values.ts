/** Walking up from a value: to the linear layers that it comes from, and over everything between two places. */
import type { Graph, GraphNode } from '../graph.js';
import { isConstantValue } from './constant-weight.js';
import { followingBias } from './projection.js';

const PRODUCTS = new Set(['MatMul', 'Gemm', 'Conv']);
const MAXIMUM_NODES = 64;
/** Nodes of one block at most. */
const MAXIMUM_BETWEEN = 2000;

export interface WeightedValue {
  readonly node: GraphNode;
  /** The value that is multiplied. */
  readonly input: string;
  /** The value after the bias. */
  readonly output: string;
}

/** Nodes that multiply with constant weights, of any rank, and are met first on the ways up from a value. */
export function weightedBefore(graph: Graph, value: string): readonly WeightedValue[] {
  const found = new Map<GraphNode, WeightedValue>();
  const seen = new Set<GraphNode>();
  const waiting = [value];
  for (let name = waiting.pop(); name !== undefined && seen.size < MAXIMUM_NODES; name = waiting.pop()) {
    const node = graph.producerOf(name);
    if (node === undefined || seen.has(node)) continue;
    seen.add(node);
    const weighted = weightedValue(graph, node);
    if (weighted !== undefined) found.set(node, weighted);
    else waiting.push(...node.inputs.filter((input) => input !== ''));
  }
  return [...found.values()];
}

/** What a node multiplies with a constant weight, and what it gives after its bias; undefined where it does not. */
export function weightedValue(graph: Graph, node: GraphNode): WeightedValue | undefined {
  if (node.domain !== '' || !PRODUCTS.has(node.opType)) return undefined;
  const [left = '', right = '', bias = ''] = node.inputs;
  const [product = ''] = node.outputs;
  const onLeft = isConstantValue(graph, left);
  if (onLeft === isConstantValue(graph, right)) return undefined;
  const output = bias === '' ? (followingBias(graph, product)?.output ?? product) : product;
  return { node, input: onLeft ? right : left, output };
}

/** Nodes between values: those that `end` is made of, back to `starts` and to what does not come from them. */
export function nodesBetween(graph: Graph, starts: ReadonlySet<string>, end: string): readonly GraphNode[] {
  const seen = new Set<GraphNode>();
  const waiting = [end];
  for (let name = waiting.pop(); name !== undefined && seen.size < MAXIMUM_BETWEEN; name = waiting.pop()) {
    const node = starts.has(name) ? undefined : graph.producerOf(name);
    if (node === undefined || seen.has(node)) continue;
    seen.add(node);
    waiting.push(...node.inputs.filter((input) => input !== ''));
  }
  const from = new Set(starts);
  const inOrder = [...seen].sort((a, b) => position(graph, a) - position(graph, b));
  return inOrder.filter((node) => {
    const follows = node.inputs.some((input) => from.has(input));
    if (follows) for (const output of node.outputs) from.add(output);
    return follows;
  });
}

const positions = new WeakMap<Graph, ReadonlyMap<GraphNode, number>>();

/** Place of a node in the order of computation. */
export function position(graph: Graph, node: GraphNode): number {
  const known = positions.get(graph) ?? new Map(graph.order.map((each, at) => [each, at]));
  positions.set(graph, known);
  return known.get(node) ?? 0;
}
