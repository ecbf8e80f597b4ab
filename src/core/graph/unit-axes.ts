/**
 * Which axes of a value name its units: channels of a convolution, neurons of a dense layer, hidden units of an LSTM.
 * Read off the graph by walking from the value up to the node that gave the axis its meaning.
 */
import { attributeInt, attributeInts } from './attributes.js';
import { integerConstants, isFromConstants } from './constants.js';
import type { Graph, GraphNode } from './graph.js';

/** Nodes between a value and the weighted node that shaped it. */
const MAXIMUM_STEPS_UP = 48;

/** Operators whose outputs are [batch, channels, ...positions]. */
const CHANNEL_FIRST = new Set([
  'Conv',
  'ConvTranspose',
  'ConvInteger',
  'QLinearConv',
  'FusedConv',
  'DeformConv',
  'BatchNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'GroupNorm',
  'LRN',
  'MaxPool',
  'AveragePool',
  'LpPool',
  'GlobalMaxPool',
  'GlobalAveragePool',
  'GlobalLpPool',
  'MaxUnpool',
  'DepthToSpace',
  'SpaceToDepth',
  'RoiAlign',
  'MaxRoiPool',
  'GridSample',
  'Col2Im',
]);

/** Operators whose outputs are [..., features]. */
const FEATURES_LAST = new Set([
  'Gemm',
  'FusedGemm',
  'MatMulNBits',
  'MatMulIntegerToFloat',
  'LayerNormalization',
  'RMSNormalization',
  'SimplifiedLayerNormalization',
  'SkipLayerNormalization',
  'SkipSimplifiedLayerNormalization',
  'EmbedLayerNormalization',
  'Attention',
  'MultiHeadAttention',
  'GroupQueryAttention',
  'BiasGelu',
  'FastGelu',
]);

const MATRIX_PRODUCTS = new Set(['MatMul', 'MatMulInteger', 'QLinearMatMul', 'FusedMatMul']);

const RECURRENT = new Set(['LSTM', 'GRU', 'RNN', 'DynamicQuantizeLSTM']);

/**
 * Axes of a value of the given rank that together name a unit, in order; never empty for rank ≥ 1.
 * [batch, channels, height, width] → [1]; [batch, tokens, width] → [2]; Y of an LSTM [time, directions, batch, hidden]
 * → [1, 3]; attention pattern [batch, heads, queries, keys] → [1].
 */
export function unitAxes(graph: Graph, value: string, rank: number): readonly number[] {
  if (rank <= 0) return [];
  const axes = axesOf(graph, value, rank, MAXIMUM_STEPS_UP);
  return axes ?? usualAxes(rank);
}

/**
 * The axis that counts examples where the operator that made the value fixes it: the batch axis of LSTM, GRU and RNN
 * outputs, followed through layout changes. Undefined where the graph does not say.
 */
