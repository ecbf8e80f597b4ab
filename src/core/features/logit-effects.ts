/**
 * What writing a direction into the residual stream does to the scores of all tokens at once: direction @ W_U, without the
 * final normalisation (formats 3.4). The part of the network behind that normalisation is run as it stands, wherever its
 * weights lie and whichever way round; what it gives for zeros is taken off, so that its biases do not count.
 */
import type { Engine, Session } from '../engine/engine.js';
import { problem } from '../errors.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import { sourceOf } from '../graph/roles/pass-through.js';
import { findRoles } from '../graph/roles/roles.js';
import { changingValues } from '../linear/changing-values.js';
import type { Layout } from '../dictionary/attach/layout.js';
import { prune } from '../rewrite/prune.js';
import { freeValues } from '../rewrite/splice.js';

/** Between the final normalisation and the scores. Of two inputs one must follow from constants alone. */
const LINEAR = new Set(['MatMul', 'Gemm', 'Add', 'Sub', 'Mul', 'Div', 'Cast', 'Identity', 'Reshape', 'Dropout']);
const MOST_STEPS = 16;

export interface Unembedding {
  /** Tokens that have a score. */
  readonly tokens: number;
  /** @param rows row-major [count, width]. @returns row-major [count, tokens]. */
  effects(rows: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * The value that the unembedding reads: from the scores backwards over steps that are linear in one input, to the first
 * that is not. Undefined where there is no such step with weights.
 */
export function unembeddingInput(graph: Graph, scores: string): string | undefined {
  const changing = new Set(changingValues(graph));
  let value = scores;
  let hasWeights = false;
  for (let step = 0; step < MOST_STEPS; step++) {
    const node = graph.producerOf(value);
    const input = node === undefined ? undefined : linearInput(node, changing);
    if (node === undefined || input === undefined) break;
    hasWeights ||= node.opType === 'MatMul' || node.opType === 'Gemm';
    value = input;
  }
  return hasWeights ? value : undefined;
}

function linearInput({ opType, domain, inputs }: GraphNode, changing: ReadonlySet<string>): string | undefined {
  if (domain !== '' || !LINEAR.has(opType)) return undefined;
  const moving = inputs.filter((input) => changing.has(input));
  // A quotient is linear in what is divided only; a shape that follows the inputs is no matter of linearity.
  const isFirst = moving[0] === inputs[0];
  if (opType === 'Reshape') return isFirst ? inputs[0] : undefined;
  if (moving.length !== 1 || (opType === 'Div' && !isFirst)) return undefined;
  return moving[0];
}

/** Steps that add the places of a picture up with equal weights, as a share of all that is 1: a mean. */
const MEANS = new Set(['GlobalAveragePool', 'ReduceMean']);
const SHAPES = new Set(['Flatten', 'Squeeze']);

/**
 * Whether scores follow from a value of [examples, channels] or, through the mean over all its places, from [examples,
 * channels, height, width] by linear steps alone.
 */
export function isLinearFrom(graph: Graph, scores: string, value: string, layout: Layout): boolean {
  const changing = new Set(changingValues(graph));
  let isMean = layout.kind === 'single';
  for (let [at, step] = [scores, 0]; step < MOST_STEPS; step++) {
    if (at === value) return isMean;
    const node = graph.producerOf(at);
    if (node === undefined) return false;
    isMean ||= MEANS.has(node.opType);
    const isPlain = node.domain === '' && (MEANS.has(node.opType) || SHAPES.has(node.opType));
    const input = isPlain ? node.inputs[0] : linearInput(node, changing);
    if (input === undefined) return false;
    at = input;
  }
  return false;
}

/**
 * Of a dictionary that writes one row of an input or the channels of a picture: direction through the last, linear steps,
 * as it would be at all places of the picture.
 * @throws ProblemError `not-applicable` where a step that is not linear lies between, and as engines do.
 */
export async function openClassEffects(
  subject: Parameters<typeof openUnembedding>[0],
  scores: string,
  width: number,
  writes: string,
  layout: Layout,
): Promise<Unembedding> {
  if (!isLinearFrom(subject.graph, scores, writes, layout)) {
    throw problem(
      'not-applicable',
      `Steps that are not linear lie between “${writes}” and the scores: what the feature adds to them differs from input to input, and is measured by running the network without it.`,
      { place: `value “${writes}”`, remedy: 'Run the network without the feature at an example.' },
    );
  }
  return openLinear(
    subject,
    writes,
    scores,
    layout.kind !== 'grid' ? [width] : layout.axis === 'channels' ? [width, 1, 1] : [1, 1, width],
  );
}

/** @throws ProblemError `not-applicable` for what the heads of an attention give, side by side as its output weights read it. */
export function checkResidual(graph: Graph, writes: string): void {
  const points = findRoles(graph).pointsOf(sourceOf(graph, writes));
  if (!points.some(({ hooks }) => hooks.some((hook) => hook.endsWith('.hook_z')))) return;
  throw problem(
    'not-applicable',
    `“${writes}” is what the heads of an attention give, before its output weights: what a feature writes there is no direction of the residual stream, and has no product with the unembedding.`,
    { place: `value “${writes}”`, remedy: 'Run the network without the feature at an example.' },
  );
}

/**
 * @param width of the directions. @param scores the output that holds a score for each token or class.
 * @param shape of one direction, as the value holds it that the scores are read from.
 * @throws ProblemError `not-applicable` where no unembedding of this width makes the scores, and as engines do.
 */
export async function openUnembedding(
  subject: {
    readonly graph: Graph;
    readonly toRunnable: (model: ModelProto) => RunnableModel;
    readonly engine: Engine;
    readonly threads: number;
  },
  scores: string,
  width: number,
  shape: readonly number[] = [1, width],
): Promise<Unembedding> {
  const input = unembeddingInput(subject.graph, scores);
  if (input === undefined) throw noUnembedding(scores);
  return openLinear(subject, input, scores, shape);
}

/** @param shape of one direction, as the value holds it. */
async function openLinear(
  { graph, toRunnable, engine, threads }: Parameters<typeof openUnembedding>[0],
  input: string,
  scores: string,
  shape: readonly number[],
): Promise<Unembedding> {
  const dims = ['directions', ...shape];
  const width = shape.reduce((product, size) => product * size, 1);
  const cut = freeValues(graph.model, [{ value: input, type: DataType.FLOAT, dims }]);
  const session = await engine.open(toRunnable(prune(cut, [scores])), { threads });
  try {
    const run = (rows: Float32Array): Promise<Float32Array> => scoresOf(session, input, scores, rows, shape);
    const atZero = await run(new Float32Array(width));
    return {
      tokens: atZero.length,
      async effects(rows) {
        const found = await run(rows);
        return found.map((score, at) => score - (atZero[at % atZero.length] as number));
      },
      release: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function scoresOf(
  session: Session,
  input: string,
  scores: string,
  data: Float32Array,
  shape: readonly number[],
): Promise<Float32Array> {
  if (session.inputNames.some((name) => name !== input)) throw noUnembedding(scores);
  const count = data.length / shape.reduce((product, size) => product * size, 1);
  const found = (await session.run({ [input]: { type: 'float32', dims: [count, ...shape], data } }))[scores];
  if (!(found?.data instanceof Float32Array) || found.data.length % count !== 0) throw noUnembedding(scores);
  return found.data;
}

function noUnembedding(scores: string): Error {
  return problem('not-applicable', `“${scores}” does not come from a residual stream by weights alone.`, {
    place: `value “${scores}”`,
    remedy: 'Logit effects need a model whose last steps are a normalisation and a matrix of weights.',
  });
}
