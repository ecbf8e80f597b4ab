/** The loss as nodes behind a network, so that one number per position leaves the engine and not all its scores. */
import { TensorProto_DataType as DataType, type ModelProto } from '../formats/onnx/onnx_pb.js';
import { graphWriter, type GraphWriter } from '../rewrite/graph-writer.js';
import { makeValueInfo } from '../rewrite/nodes.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LossMeasure } from './loss-measure.js';

/** Inputs that the nodes of a loss read. */
export const LOSS_INPUTS = {
  /** int64 [rows]: flat places of the right classes among the scores [rows · classes]. */
  places: 'places of the targets',
  /** What the clean network gave for the measured value, in its own type and shape. */
  clean: 'clean output',
} as const;

export interface LossGraph {
  readonly model: ModelProto;
  /** −ln p of the targets, or KL: [rows]; for a relative change the squares of change and clean: [examples] each. */
  readonly outputs: readonly string[];
  /** int64 [rows]: the largest score of every row, where there are targets. */
  readonly best?: string;
}

const TYPES: Readonly<Partial<Record<Tensor['type'], DataType>>> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
};

/** Adds the loss of a value to a model that makes it; the given model is not changed. */
export function writeLoss(model: ModelProto, measure: LossMeasure): LossGraph {
  const writer = graphWriter(model);
  const { kind, value, type, dims } = measure;
  const scores = type === 'float32' ? value : writer.castToFloat(value);
  if (kind === 'next-token' || kind === 'class') {
    const rows = asRows(writer, scores, measure);
    const flat = writer.node('Reshape', [logSoftmax(writer, rows), writer.ints([-1])]);
    const losses = writer.node('Neg', [writer.node('Gather', [flat, LOSS_INPUTS.places], { axis: 0 })]);
    const best = writer.node('ArgMax', [rows], { axis: 1, keepdims: 0 });
    const places = makeValueInfo(LOSS_INPUTS.places, DataType.INT64, [LOSS_INPUTS.places]);
    return { model: withInput(writer.extend(model), places), outputs: [losses], best };
  }
  const own = makeValueInfo(
    LOSS_INPUTS.clean,
    TYPES[type] ?? DataType.FLOAT,
    dims.map((_, axis) => `${LOSS_INPUTS.clean} axis ${axis}`),
  );
  const clean = type === 'float32' ? LOSS_INPUTS.clean : writer.castToFloat(LOSS_INPUTS.clean);
  const outputs =
    kind === 'divergence' ? [klDivergence(writer, clean, scores, measure)] : squares(writer, clean, scores, dims);
  return { model: withInput(writer.extend(model), own), outputs };
}

/** KL(softmax clean ‖ softmax changed) of every row. */
function klDivergence(writer: GraphWriter, clean: string, changed: string, measure: LossMeasure): string {
  const [p, q] = [clean, changed].map((each) => logSoftmax(writer, asRows(writer, each, measure)));
  const terms = writer.node('Mul', [writer.node('Exp', [p as string]), writer.node('Sub', [p as string, q as string])]);
  return writer.reduce('ReduceSum', terms, [1]);
}

/** ‖changed − clean‖² and ‖clean‖² of every example, which the first axis counts. */
function squares(writer: GraphWriter, clean: string, changed: string, dims: readonly number[]): string[] {
  return [writer.node('Sub', [changed, clean]), clean].map((each) => {
    const rows = writer.node('Flatten', [each], { axis: dims.length === 0 ? 0 : 1 });
    return writer.reduce('ReduceSum', writer.node('Mul', [rows, rows]), [1]);
  });
}

/** [rows, classes]: a softmax over axis 1 of it means the same in every operator set. */
function asRows(writer: GraphWriter, scores: string, { dims }: LossMeasure): string {
  return writer.node('Reshape', [scores, writer.ints([-1, dims.at(-1) ?? 1])]);
}

function logSoftmax(writer: GraphWriter, rows: string): string {
  return writer.node('LogSoftmax', [rows], { axis: 1 });
}

function withInput(model: ModelProto, info: ReturnType<typeof makeValueInfo>): ModelProto {
  const { graph } = model;
  return graph === undefined ? model : { ...model, graph: { ...graph, input: [...graph.input, info] } };
}
