/**
 * Residual blocks: places where a branch is added back to the value that it started from. Found by structure alone, so
 * that convolutional networks, transformers and anything between are read alike, whatever their nodes are called.
 */
import { displayText } from '../display-text.js';
import { activationOfOperator } from './activations/operators.js';
import { isFromConstants, scalarConstant } from './constants.js';
import type { Graph, GraphNode } from './graph.js';
import { nodeScopes } from './scopes.js';

export interface ResidualBlock {
  /** The node that adds. */
  readonly add: GraphNode;
  /** What the add gives. */
  readonly sum: string;
  /** What the next block receives: the sum, or the activation that alone reads it (as in the first ResNets). */
  readonly output: string;
  /** End of the branch, before a constant factor and before the add. */
  readonly branchEnd: string;
  /** The constant factor on the branch (α of NF-ResNets), where there is one. */
  readonly branchFactor?: number;
  /** The value that shortcut and branch both start from. */
  readonly start: string;
  /** Whether the shortcut changes the value on its way: a projection, a stride, more channels. */
  readonly transition: boolean;
  readonly kind: 'attention' | 'convolution' | 'other';
  /** Short name for a person, unique among the blocks: "layer1.0", "blocks.3 attention". */
  readonly label: string;
}

const MAXIMUM_LABEL = 80;
/** Nodes that one branch may have. */
const LONGEST_BRANCH = 4000;
/** Nodes that all branches may have together, for each node of the graph: searching stays linear in the model. */
const MOST_VISITS = 20;
/** Nodes that a shortcut may have. */
const LONGEST_SHORTCUT = 12;

