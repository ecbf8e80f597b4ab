/**
 * Attention, recognised by structure: a softmax over the product of two changing values, multiplied with a third. Fused
 * operators name their values themselves.
 */
import { attributeInt } from '../attributes.js';
import { integerConstants, scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import { isConstantValue } from './constant-weight.js';
import { isHandedOn, onlyReader, sourceOf } from './pass-through.js';
import { weightedBefore, weightedValue } from './weighted-values.js';

export interface Attention {
  /** The node that gives the pattern, or the fused operator. */
  readonly node: GraphNode;
  /** "Softmax", or the name of the fused operator. */
  readonly operator: string;
  /** The value that the query is a projection of; undefined where several or none were found. */
  readonly input?: string;
  /** Projections after their bias, before heads are parted and positions turned in. */
  readonly query?: string;
  readonly key?: string;
  readonly value?: string;
  /** Queries and keys as they are multiplied, where their numbers are not those of the projections any more (rotary). */
  readonly turnedQuery?: string;
  readonly turnedKey?: string;
  /**
   * Whether what the pattern is multiplied with is the projected value in another layout, whose heads are repeated where
   * queries share them; false where a cache or anything else comes between.
   */
  readonly valueIsProjected?: boolean;
  /**
   * What the pattern is multiplied with, as it is multiplied: [..., positions, features of one head] behind axes of heads; of
   * a fused operator its values as it takes them. Undefined where an operator keeps them to itself.
   */
  readonly weighed?: string;
  /** What is multiplied to scores: queries [..., positions, features of one head] and keys [..., features, positions]. */
  readonly factors?: { readonly queries: string; readonly keys: string };
  /** Whether weights are kept per head: projections then have an axis of heads. */
  readonly weightsPerHead?: boolean;
  /** Into the softmax: scaled and masked. */
  readonly scores?: string;
  readonly pattern?: string;
  /** Pattern times value, before the output projection. */
  readonly z: string;
  /** After the output projection and its bias; undefined where none follows. */
  readonly output?: string;
  readonly heads?: number;
  /** Heads of keys and values where queries share them. */
  readonly keyValueHeads?: number;
}

const FUSED: Readonly<
  Record<string, { readonly heads: string; readonly keyValueHeads?: string; readonly packed: boolean }>
> = {
  'com.microsoft Attention': { heads: 'num_heads', packed: true },
  'com.microsoft MultiHeadAttention': { heads: 'num_heads', packed: false },
  'com.microsoft GroupQueryAttention': { heads: 'num_heads', keyValueHeads: 'kv_num_heads', packed: false },
  ' Attention': { heads: 'q_num_heads', keyValueHeads: 'kv_num_heads', packed: false },
};

const MAXIMUM_STEPS = 16;

/** All attention of the main graph, in the order of computation. */
export function findAttention(graph: Graph): readonly Attention[] {
  return graph.order.flatMap((node) => {
    const found = node.opType === 'Softmax' && node.domain === '' ? spelled(graph, node) : fused(graph, node);
    return found === undefined ? [] : [found];
  });
}

function spelled(graph: Graph, node: GraphNode): Attention | undefined {
  const [scores = ''] = node.inputs;
  const [pattern = ''] = node.outputs;
  const product = productBehind(graph, scores);
  const reader = readingProduct(graph, pattern);
  if (product === undefined || reader === undefined) return undefined;
  const [left = '', right = ''] = product.inputs;
  const turned = transposeBehind(graph, right);
  const query = projected(graph, left);
  const key = projected(graph, turned);
  const value = projected(graph, reader.value);
  const output = outputProjection(graph, reader.z);
  const heads = headsOf(graph, pattern, query?.node, left);
  const keyValueHeads = key === undefined ? undefined : headsOf(graph, '', key.node, turned);
  return {
    node,
    operator: node.opType,
    ...(query === undefined ? {} : { input: sourceOf(graph, query.input), query: query.output }),
    ...(key === undefined ? {} : { key: key.output }),
    ...(value === undefined ? {} : { value: value.output }),
    ...(isSameNumbers(graph, left, query?.output) ? {} : { turnedQuery: left }),
    ...(isSameNumbers(graph, turned, key?.output) ? {} : { turnedKey: turned }),
    valueIsProjected: value !== undefined && isSameNumbers(graph, reader.value, value.output),
    weighed: reader.value,
    factors: { queries: left, keys: right },
    weightsPerHead: value !== undefined && isPerHead(graph, value.node),
    scores,
    pattern,
    z: reader.z,
    ...(output === undefined ? {} : { output }),
    ...(heads === undefined ? {} : { heads }),
    ...(keyValueHeads === undefined ? {} : { keyValueHeads }),
  };
}

function fused(graph: Graph, node: GraphNode): Attention | undefined {
  const key = `${node.domain} ${node.opType}`;
  const kind = Object.hasOwn(FUSED, key) ? FUSED[key] : undefined;
  const [first = '', second = '', third = ''] = node.inputs;
  const [z = ''] = node.outputs;
  if (kind === undefined || z === '') return undefined;
  const output = outputProjection(graph, z);
  const heads = attributeInt(node, kind.heads);
  const keyValueHeads = kind.keyValueHeads === undefined ? heads : (attributeInt(node, kind.keyValueHeads) ?? heads);
  const query = kind.packed ? undefined : projected(graph, first);
  const input = kind.packed ? first : query?.input;
  return {
    node,
    operator: node.opType,
    ...(input === undefined ? {} : { input: sourceOf(graph, input) }),
    ...(kind.packed
      ? {}
      : {
          query: query?.output ?? first,
          ...(second === '' ? {} : { key: projected(graph, second)?.output ?? second }),
          ...(third === '' ? {} : { value: projected(graph, third)?.output ?? third, weighed: third }),
        }),
    z,
    ...(output === undefined ? {} : { output }),
    ...(heads === undefined ? {} : { heads }),
    ...(keyValueHeads === undefined ? {} : { keyValueHeads }),
  };
}

/**
 * The product of two changing values behind scaling, masking and changes of layout.
 * @param tried with how many steps left each value led nowhere: ways that meet are not gone again.
 */
function productBehind(
  graph: Graph,
  value: string,
  steps = MAXIMUM_STEPS,
  tried = new Map<string, number>(),
): GraphNode | undefined {
  const node = graph.producerOf(value);
  if (node === undefined || node.domain !== '' || steps <= (tried.get(value) ?? 0)) return undefined;
  tried.set(value, steps);
  const changing = node.inputs.filter((input) => input !== '' && !isConstantValue(graph, input));
  switch (node.opType) {
    case 'MatMul':
      return changing.length === 2 ? node : undefined;
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Where':
    case 'Max':
    case 'Tanh':
    case 'Clip':
      for (const input of changing) {
        const found = productBehind(graph, input, steps - 1, tried);
        if (found !== undefined) return found;
      }
      return undefined;
    default:
      return isHandedOn(node, node.inputs[0] ?? '')
        ? productBehind(graph, node.inputs[0] ?? '', steps - 1, tried)
        : undefined;
  }
}

/** Pattern times value: the value as it is multiplied, and the product. */
function readingProduct(graph: Graph, pattern: string): { readonly value: string; readonly z: string } | undefined {
  for (const first of graph.consumersOf(pattern)) {
    let node: GraphNode | undefined = first;
    let reads = pattern;
    // NaN of rows that are masked whole are set to 0 in between.
    for (let step = 0; step < MAXIMUM_STEPS && node !== undefined; step++) {
      if (node.opType === 'MatMul' && node.domain === '' && node.inputs[0] === reads) {
        const [, value = ''] = node.inputs;
        return isConstantValue(graph, value) ? undefined : { value, z: node.outputs[0] ?? '' };
      }
      const passes = isHandedOn(node, reads) || (node.domain === '' && node.opType === 'Where');
      if (!passes) break;
      reads = node.outputs[0] ?? '';
      node = onlyReader(graph, reads)?.node;
      if (node !== undefined)
        reads = node.inputs.find((input) => sourceOf(graph, input) === sourceOf(graph, reads)) ?? reads;
    }
  }
  return undefined;
}

/** Keys before they are transposed for the product. */
function transposeBehind(graph: Graph, value: string): string {
  const node = graph.producerOf(value);
  return node?.opType === 'Transpose' && node.domain === '' ? (node.inputs[0] ?? value) : value;
}

/** The one linear layer that a value comes from. */
function projected(graph: Graph, value: string): ReturnType<typeof weightedValue> {
  const [only, ...others] = weightedBefore(graph, value);
  return others.length === 0 ? only : undefined;
}

/** The first linear layer that alone reads z; with weights per head, the sum over heads and the bias behind it. */
function outputProjection(graph: Graph, z: string): string | undefined {
  const reader = onlyReader(graph, z);
  const weighted = reader === undefined ? undefined : weightedValue(graph, reader.node);
  if (weighted?.input !== reader?.reads || weighted === undefined) return undefined;
  const next = onlyReader(graph, weighted.output);
  if (next?.node.opType !== 'ReduceSum' || next.node.domain !== '') return weighted.output;
  const [sum = ''] = next.node.outputs;
  const [bias, ...others] = graph.consumersOf(sum);
  const adds =
    others.length === 0 && bias?.opType === 'Add' && bias.inputs.some((input) => isConstantValue(graph, input));
  return adds ? (bias.outputs[0] ?? sum) : sum;
}

/** Whether only layout and constant factors stand between a projection and a value. */
function isSameNumbers(graph: Graph, value: string, projection: string | undefined): boolean {
  if (projection === undefined) return true;
  let name = value;
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    if (name === projection) return true;
    const node = graph.producerOf(name);
    if (node === undefined || node.domain !== '') return false;
    const scales =
      (node.opType === 'Mul' || node.opType === 'Div') &&
      node.inputs.some((input) => scalarConstant(graph, input) !== undefined);
    const [first, ...others] = node.inputs;
    if (node.opType === 'Concat' && others.some((input) => input !== first)) return false;
    const repeats = ['Unsqueeze', 'Expand', 'Split', 'Slice', 'Gather', 'Concat', 'Tile'].includes(node.opType);
    if (!scales && !repeats && !isHandedOn(node, node.inputs[0] ?? '')) return false;
    name = node.inputs.find((input) => !isConstantValue(graph, input)) ?? '';
  }
  return false;
}

