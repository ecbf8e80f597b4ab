/**
 * Values [batch, tokens, width] whose tokens are the patches of a picture, line by line, behind tokens that are none: told
 * from a convolution that steps by its own size, and followed from there through all that keeps its places in order. How
 * many patches there are, the sizes of what the convolution gives say.
 */
import { attributeInt, attributeInts, attributeString } from '../attributes.js';
import { integerConstants, scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import type { Attention } from './attention.js';
import { isConstantValue } from './constant-weight.js';
import { isHandedOn } from './pass-through.js';
import { findRoles } from './roles.js';
import { ALONG_ROWS, SAME_PLACES } from './same-places.js';

export interface PatchTokens {
  /** What the convolution gives, [batch, channels, height, width]: a patch for each cell. */
  readonly grid: string;
  /** Whether there may be tokens before those of the patches. */
  readonly hasOthers: boolean;
  /** Whether the first of them is the one that the network reads alone. */
  readonly hasClassToken: boolean;
}

/** How the patches lie: channels first or last, of a picture or of tokens; tokens in the middle are rows. */
type Order = 'channels, picture' | 'picture, channels' | 'channels, tokens' | 'tokens, channels';

interface Followed {
  readonly grid: string;
  readonly order: Order;
  readonly others: 'none' | 'first is whole' | 'first was cut off';
}

const MAXIMUM_STEPS = 12;
/** “To the end” of a slice is written as any large number. */
const TO_THE_END = 2 ** 31 - 1;

const cache = new WeakMap<Graph, ReadonlyMap<string, PatchTokens>>();

/** By value of the main graph. Computed once. */
export function patchTokens(graph: Graph): ReadonlyMap<string, PatchTokens> {
  const known = cache.get(graph) ?? find(graph);
  cache.set(graph, known);
  return known;
}

function find(graph: Graph): ReadonlyMap<string, PatchTokens> {
  const followed = new Map<string, Followed>();
  if (!graph.nodes.some(isPatchConvolution)) return new Map();
  const queriesOf = joinedHeads(graph);
  const readAlone = new Set<string>();
  for (const node of graph.order) {
    const [output = ''] = node.outputs;
    const source = followed.get(node.inputs[0] ?? '');
    if (source !== undefined && isFirstToken(graph, node, source)) readAlone.add(source.grid);
    const queries = followed.get(queriesOf.get(output) ?? '');
    const found = isPatchConvolution(node)
      ? ({ grid: output, order: 'channels, picture', others: 'none' } as const)
      : queries?.order === 'tokens, channels'
        ? queries
        : step(graph, node, followed);
    if (found !== undefined && output !== '') followed.set(output, found);
  }
  return new Map(
    [...followed]
      .filter(([, { order }]) => order === 'tokens, channels')
      .map(([value, { grid, others }]) => [
        value,
        { grid, hasOthers: others !== 'none', hasClassToken: others === 'first is whole' && readAlone.has(grid) },
      ]),
  );
}

/** What the tokens of all heads are, where all attention of the graph is of the same patches to the same. */
export function patchesOfHeads(graph: Graph): PatchTokens | undefined {
  const all = patchTokens(graph);
  const found = findRoles(graph).attention.flatMap(({ query, key, input }) => [
    all.get(query ?? input ?? ''),
    all.get(key ?? input ?? ''),
  ]);
  const [one] = found;
  const isSame = (other: PatchTokens | undefined): boolean =>
    other?.grid === one?.grid && other?.hasOthers === one?.hasOthers && other?.hasClassToken === one?.hasClassToken;
  return found.every(isSame) ? one : undefined;
}

/** Over two axes, without padding or gaps: every cell of what it gives is made of pixels of its own. */
function isPatchConvolution(node: GraphNode): boolean {
  if (node.opType !== 'Conv' || node.domain !== '') return false;
  const kernel = attributeInts(node, 'kernel_shape') ?? [];
  const strides = attributeInts(node, 'strides') ?? kernel.map(() => 1);
  const padding = attributeString(node, 'auto_pad') ?? 'NOTSET';
  return (
    kernel.length === 2 &&
    kernel.every((size, axis) => size === strides[axis]) &&
    ['NOTSET', 'VALID'].includes(padding) &&
    (attributeInts(node, 'pads') ?? []).every((pad) => pad === 0) &&
    (attributeInts(node, 'dilations') ?? []).every((dilation) => dilation === 1) &&
    (attributeInt(node, 'group') ?? 1) === 1
  );
}

function step(graph: Graph, node: GraphNode, followed: ReadonlyMap<string, Followed>): Followed | undefined {
  if (node.domain !== '') return undefined;
  const [first = '', second = ''] = node.inputs;
  const source = followed.get(first);
  if (SAME_PLACES.has(node.opType)) return agreed(node, followed);
  if (node.opType === 'Concat') return behindOthers(node, followed);
  if (source === undefined) return undefined;
  const { order } = source;
  switch (node.opType) {
    case 'Transpose':
      return transposed(source, attributeInts(node, 'perm') ?? []);
    case 'Reshape':
      // That it is height and width which it joins, the sizes of what it gives say.
      if (order === 'channels, picture') return { ...source, order: 'channels, tokens' };
      return order === 'picture, channels' ? { ...source, order: 'tokens, channels' } : undefined;
    case 'MatMul':
      return order === 'tokens, channels' && isConstantValue(graph, second) ? source : undefined;
    case 'Slice':
      return order === 'tokens, channels' && source.others !== 'none' && cutsFirst(graph, node)
        ? { ...source, others: 'first was cut off' }
        : undefined;
    default: {
      const axis = attributeInt(node, 'axis') ?? -1;
      return ALONG_ROWS.has(node.opType) && order === 'tokens, channels' && (axis === -1 || axis === 2)
        ? source
        : undefined;
    }
  }
}

/** What all inputs that are followed say alike; others, as what attention adds to a residual stream, move nothing. */
function agreed({ inputs }: GraphNode, followed: ReadonlyMap<string, Followed>): Followed | undefined {
  const [one, ...more] = inputs.flatMap((input) => followed.get(input) ?? []);
  const isSame = ({ grid, order, others }: Followed): boolean =>
    grid === one?.grid && order === one.order && others === one.others;
  return more.every(isSame) ? one : undefined;
}

function transposed(source: Followed, permutation: readonly number[]): Followed | undefined {
  const turns: Readonly<Record<Order, readonly [permutation: string, to: Order]>> = {
    'channels, picture': ['0,2,3,1', 'picture, channels'],
    'picture, channels': ['0,3,1,2', 'channels, picture'],
    'channels, tokens': ['0,2,1', 'tokens, channels'],
    'tokens, channels': ['0,2,1', 'channels, tokens'],
  };
  const [wanted, order] = turns[source.order];
  return permutation.join() === wanted ? { ...source, order } : undefined;
}

/** Patches that end what is joined along the tokens. */
function behindOthers(node: GraphNode, followed: ReadonlyMap<string, Followed>): Followed | undefined {
  const axis = attributeInt(node, 'axis');
  const last = followed.get(node.inputs.at(-1) ?? '');
  if (node.inputs.length < 2 || last?.order !== 'tokens, channels' || (axis !== 1 && axis !== -2)) return undefined;
  return node.inputs.slice(0, -1).some((input) => followed.has(input))
    ? undefined
    : { ...last, others: 'first is whole' };
}

/** Whether tokens are taken from one near the first up to the last. */
function cutsFirst(graph: Graph, node: GraphNode): boolean {
  const [start, end, axis, step] = sliceOf(graph, node);
  return (axis === 1 || axis === -2) && (start ?? 0) > 0 && (end ?? 0) >= TO_THE_END && step === 1;
}

/** Whether the first token is taken, and no other. */
function isFirstToken(graph: Graph, node: GraphNode, { order, others }: Followed): boolean {
  if (order !== 'tokens, channels' || others !== 'first is whole' || node.domain !== '') return false;
  if (node.opType === 'Gather')
    return attributeInt(node, 'axis') === 1 && scalarConstant(graph, node.inputs[1] ?? '') === 0;
  if (node.opType !== 'Slice') return false;
  const [start, end, axis] = sliceOf(graph, node);
  return (axis === 1 || axis === -2) && start === 0 && end === 1;
}

/** Of a slice along one axis. */
function sliceOf(graph: Graph, { inputs }: GraphNode): (number | undefined)[] {
  const [starts, ends, axes] = [1, 2, 3].map((at) => integerConstants(graph, inputs[at] ?? '') ?? []);
  if (starts?.length !== 1 || ends?.length !== 1 || axes?.length !== 1) return [];
  const steps = inputs[4] === undefined || inputs[4] === '' ? [1] : (integerConstants(graph, inputs[4]) ?? []);
  return [starts[0], ends[0], axes[0], steps[0]];
}

/** By what attention gives with its heads side by side, and after its output weights: its queries, one for each row. */
function joinedHeads(graph: Graph): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { z, output, query, input } of findRoles(graph).attention) {
    const queries = query ?? input;
    const joined = joinedZ(graph, z);
    if (queries === undefined || joined === undefined) continue;
    found.set(joined, queries);
    if (output !== undefined) found.set(output, queries);
  }
  return found;
}

function joinedZ(graph: Graph, z: Attention['z']): string | undefined {
  let name = z;
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const reader = graph.consumersOf(name).find((each) => isHandedOn(each, name));
    if (reader === undefined) return undefined;
    name = reader.outputs[0] ?? '';
    if (reader.opType === 'Reshape') return name;
  }
  return undefined;
}
