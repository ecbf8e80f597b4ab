/** Which patterns of attention can be read, head by head and position by position, and which not, with the reason. */
import { displayText } from '../../display-text.js';
import type { Graph } from '../../graph/graph.js';
import type { ObservedLayer } from '../../graph/layers.js';
import { findRoles, type Attention } from '../../graph/roles/roles.js';
import { sourceOf } from '../../graph/roles/pass-through.js';
import { weightedBefore } from '../../graph/roles/weighted-values.js';
import { knownDims, unfoldedAxes } from '../../rewrite/layout.js';
import type { WatchedValue } from '../pass.js';

/** Attention whose pattern is a value of the graph, of positions that look at each other. */
export interface NamedPattern extends WatchedValue {
  readonly attention: Attention;
}

/** A pattern as a run has it: [examples, heads, queries, keys] once its axes are put so. */
export interface Pattern extends NamedPattern {
  readonly layer: ObservedLayer;
  readonly heads: number;
  /** Positions of an example, padding included; −1 where their number changes from input to input. */
  readonly positions: number;
}

export interface Unread {
  readonly label: string;
  /** ONNX value name: where a click leads. */
  readonly value: string;
  /** Ends "…: " with a small letter. */
  readonly reason: string;
}

/** What can be told by the graph alone. */
export function namedPatterns(graph: Graph): {
  readonly patterns: readonly NamedPattern[];
  readonly unread: readonly Unread[];
} {
  const { attention: all, layers } = findRoles(graph);
  const layerOf = new Map(layers.flatMap(({ attention, index }) => (attention ? [[attention, index] as const] : [])));
  const patterns: NamedPattern[] = [];
  const unread: Unread[] = [];
  for (const [at, attention] of all.entries()) {
    const layer = layerOf.get(attention);
    const label = layer === undefined ? `attention ${at + 1}` : `layer ${layer}`;
    const { pattern } = attention;
    if (pattern === undefined) {
      const operator = displayText(attention.node.domain === '' ? '' : `${attention.node.domain}.`);
      const reason = `the fused operator ${operator}${attention.operator} keeps its pattern to itself`;
      unread.push({ label, value: attention.z, reason });
    } else if (looksElsewhere(graph, attention)) {
      const reason = 'its keys come from another sequence than its queries (cross-attention)';
      unread.push({ label, value: pattern, reason });
    } else patterns.push({ label, value: pattern, attention });
  }
  return { patterns, unread };
}

/**
 * Whether queries and keys are projections of different values. Either may pass through one more projection on its way
 * (low-rank queries), so that the inputs of these are compared, too.
 */
function looksElsewhere(graph: Graph, { query, key }: Attention): boolean {
  const [fromQuery, fromKey] = [inputsBehind(graph, query), inputsBehind(graph, key)];
  if (fromQuery.size === 0 || fromKey.size === 0) return false;
  return ![...fromQuery].some((value) => fromKey.has(value));
}

function inputsBehind(graph: Graph, value: string | undefined): ReadonlySet<string> {
  const inputs = (of: string): string[] => weightedBefore(graph, of).map(({ input }) => sourceOf(graph, input));
  const near = value === undefined ? [] : inputs(value);
  return new Set([...near, ...near.flatMap(inputs)]);
}

/** What the axes say that a probe run learned. */
export function readablePatterns(
  named: readonly NamedPattern[],
  observed: readonly ObservedLayer[],
): { readonly patterns: readonly Pattern[]; readonly unread: readonly Unread[] } {
  const byValue = new Map(observed.map((layer) => [layer.value, layer]));
  const patterns: Pattern[] = [];
  const unread: Unread[] = [];
  for (const each of named) {
    const layer = byValue.get(each.value);
    const shape = layer === undefined ? 'the engine did not give its shape' : headsAndPositions(layer, each.attention);
    if (typeof shape === 'string') unread.push({ label: each.label, value: each.value, reason: shape });
    else if (layer !== undefined) patterns.push({ ...each, layer, ...shape });
  }
  return { patterns, unread };
}

function headsAndPositions(layer: ObservedLayer, attention: Attention): Pick<Pattern, 'heads' | 'positions'> | string {
  const { example } = unfoldedAxes(layer);
  const dims = knownDims(layer);
  const [queries = 0, keys = 0] = dims.slice(-2);
  if (dims.length < 2 || (example !== undefined && (example !== 0 || dims.length < 3)))
    return 'its axes are not examples, heads, queries and keys';
  if (queries !== keys)
    return `it has ${size(queries)} queries and ${size(keys)} keys, which are not the same positions`;
  const inFront = dims.slice(example === undefined ? 0 : 1, -2);
  if (inFront.some((dim) => dim < 0)) return 'the number of its heads changes from input to input';
  const heads = inFront.reduce((product, dim) => product * dim, 1);
  if (attention.heads !== undefined && heads !== attention.heads)
    return `it holds ${heads} patterns per input and has ${attention.heads} heads: positions look at each other in parts (windows)`;
  return { heads, positions: queries };
}

const size = (dim: number): string => (dim < 0 ? 'a changing number of' : String(dim));