/**
 * Number of heads: the second axis of a pattern of rank 4 whose shape the file states, the heads of weights per head, or
 * what a reshape behind the projection parts its features into.
 */
function headsOf(graph: Graph, pattern: string, projection: GraphNode | undefined, value: string): number | undefined {
  const shape = pattern === '' ? undefined : graph.valueInfo(pattern)?.shape;
  const stated = shape?.length === 4 ? shape[1] : undefined;
  if (typeof stated === 'number') return stated;
  if (projection === undefined) return undefined;
  const perHead = perHeadShape(graph, projection);
  if (typeof perHead?.[0] === 'number') return perHead[0];
  const reshape = reshapeBehind(graph, value, projection);
  return reshape === undefined ? undefined : partedInto(graph, reshape);
}

function isPerHead(graph: Graph, projection: GraphNode): boolean {
  return perHeadShape(graph, projection) !== undefined;
}

/** [heads, features in, features of one head] of constant weights. */
function perHeadShape(graph: Graph, projection: GraphNode): readonly (number | string)[] | undefined {
  const weight = projection.inputs[1] ?? '';
  const shape = graph.initializer(weight) === undefined ? undefined : graph.valueInfo(weight)?.shape;
  return shape?.length === 3 ? shape : undefined;
}

/** The reshape that is nearest to a projection, on the ways up from a value. */
function reshapeBehind(graph: Graph, value: string, projection: GraphNode): GraphNode | undefined {
  let nearest: GraphNode | undefined;
  let name = value;
  for (let step = 0; step < MAXIMUM_STEPS * 2; step++) {
    const node = graph.producerOf(name);
    if (node === undefined || node === projection) return nearest;
    if (node.opType === 'Reshape') nearest = node;
    name = node.inputs.find((input) => !isConstantValue(graph, input)) ?? '';
  }
  return nearest;
}

/** Heads of a reshape to [batch, positions, heads, …]. */
function partedInto(graph: Graph, reshape: GraphNode): number | undefined {
  const [, target = ''] = reshape.inputs;
  const whole = integerConstants(graph, target);
  const maker = graph.producerOf(target);
  const sizes =
    whole ??
    (maker?.opType === 'Concat'
      ? maker.inputs.flatMap((part): readonly (number | undefined)[] => integerConstants(graph, part) ?? [undefined])
      : undefined);
  const heads = sizes !== undefined && sizes.length >= 4 ? sizes[2] : undefined;
  return heads !== undefined && heads > 0 ? heads : undefined;
}
