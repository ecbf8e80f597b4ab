/** Where heads are told apart: the values that attention patterns weigh, and how these are laid out. */
import type { Graph } from '../../graph/graph.js';
import type { KnownShapes } from '../../rewrite/linearize/plan.js';
import type { LayerAttention } from '../placing.js';

export interface CutHeads {
  readonly layer: number;
  /** What the pattern weighs. */
  readonly value: string;
  /** [..., heads, positions, positions], where it is a value of the graph that has as many heads. */
  readonly pattern?: string;
  /** Heads that have values of their own. */
  readonly heads: number;
  /** Features of one head. */
  readonly depth: number;
  /** Heads of queries for each of them. */
  readonly sharing: number;
  /** Where the value of a head at a position begins. */
  at(head: number, position: number): number;
}

export interface LeftAttention {
  readonly layer: number;
  readonly reason: string;
}

/** @param positions tokens of the input. */
export function headsOf(
  graph: Graph,
  shapes: KnownShapes,
  attention: readonly LayerAttention[],
  positions: number,
): { readonly cut: readonly CutHeads[]; readonly left: readonly LeftAttention[] } {
  const cut: CutHeads[] = [];
  const left: LeftAttention[] = [];
  const taken = new Map<string, number>();
  for (const each of attention) {
    const { layer, weighed } = each;
    const found = cutOf(each, graph, shapes, positions);
    const other = taken.get(weighed ?? '');
    if (typeof found === 'string') left.push({ layer, reason: found });
    else if (other !== undefined) left.push({ layer, reason: `It weighs the same values as layer ${other}.` });
    else {
      taken.set(found.value, layer);
      cut.push(found);
    }
  }
  return { cut, left };
}

/** A reason where there is none. */
function cutOf(
  { layer, operator, weighed, pattern, heads: ofQueries, keyValueHeads }: LayerAttention,
  graph: Graph,
  shapes: KnownShapes,
  positions: number,
): CutHeads | string {
  if (weighed === undefined || graph.producerOf(weighed) === undefined)
    return `Its operator ${operator} does not give the values that it weighs.`;
  const dims = shapes.shapeOf(weighed) ?? [];
  const sizes = layoutOf(dims, operator === 'Softmax', keyValueHeads ?? ofQueries, positions);
  if (typeof sizes === 'string') return sizes;
  const { heads, depth, at } = sizes;
  const sharing = ofQueries === undefined || ofQueries % heads !== 0 ? 1 : ofQueries / heads;
  const shape = pattern === undefined ? [] : (shapes.shapeOf(pattern) ?? []);
  const isByHead = productOf(shape) === heads * positions * positions && shape.at(-1) === positions;
  return {
    layer,
    value: weighed,
    heads,
    depth,
    sharing,
    at,
    ...(isByHead && pattern !== undefined ? { pattern } : {}),
  };
}

/** Heads of a value with one row for each token and head. @param stated how many, where it says so. @returns or a reason. */
export function layoutOf(
  dims: readonly number[],
  isProduct: boolean,
  stated: number | undefined,
  positions: number,
): Pick<CutHeads, 'heads' | 'depth' | 'at'> | string {
  const [width = 0, length = 0] = dims.toReversed();
  if (dims.length < 2 || length !== positions)
    return `Its values are [${dims.join(', ')}] for ${positions} tokens: not one for each of them.`;
  const apart = productOf(dims.slice(0, -2));
  // A fused operator may take its heads side by side.
  if (!isProduct && dims.length === 3) {
    if (stated === undefined || width % stated !== 0) return `How many heads it has is not known.`;
    const depth = width / stated;
    return { heads: stated, depth, at: (head, position) => position * width + head * depth };
  }
  return { heads: apart, depth: width, at: (head, position) => (head * length + position) * width };
}

const productOf = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);
