/** Which loss a network can be measured by on its inputs, and why that one. */
import { usedFeeds } from '../engine/used-feeds.js';
import { problem } from '../errors.js';
import { attributeInt } from '../graph/attributes.js';
import type { Graph } from '../graph/graph.js';
import { prune } from '../rewrite/prune.js';
import { elementCount, type ElementType, type Tensor } from '../tensor/tensor.js';
import type { ExperimentSubject } from './subject.js';

/** In order of preference: what the data says should come out, then how far the output moves. */
export type LossKind = 'next-token' | 'class' | 'divergence' | 'relative-change';

/** One loss of one output. */
export interface LossMeasure {
  readonly kind: LossKind;
  /** The value that is read: scores before a softmax (logits), or what `relative-change` compares. */
  readonly value: string;
  readonly type: ElementType;
  /** Of one run as the probe saw it; the last axis counts classes or tokens. */
  readonly dims: readonly number[];
  /** Losses per example: positions of a text, 1 for a label. */
  readonly positions: number;
  /** "cross-entropy of the next token". */
  readonly label: string;
  /** Exactly what is summed, over what. */
  readonly definition: string;
  /** Why this one, one sentence for people. */
  readonly why: string;
}

interface Candidate {
  readonly value: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Its last axis holds a distribution, as far as the graph says. */
  readonly isDistribution: boolean;
}

/**
 * Runs the first readable input once, to learn the sizes of the outputs.
 * @throws ProblemError `not-applicable` where no output holds floating-point numbers, and what the engine throws.
 */
export async function chooseLoss(subject: ExperimentSubject): Promise<LossMeasure> {
  const { dataset } = subject;
  const { index, candidates } = await outputsOfFirst(subject);
  const [first] = candidates;
  if (first === undefined) {
    throw problem(
      'not-applicable',
      'No output of the model holds floating-point numbers: there is no loss to measure.',
      {
        remedy: 'Open the model as it was exported, with its scores as an output.',
      },
    );
  }
  const rows = Number.isFinite(dataset.maximumBatch) ? dataset.maximumBatch : 1;
  const nextTokens = await knownNextTokens(subject, index);
  if (nextTokens !== undefined) {
    const highest = nextTokens.reduce((most, id) => Math.max(most, id), -1);
    const scores = candidates.find((each) => hasRows(each, rows * nextTokens.length) && lastOf(each) > highest);
    if (scores !== undefined && highest >= 0) return nextTokenLoss(scores, nextTokens.length);
  }
  const label = await firstLabel(subject);
  if (label !== undefined) {
    const scores = candidates.find((each) => hasRows(each, rows) && lastOf(each) > Math.max(1, label));
    if (scores !== undefined) return classLoss(scores);
  }
  if (label === undefined && nextTokens !== undefined && (await isLastKnown(subject, index))) {
    const scores = candidates.find((each) => hasRows(each, rows) && lastOf(each) === dataset.classes?.length);
    if (scores !== undefined) return lastTokenLoss(scores);
  }
  const reason =
    label !== undefined
      ? 'The labels name no class of any output, which the loss of the right class and accuracy need (correct “labels” or “classes” in the recipe)'
      : nextTokens !== undefined
        ? nextTokens.some((id) => id >= 0)
          ? 'No output has scores for the next token of every position'
          : 'No next token is known, which perplexity needs: the text is shorter than two tokens (choose a longer one)'
        : 'The inputs have no labels, which the loss of the right class and accuracy need (name “labels” in the recipe, or put pictures into one folder for each class)';
  const tokens = nextTokens !== undefined;
  const distribution = candidates.find(
    (each) =>
      lastOf(each) > 1 &&
      (each.isDistribution || dataset.classes?.length === lastOf(each) || (tokens && each.dims.length === 3)),
  );
  return distribution === undefined ? relativeChange(first, reason) : divergence(distribution, rows, reason);
}

const lastOf = ({ dims }: Candidate): number => dims.at(-1) ?? 0;
const hasRows = ({ dims }: Candidate, rows: number): boolean =>
  dims.length >= 2 && elementCount(dims.slice(0, -1)) === rows;

function nextTokenLoss({ value, type, dims }: Candidate, positions: number): LossMeasure {
  return {
    kind: 'next-token',
    value,
    type,
    dims,
    positions,
    label: 'cross-entropy of the next token',
    definition:
      'Mean of −ln p(next token) over every position whose next token is known, in nats; perplexity is e to that power.',
    why: 'The inputs are texts, whose next tokens are known.',
  };
}

/** Recurrent language models often give scores after the last token only. */
function lastTokenLoss(scores: Candidate): LossMeasure {
  return {
    ...nextTokenLoss(scores, 1),
    definition:
      'Mean over inputs of −ln p(token behind the last of the input), in nats; perplexity is e to that power. Inputs whose next token is not known do not count.',
    why: 'The inputs are texts whose next token is known, and the model gives scores after the last token only.',
  };
}