/** Operators of one data input that a shortcut may pass; all else is a branch. */
const SHORTCUT = new Set([
  'Identity',
  'Cast',
  'Dropout',
  'BatchNormalization',
  'Conv',
  'MatMul',
  'Gemm',
  'AveragePool',
  'MaxPool',
  'Pad',
  'Slice',
  'Concat',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Mul',
  'Div',
  'QuantizeLinear',
  'DequantizeLinear',
]);
/** Those that leave every number as it is. */
const UNCHANGED = new Set(['Identity', 'Cast', 'Dropout', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze']);
const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Einsum', 'FusedMatMul', 'MatMulNBits']);
const RESIZING = new Set(['Resize', 'Upsample', 'ConvTranspose', 'DepthToSpace']);
const ATTENTION = new Set(['Softmax', 'Attention', 'MultiHeadAttention', 'GroupQueryAttention']);

const cache = new WeakMap<Graph, readonly ResidualBlock[]>();

/** The residual blocks of the main graph in topological order. Computed once per graph. */
export function residualBlocks(graph: Graph): readonly ResidualBlock[] {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const found = find(graph);
  cache.set(graph, found);
  return found;
}

function find(graph: Graph): readonly ResidualBlock[] {
  const blocks: ResidualBlock[] = [];
  const position = new Map(graph.order.map((node, index) => [node, index]));
  const scopes = nodeScopes(graph);
  /** Shortcut of every add that is known to be residual: later shortcuts may pass it. */
  const shortcuts = new Map<GraphNode, string>();
  const budget = { visits: MOST_VISITS * graph.order.length };
  for (const add of graph.order) {
    if (add.opType !== 'Add' || add.domain !== '') continue;
    const [a = '', b = ''] = add.inputs;
    if (a === b || isFromConstants(graph, a) || isFromConstants(graph, b) || isMasking(graph, add)) continue;
    const [taken] = [
      { shortcut: a, branch: b },
      { shortcut: b, branch: a },
    ]
      .flatMap(({ shortcut, branch }) => {
        const way = shortcutFrom(graph, shortcut, shortcuts);
        const path = branchTo(graph, branch, way, position, budget);
        return path === undefined ? [] : [{ shortcut, branch, ...path, way }];
      })
      .sort((one, other) => one.steps - other.steps);
    if (taken === undefined) continue;
    shortcuts.set(add, taken.shortcut);
    const [sum = ''] = add.outputs;
    const scaled = scaledBy(graph, taken.branch);
    blocks.push({
      add,
      sum,
      output: activatedAlone(graph, sum),
      branchEnd: scaled?.value ?? taken.branch,
      ...(scaled === undefined ? {} : { branchFactor: scaled.factor }),
      start: taken.start,
      transition: taken.changes,
      kind: taken.nodes.some(({ opType }) => ATTENTION.has(opType))
        ? 'attention'
        : taken.nodes.some(({ opType }) => opType === 'Conv')
          ? 'convolution'
          : 'other',
      label: scopes[add.index]?.module.join('.') ?? '',
    });
  }
  return labelled(blocks);
}

/** Names that several blocks share get what the branch is, then a number. */
function labelled(blocks: readonly ResidualBlock[]): readonly ResidualBlock[] {
  const transformer = blocks.some(({ kind }) => kind === 'attention');
  const named = blocks.map(({ label, kind }, index) => {
    const place = label === '' ? `block ${index + 1}` : displayText(label, MAXIMUM_LABEL);
    if (!transformer || kind === 'convolution') return place;
    return `${place} ${kind === 'attention' ? 'attention' : 'feed-forward'}`;
  });
  const times = new Map<string, number>();
  for (const name of named) times.set(name, (times.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return blocks.map((block, index) => {
    const name = named[index] ?? '';
    if (times.get(name) === 1) return { ...block, label: name };
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return { ...block, label: `${name} ${seen.get(name)}` };
  });
}

/** The values along a shortcut, from its end up, with how many nodes lie between and whether they change numbers. */
type Way = ReadonlyMap<string, { readonly steps: number; readonly changes: boolean; readonly weighted: boolean }>;

function shortcutFrom(graph: Graph, end: string, residual: ReadonlyMap<GraphNode, string>): Way {
  const way = new Map([[end, { steps: 0, changes: false, weighted: false }]]);
  let value = end;
  let at = { steps: 0, changes: false, weighted: false };
  while (at.steps < LONGEST_SHORTCUT) {
    const node = graph.producerOf(value);
    if (node === undefined || node.domain !== '') break;
    const added = residual.get(node);
    const data = node.inputs.filter((input) => input !== '' && !isFromConstants(graph, input));
    // Sizes that reshapes and slices read come from the same values: the first input is what passes through.
    const one = node.opType === 'Mul' || node.opType === 'MatMul' || node.opType === 'Concat' || node.opType === 'Div';
    if (added === undefined && (!SHORTCUT.has(node.opType) || (one && data.length !== 1))) break;
    value = added ?? (one ? (data[0] ?? '') : (node.inputs[0] ?? ''));
    if (value === '' || way.has(value)) break;
    at = {
      steps: at.steps + 1,
      changes: at.changes || (added === undefined && !UNCHANGED.has(node.opType)),
      weighted: at.weighted || WEIGHTED.has(node.opType),
    };
    way.set(value, at);
  }
  return way;
}

/** The nodes of the branch from the last value that it shares with the shortcut, if it is one: it holds weights. */
function branchTo(
  graph: Graph,
  end: string,
  way: Way,
  position: ReadonlyMap<GraphNode, number>,
  budget: { visits: number },
):
  | { readonly start: string; readonly steps: number; readonly changes: boolean; readonly nodes: readonly GraphNode[] }
  | undefined {
  if (way.has(end)) return undefined;
  // A branch starts where something beside the shortcut reads.
  const branching = [...way.keys()].filter((value) => graph.consumersOf(value).length > 1);
  const earliest = Math.min(...branching.map((value) => placeOf(graph, value, position)));
  const visited = new Set<GraphNode>();
  const queue = [end];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    const node = graph.producerOf(value);
    if (node === undefined || visited.has(node) || (position.get(node) ?? 0) <= earliest) continue;
    if (visited.size >= LONGEST_BRANCH || budget.visits-- <= 0) return undefined;
    visited.add(node);
    for (const input of node.inputs) if (input !== '' && !way.has(input)) queue.push(input);
  }
  // From the earliest node down: which of them come from the shortcut, and from which of its values.
  const from = new Map<string, string>([...way.keys()].map((value) => [value, value]));
  const nodes: GraphNode[] = [];
  for (const node of [...visited].sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0))) {
    const starts = node.inputs.flatMap((input) => from.get(input) ?? []);
    const [start] = starts.sort((a, b) => (way.get(a)?.steps ?? 0) - (way.get(b)?.steps ?? 0));
    if (start === undefined) continue;
    nodes.push(node);
    for (const output of node.outputs) from.set(output, start);
  }
  const start = from.get(end);
  const shortcut = start === undefined ? undefined : way.get(start);
  if (start === undefined || shortcut === undefined) return undefined;
  if (!nodes.some((node) => isWeighted(graph, node))) return undefined;
  // What was made smaller and larger again is the skip of a U-Net or a feature pyramid.
  if (nodes.some(({ opType }) => RESIZING.has(opType))) return undefined;
  // Two weighted ways that meet are a block only where one of them is more than a matrix (RepVGG has two of one kind).
  if (shortcut.weighted && !nodes.some((node) => isNonLinear(graph, node))) return undefined;
  return { start, steps: shortcut.steps, changes: shortcut.changes, nodes };
}

function placeOf(graph: Graph, value: string, position: ReadonlyMap<GraphNode, number>): number {
  const producer = graph.producerOf(value);
  return producer === undefined ? -1 : (position.get(producer) ?? 0);
}

/** Whether the node adds a mask or a bias of positions to attention scores. */
function isMasking(graph: Graph, { outputs: [sum = ''] }: GraphNode): boolean {
  return graph.consumersOf(sum).some(({ opType }) => opType === 'Softmax');
}

function isWeighted(graph: Graph, node: GraphNode): boolean {
  return WEIGHTED.has(node.opType) && node.inputs.some((input) => isFromConstants(graph, input));
}

function isNonLinear(graph: Graph, node: GraphNode): boolean {
  return ATTENTION.has(node.opType) || node.opType === 'Erf' || activationOfOperator(node, graph) !== undefined;
}

/** The value behind a constant factor. */
function scaledBy(graph: Graph, value: string): { readonly value: string; readonly factor: number } | undefined {
  const node = graph.producerOf(value);
  if (node?.opType !== 'Mul') return undefined;
  const [a = '', b = ''] = node.inputs;
  const [left, right] = [scalarConstant(graph, a), scalarConstant(graph, b)];
  if (right !== undefined) return { value: a, factor: right };
  return left === undefined ? undefined : { value: b, factor: left };
}

/** The activation behind the sum where nothing else reads the sum. */
function activatedAlone(graph: Graph, sum: string): string {
  const [reader, ...others] = graph.consumersOf(sum);
  if (reader === undefined || others.length > 0 || graph.isOutput(sum)) return sum;
  return activationOfOperator(reader, graph) === undefined ? sum : (reader.outputs[0] ?? sum);
}