export function recurrentBatchAxis(graph: Graph, value: string, rank: number): number | undefined {
  let name = value;
  let undo = (axis: number): number | undefined => axis;
  let innerRank = rank;
  for (let step = 0; step < MAXIMUM_STEPS_UP; step++) {
    const node = graph.producerOf(name);
    if (node === undefined) return undefined;
    if (RECURRENT.has(node.opType)) {
      const position = node.outputs.indexOf(name);
      if (attributeInt(node, 'layout') === 1) return undo(0);
      return undo(position === 0 ? 2 : 1);
    }
    const layout = layoutOf(graph, node, innerRank);
    if (layout === undefined) return undefined;
    const outer = undo;
    undo = (axis) => {
      const moved = layout.moved(axis);
      return moved === undefined ? undefined : outer(moved);
    };
    innerRank = layout.inputRank;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}

/** Without any hint: pictures have their channels second, everything else its features last. */
function usualAxes(rank: number): readonly number[] {
  return [rank >= 4 ? 1 : rank - 1];
}

function axesOf(graph: Graph, value: string, rank: number, steps: number): readonly number[] | undefined {
  const node = graph.producerOf(value);
  if (node === undefined || steps <= 0 || rank <= 0) return undefined;
  const { opType } = node;
  const last = rank - 1;

  if (CHANNEL_FIRST.has(opType)) return rank >= 2 ? [1] : undefined;
  if (FEATURES_LAST.has(opType)) return [last];
  if (RECURRENT.has(opType)) return hiddenAxes(node, value, rank);
  if (MATRIX_PRODUCTS.has(opType)) return productAxes(graph, node, rank);
  if (opType === 'Gather' && graph.initializer(node.inputs[0] ?? '') !== undefined) return [last];

  const layout = layoutOf(graph, node, rank);
  if (layout !== undefined) {
    const inner = axesOf(graph, node.inputs[0] ?? '', layout.inputRank, steps - 1);
    // An axis that was squeezed away had one entry and named nothing.
    return valid(
      inner?.map(layout.moved).filter((axis) => axis !== undefined),
      rank,
    );
  }
  if (opType === 'Softmax' || opType === 'LogSoftmax') {
    // What a softmax runs over are positions, unless that is all there is.
    const over = normalised(attributeInt(node, 'axis') ?? ((graph.opset('') ?? 13) < 13 ? 1 : -1), rank);
    const inner = axesOf(graph, node.inputs[0] ?? '', rank, steps - 1) ?? usualAxes(rank);
    const rest = inner.filter((axis) => axis !== over);
    return rest.length > 0 ? rest : inner;
  }
  if (opType === 'Reshape' || opType === 'Flatten') return reshapedAxes(graph, node, rank, steps);
  if (opType === 'If') return branchAxes(graph, node, value, rank, steps);
  if (isOpaque(opType)) return undefined;
  return elementwiseAxes(graph, node, rank, steps);
}

/** What an If gives comes from its branches: the first that tells decides. */
function branchAxes(
  graph: Graph,
  node: GraphNode,
  value: string,
  rank: number,
  steps: number,
): readonly number[] | undefined {
  const position = node.outputs.indexOf(value);
  for (const { graph: branch } of graph.subgraphs(node)) {
    const output = branch.outputs[position]?.name;
    const axes = output === undefined ? undefined : axesOf(branch, output, rank, Math.floor(steps / 2));
    if (axes !== undefined) return axes;
  }
  return undefined;
}

/** Outputs of LSTM, GRU, RNN: Y [time, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]. */
function hiddenAxes(node: GraphNode, value: string, rank: number): readonly number[] | undefined {
  const batchFirst = attributeInt(node, 'layout') === 1;
  const all = node.outputs[0] === value;
  const axes = all ? (batchFirst ? [2, 3] : [1, 3]) : batchFirst ? [1, 2] : [0, 2];
  return valid(axes, rank);
}

/** Features come from the constant factor's free axis; a product of two activations has heads in front. */
function productAxes(graph: Graph, node: GraphNode, rank: number): readonly number[] | undefined {
  const [left = '', right = ''] = node.opType === 'QLinearMatMul' ? [node.inputs[0], node.inputs[3]] : node.inputs;
  if (isFromConstants(graph, right)) return [rank - 1];
  if (isFromConstants(graph, left)) return rank >= 2 ? [rank - 2] : [0];
  return rank >= 4 ? [1, rank - 1] : [rank - 1];
}

interface Layout {
  readonly inputRank: number;
  /** Where an axis of the input is in the output; undefined when it is gone. */
  readonly moved: (axis: number) => number | undefined;
}

/** Operators that move, add or drop axes in a known way. */
function layoutOf(graph: Graph, node: GraphNode, rank: number): Layout | undefined {
  switch (node.opType) {
    case 'Identity':
    case 'Cast':
      return { inputRank: rank, moved: (axis) => axis };
    case 'Transpose': {
      const permutation = attributeInts(node, 'perm');
      if (permutation === undefined) return { inputRank: rank, moved: (axis) => rank - 1 - axis };
      if (permutation.length !== rank) return undefined;
      return { inputRank: rank, moved: (axis) => found(permutation.indexOf(axis)) };
    }
    case 'Unsqueeze': {
      const added = axesOfNode(graph, node)?.map((axis) => normalised(axis, rank));
      if (added === undefined) return undefined;
      const kept = range(rank).filter((axis) => !added.includes(axis));
      return { inputRank: kept.length, moved: (axis) => kept[axis] };
    }
    case 'Squeeze':
    case 'ReduceMean':
    case 'ReduceMax':
    case 'ReduceMin':
    case 'ReduceSum':
    case 'ReduceL2': {
      if (node.opType !== 'Squeeze' && (attributeInt(node, 'keepdims') ?? 1) === 1) {
        return { inputRank: rank, moved: (axis) => axis };
      }
      const axes = axesOfNode(graph, node);
      if (axes === undefined) return undefined;
      const inputRank = rank + axes.length;
      const dropped = axes.map((axis) => normalised(axis, inputRank));
      const kept = range(inputRank).filter((axis) => !dropped.includes(axis));
      return { inputRank, moved: (axis) => found(kept.indexOf(axis)) };
    }
    default:
      return undefined;
  }
}

/** Axes of Squeeze, Unsqueeze and reductions: an attribute before opset 13 (18 for most reductions), then an input. */
function axesOfNode(graph: Graph, node: GraphNode): readonly number[] | undefined {
  return attributeInts(node, 'axes') ?? integerConstants(graph, node.inputs[1] ?? '');
}

/**
 * A reshape keeps features where they are when they come last, and channels when the axes in front stay; a
 * flattened feature map has one unit per channel and site, which is the last axis again.
 */
function reshapedAxes(graph: Graph, node: GraphNode, rank: number, steps: number): readonly number[] | undefined {
  if (rank <= 2) return [rank - 1];
  const input = node.inputs[0] ?? '';
  const target = node.opType === 'Reshape' ? integerConstants(graph, node.inputs[1] ?? '') : undefined;
  const inputRank = graph.valueInfo(input)?.shape?.length ?? target?.length ?? rank;
  const inner = axesOf(graph, input, inputRank, steps - 1);
  if (inner === undefined) return undefined;
  if (inner.includes(inputRank - 1)) return [rank - 1];
  return inner.length === 1 && inner[0] === 1 ? [1] : undefined;
}

/** Broadcasting operators: the axes of the input that has them, or the one axis along which a constant varies. */
function elementwiseAxes(graph: Graph, node: GraphNode, rank: number, steps: number): readonly number[] | undefined {
  const inputs = node.inputs.filter((input) => input !== '');
  // Only one branch of a sum needs following unless it leads nowhere; the budget is shared, so that chains of sums
  // (residual streams) stay linear.
  const branches = inputs.filter((input) => graph.initializer(input) === undefined && !isFromConstants(graph, input));
  let budget = steps - 1;
  for (const branch of branches) {
    const axes = axesOf(graph, branch, rankOf(graph, branch) ?? rank, budget);
    if (axes !== undefined) return valid(axes, rank);
    budget = Math.floor(budget / 2);
  }
  for (const input of inputs) {
    const shape = graph.initializer(input) === undefined ? undefined : graph.valueInfo(input)?.shape;
    const varying = shape?.flatMap((size, axis) => (size === 1 ? [] : [axis]));
    const [only] = varying ?? [];
    if (shape !== undefined && varying?.length === 1 && only !== undefined)
      return valid([rank - shape.length + only], rank);
  }
  return undefined;
}

/** Operators after which nothing is known of the axes before them. */
function isOpaque(opType: string): boolean {
  return ['Loop', 'Scan', 'Einsum', 'Constant', 'ConstantOfShape', 'Shape', 'ScatterND', 'GatherND', 'Range'].includes(
    opType,
  );
}

function rankOf(graph: Graph, value: string): number | undefined {
  return graph.valueInfo(value)?.shape?.length;
}

function normalised(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function found(index: number): number | undefined {
  return index < 0 ? undefined : index;
}

function range(length: number): number[] {
  return Array.from({ length: Math.max(0, Math.min(length, 64)) }, (_, index) => index);
}

/** The axes, if all of them exist. */
function valid(axes: readonly (number | undefined)[] | undefined, rank: number): readonly number[] | undefined {
  if (axes === undefined || axes.length === 0) return undefined;
  return axes.every((axis) => axis !== undefined && axis >= 0 && axis < rank) ? (axes as readonly number[]) : undefined;
}