function classLoss({ value, type, dims }: Candidate): LossMeasure {
  return {
    kind: 'class',
    value,
    type,
    dims,
    positions: 1,
    label: 'cross-entropy of the label',
    definition:
      'Mean of −ln p(label) over the inputs that have a label, in nats; perplexity is e to that power. Accuracy is the share of them whose label has the largest output.',
    why: 'The inputs have labels.',
  };
}

function divergence({ value, type, dims }: Candidate, rows: number, reason: string): LossMeasure {
  return {
    kind: 'divergence',
    value,
    type,
    dims,
    positions: Math.max(1, elementCount(dims.slice(0, -1)) / rows),
    label: 'change of the output distribution',
    definition:
      'Mean over positions of the Kullback-Leibler divergence KL(p clean ‖ p changed) of the softmax of the output, in nats: the cross-entropy that is lost where the clean network’s own predictions are the labels.',
    why: `${reason}: how much the output distribution changes is measured instead.`,
  };
}

function relativeChange({ value, type, dims }: Candidate, reason: string): LossMeasure {
  return {
    kind: 'relative-change',
    value,
    type,
    dims,
    positions: 1,
    label: 'relative change of the output',
    definition: 'Mean over inputs of ‖changed − clean‖ / ‖clean‖ of the output (L2 norms).',
    why: `${reason}, and nothing says that the output holds scores: how far it moves is measured instead.`,
  };
}

async function outputsOfFirst(
  subject: ExperimentSubject,
): Promise<{ readonly index: number; readonly candidates: readonly Candidate[] }> {
  const { graph, dataset, engine, toRunnable, threads } = subject;
  const values = [...new Set(graph.outputs.map(({ name }) => beforeSoftmax(graph, name)))];
  const session = await engine.open(toRunnable(prune(graph.model, values)), { threads });
  try {
    for (let start = 0; start < dataset.size; start++) {
      const { feeds, indices } = await dataset.batch(start, start + 1);
      const [index] = indices;
      if (index === undefined) continue;
      const outputs = await session.run(usedFeeds(session, feeds));
      const candidates = values.flatMap((value): Candidate[] => {
        const tensor = outputs[value];
        if (tensor === undefined || !isFloat(tensor) || elementCount(tensor.dims) === 0) return [];
        return [{ value, type: tensor.type, dims: tensor.dims, isDistribution: isScores(graph, value) }];
      });
      return { index, candidates };
    }
  } finally {
    await session.release();
  }
  throw problem('invalid-inputs', 'None of the inputs could be read.', {
    place: dataset.description,
    remedy: 'Choose other inputs with “Choose Inputs…”.',
  });
}

function isFloat({ type }: Tensor): boolean {
  return type === 'float32' || type === 'float16' || type === 'float64';
}

/** A softmax over the last axis loses nothing but a constant, and its logarithm may be −∞: scores are read before it. */
function beforeSoftmax(graph: Graph, output: string): string {
  const maker = graph.producerOf(output);
  const [scores = ''] = maker?.inputs ?? [];
  return maker !== undefined && isLastSoftmax(graph, output) && scores !== '' ? scores : output;
}

function isLastSoftmax(graph: Graph, output: string): boolean {
  const maker = graph.producerOf(output);
  if (maker === undefined || maker.domain !== '' || (maker.opType !== 'Softmax' && maker.opType !== 'LogSoftmax'))
    return false;
  const opset = graph.opset('') ?? 1;
  const axis = attributeInt(maker, 'axis') ?? (opset >= 13 ? -1 : 1);
  const rank = graph.valueInfo(output)?.shape?.length;
  // Before version 13 all axes from the named one on are one.
  return axis === -1 || (rank !== undefined && axis === rank - 1);
}

/** Scores go into a softmax over their last axis, or are called so. */
function isScores(graph: Graph, value: string): boolean {
  return (
    /logit/i.test(value) ||
    isLastSoftmax(graph, value) ||
    graph.consumersOf(value).some((node) => isLastSoftmax(graph, node.outputs[0] ?? ''))
  );
}

/** Of the first text in which some next token is known; of the first text where there is none. */
async function knownNextTokens({ dataset }: ExperimentSubject, first: number): Promise<Int32Array | undefined> {
  const { nextTokens } = await dataset.targets(first);
  if (nextTokens === undefined) return undefined;
  for (let index = first; index < dataset.size; index++) {
    const { nextTokens: tokens } = await dataset.targets(index);
    if (tokens?.some((id) => id >= 0) === true) return tokens;
  }
  return nextTokens;
}

/** Whether the token behind the last position is known of any input. */
async function isLastKnown({ dataset }: ExperimentSubject, first: number): Promise<boolean> {
  for (let index = first; index < dataset.size; index++) {
    if (((await dataset.targets(index)).nextTokens?.at(-1) ?? -1) >= 0) return true;
  }
  return false;
}

/** The first class that a label names. */
async function firstLabel({ dataset }: ExperimentSubject): Promise<number | undefined> {
  for (let index = 0; index < dataset.size; index++) {
    const { classIndex } = await dataset.targets(index);
    if (classIndex !== undefined) return classIndex;
  }
  return undefined;
}
