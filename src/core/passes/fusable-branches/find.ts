/** Places where linear nodes meet with nothing non-linear between them: methods M2. */
import type { Graph, GraphNode } from '../../graph/graph.js';
import { linearStep, type LinearStep } from '../linear-step.js';

/** Steps from the shared input on; none: the input itself. */
export type Branch = readonly LinearStep[];

export interface Fusable {
  readonly kind: 'convolution and normalisation' | 'parallel branches' | 'chain of products' | 'chain of convolutions';
  /** The value that goes in, and the one that comes out. */
  readonly input: string;
  readonly output: string;
  readonly branches: readonly Branch[];
  /** All nodes that one node would replace, in topological order. */
  readonly nodes: readonly GraphNode[];
}

/** Longer runs of linear nodes are looked at in pieces. */
const LONGEST_BRANCH = 8;

/** Every place of the main graph, those inside a larger one left out. */
export function findFusable(graph: Graph): readonly Fusable[] {
  const taken = new Set<GraphNode>();
  const found: Fusable[] = [];
  const take = (fusable: Fusable | undefined): void => {
    if (fusable === undefined || fusable.nodes.some((node) => taken.has(node))) return;
    for (const node of fusable.nodes) taken.add(node);
    found.push(fusable);
  };
  for (const node of graph.order) if (isSum(node)) take(parallelBranches(graph, node));
  // Chains end where they are longest: from the last node backwards.
  for (const node of [...graph.order].reverse()) if (!taken.has(node)) take(chain(graph, node));
  const position = new Map(graph.order.map((node, at) => [node, at]));
  const at = ({ nodes }: Fusable): number => position.get(nodes[0] as GraphNode) ?? 0;
  return found.sort((a, b) => at(a) - at(b));
}

function isSum(node: GraphNode): boolean {
  return node.domain === '' && (node.opType === 'Add' || node.opType === 'Sum') && node.inputs.length >= 2;
}

/** Steps that lead to a value, the nearest first, each read by nothing else, with the values before them. */
function stepsBefore(graph: Graph, value: string): readonly { readonly step: LinearStep; readonly from: string }[] {
  const steps: { step: LinearStep; from: string }[] = [];
  let at = value;
  while (steps.length < LONGEST_BRANCH) {
    const node = graph.producerOf(at);
    if (node === undefined || graph.isOutput(at) || graph.consumersOf(at).length !== 1) break;
    const step = linearStep(graph, node);
    if (step === undefined) break;
    at = node.inputs[0] ?? '';
    steps.push({ step, from: at });
  }
  return steps;
}

/** All operands of a sum as linear functions of one value; RepVGG's blocks are such sums. */
function parallelBranches(graph: Graph, sum: GraphNode): Fusable | undefined {
  if (sum.inputs.some((value) => graph.initializer(value) !== undefined)) return undefined;
  const paths = sum.inputs.map((value) => {
    const steps = stepsBefore(graph, value);
    return { values: [value, ...steps.map(({ from }) => from)], steps: steps.map(({ step }) => step) };
  });
  const [first, ...others] = paths;
  const shared = first?.values.find((value) => others.every(({ values }) => values.includes(value)));
  if (shared === undefined) return undefined;
  const branches = paths.map(({ values, steps }) => steps.slice(0, values.indexOf(shared)).reverse());
  // Two times the same value is no branch, and products are told apart by other means.
  if (branches.every((branch) => branch.length === 0) || !branches.every(isConvolutional)) return undefined;
  return {
    kind: 'parallel branches',
    input: shared,
    output: sum.outputs[0] ?? '',
    branches,
    nodes: [...branches.flat().map(({ node }) => node), sum],
  };
}

/** At most one convolution, then at most one normalisation. */
function isConvolutional(branch: Branch): boolean {
  const kinds = branch.map(({ kind }) => kind).join();
  return ['', 'convolution', 'normalisation', 'convolution,normalisation'].includes(kinds);
}

/** Two neighbouring steps that end at a node, where one could do their work. */
function chain(graph: Graph, last: GraphNode): Fusable | undefined {
  const second = linearStep(graph, last);
  const between = last.inputs[0] ?? '';
  const [before] = second === undefined ? [] : stepsBefore(graph, between);
  if (second === undefined || before === undefined) return undefined;
  const kind = chainKind(before.step, second);
  if (kind === undefined) return undefined;
  return {
    kind,
    input: before.from,
    output: last.outputs[0] ?? '',
    branches: [[before.step, second]],
    nodes: [before.step.node, last],
  };
}

function chainKind(first: LinearStep, second: LinearStep): Fusable['kind'] | undefined {
  if (first.kind === 'convolution' && second.kind === 'normalisation') return 'convolution and normalisation';
  if (first.kind === 'product' && second.kind === 'product') return 'chain of products';
  if (first.kind !== 'convolution' || second.kind !== 'convolution') return undefined;
  const pointwise = ({ kernel, padsBefore, padsAfter, groups }: typeof first): boolean =>
    groups === 1 && kernel.every((size) => size === 1) && [...padsBefore, ...padsAfter].every((pad) => pad === 0);
  const everyPosition = first.strides.every((stride) => stride === 1);
  return pointwise(first) && pointwise(second) && everyPosition ? 'chain of convolutions' : undefined;
}
