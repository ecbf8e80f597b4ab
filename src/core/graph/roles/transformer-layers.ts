/**
 * Layers of a transformer: what attention and an MLP add to the residual stream, one after the other or side by side.
 */
import type { Graph } from '../graph.js';
import { residualBlocks, type ResidualBlock } from '../residual-blocks.js';
import type { Attention } from './attention.js';
import type { MlpBlock } from './mlp-blocks.js';
import type { Normalisation } from './normalisations.js';
import { nodesBetween } from './weighted-values.js';

export interface TransformerLayer {
  /** L of "blocks.L". */
  readonly index: number;
  /** The residual stream before, between and after; `middle` only where attention adds before the MLP reads. */
  readonly residualBefore: string;
  readonly residualMiddle?: string;
  readonly residualAfter: string;
  readonly attention?: Attention;
  readonly mlp?: MlpBlock;
  /** What each adds to the stream: behind a normalisation after it, if there is one. */
  readonly attentionAdds?: string;
  readonly mlpAdds?: string;
  /** Before attention and before the MLP, where their input is normalised. */
  readonly attentionNorm?: Normalisation;
  readonly mlpNorm?: Normalisation;
}

interface Contribution {
  readonly block: ResidualBlock;
  readonly attention?: Attention;
  readonly mlp?: MlpBlock;
}

/** The layers in the order of computation; empty where the stream has no attention and no dense MLP adds to it. */
export function findTransformerLayers(
  graph: Graph,
  attention: readonly Attention[],
  mlpBlocks: readonly MlpBlock[],
  normalisations: readonly Normalisation[],
): readonly TransformerLayer[] {
  const dense = mlpBlocks.filter(({ up }) => up.kind === 'dense');
  const contributions = residualBlocks(graph).flatMap((block): Contribution[] => {
    if (block.transition) return [];
    const inside = new Set(nodesBetween(graph, new Set([block.start]), block.branchEnd));
    const makes = (value: string): boolean => {
      const producer = graph.producerOf(value);
      return producer !== undefined && inside.has(producer);
    };
    const attends = attention.find(({ node }) => inside.has(node));
    const mlp = dense.find(({ output }) => makes(output));
    if (attends === undefined && mlp === undefined) return [];
    return [{ block, ...(attends === undefined ? {} : { attention: attends }), ...(mlp === undefined ? {} : { mlp }) }];
  });
  const groups: Contribution[][] = [];
  for (const contribution of contributions) {
    const group = groups.at(-1);
    const isFull =
      group === undefined ||
      contribution.attention !== undefined ||
      group.some(({ mlp }) => mlp !== undefined) ||
      !follows(group.at(-1), contribution, normalisations);
    if (isFull) groups.push([contribution]);
    else group.push(contribution);
  }
  const normOf = new Map(normalisations.map((norm) => [norm.output, norm]));
  return groups.map((group, index) => layerOf(graph, group, index, normOf));
}

/** Whether a block starts where the one before ends, or where that one starts (side by side), also behind a norm. */
function follows(
  before: Contribution | undefined,
  { block }: Contribution,
  normalisations: readonly Normalisation[],
): boolean {
  if (before === undefined) return false;
  const source = normalisations.find(({ output }) => output === block.start)?.input;
  return [before.block.output, before.block.sum, before.block.start].some(
    (value) => value === block.start || value === source,
  );
}

/** What a block adds: its branch, times the constant factor where there is one. */
function addedBy(graph: Graph, block: ResidualBlock | undefined): string | undefined {
  if (block?.branchFactor === undefined) return block?.branchEnd;
  const { add, branchEnd } = block;
  return add.inputs.find((input) => graph.producerOf(input)?.inputs.includes(branchEnd));
}

function layerOf(
  graph: Graph,
  group: readonly Contribution[],
  index: number,
  normOf: ReadonlyMap<string, Normalisation>,
): TransformerLayer {
  const [first] = group as readonly [Contribution, ...Contribution[]];
  const last = group.at(-1) ?? first;
  const withAttention = group.find(({ attention }) => attention !== undefined);
  const withMlp = group.find(({ mlp }) => mlp !== undefined);
  const attention = withAttention?.attention;
  const mlp = withMlp?.mlp;
  const isSequential = withMlp !== undefined && withMlp !== first && withMlp.block.start !== first.block.start;
  const isOne = withAttention === withMlp;
  const attentionNorm = normOf.get(attention?.input ?? '');
  const mlpNorm = normOf.get(mlp?.input ?? '');
  const attentionAdds = isOne ? attention?.output : addedBy(graph, withAttention?.block);
  const mlpAdds = isOne ? mlp?.output : addedBy(graph, withMlp?.block);
  return {
    index,
    residualBefore: first.block.start,
    ...(isSequential ? { residualMiddle: first.block.sum } : {}),
    residualAfter: last.block.sum,
    ...(attention === undefined ? {} : { attention }),
    ...(mlp === undefined ? {} : { mlp }),
    ...(attention === undefined || attentionAdds === undefined ? {} : { attentionAdds }),
    ...(mlp === undefined || mlpAdds === undefined ? {} : { mlpAdds }),
    ...(attentionNorm === undefined ? {} : { attentionNorm }),
    ...(mlpNorm === undefined ? {} : { mlpNorm }),
  };
}
