/**
 * The random-weights control (methods section 1, C1): the same graph, each float tensor of weights redrawn with its own
 * mean and standard deviation. What stays, and why, is told with it.
 */
import { problem } from '../errors.js';
import { randomStream } from '../dataset/random.js';
import { constantTensor } from '../formats/onnx/constant-node.js';
import type { OpenLocation } from '../formats/onnx/external-data.js';
import { TensorProto_DataType as DataType, type ModelProto, type TensorProto } from '../formats/onnx/onnx_pb.js';
import { replaceTensors } from '../formats/onnx/replace-tensors.js';
import { dataTypeName, elementBytes, tensorBytes, tensorDims, tensorReference } from '../formats/onnx/tensor-proto.js';
import { onnxTensorValues } from '../formats/onnx/tensor-values.js';
import { everyNode, everyTensor } from '../formats/onnx/walk.js';
import type { TensorValues } from '../formats/tensor-file.js';
import { storedNumbers, type StoredType } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';
import { partOf, type Task } from '../weights/stream.js';
import { tensorStatistics, type TensorStatistics } from '../weights/statistics.js';
import { drawer, drawnTensor, type Distribution } from './draw-tensor.js';
import { copiedTensor, PAGE_BYTES, pagedWriter, type WeightSink } from './paged-writer.js';
import { weightUses, type WeightUse } from './weight-uses.js';

/** Values of a row that are looked at. */
const LONGEST_ROW = 2 ** 16;

/** Why a tensor keeps its numbers. */
export type KeptReason = 'no-weight' | 'integer' | 'constant' | 'pattern' | 'positions' | 'not-finite';

export interface Redrawn {
  readonly model: ModelProto;
  /** Tensors redrawn, and the numbers in them. */
  readonly tensors: number;
  readonly numbers: number;
  readonly kept: Readonly<Record<KeptReason, number>>;
}

const FLOATS: ReadonlyMap<number, StoredType> = new Map([
  [DataType.FLOAT, 'float32'],
  [DataType.DOUBLE, 'float64'],
  [DataType.FLOAT16, 'float16'],
  [DataType.BFLOAT16, 'bfloat16'],
]);

/**
 * Redraws the weights of a model. A number depends on the seed, on its tensor and on its place in it, and on nothing else:
 * not on the engine, nor on how the tensor is read.
 *
 * - Weights are what {@link weightUses} says. Each is drawn from a normal distribution with the mean and the standard
 *   deviation (population) of the tensor.
 * - A running variance is drawn from the log-normal distribution with its mean and standard deviation, which is positive.
 * - Kept: constant tensors; those that hold NaN or infinity; masks (two values only) and tables of positions (sines and
 *   cosines, or what these are taken of) where they are added, multiplied or looked up; integers, whatever they are.
 * - Tensors that lie on the same bytes of the file (tied weights) stay the same.
 *
 * @param sink takes every tensor that lies in a file, redrawn or copied, so that the engine needs that file alone.
 * @throws ProblemError `not-applicable` where more of its weights are integers than floats, or nothing can be redrawn;
 *   as reading the weights does; CancelledError.
 */
export async function redrawWeights(
  model: ModelProto,
  open: OpenLocation,
  sink: WeightSink,
  seed: number,
  task: Task = {},
): Promise<Redrawn> {
  const usesOf = weightUses(model);
  const names = valueNames(model);
  const tensors = [...new Set(everyTensor(model))];
  const total = tensors.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  const kept: Record<KeptReason, number> = {
    'no-weight': 0,
    integer: 0,
    constant: 0,
    pattern: 0,
    positions: 0,
    'not-finite': 0,
  };
  const replacements = new Map<TensorProto, TensorProto>();
  const tied = new Map<string, TensorProto>();
  const writer = pagedWriter(sink);
  let [redrawn, numbers, integers, done] = [0, 0, 0, 0];
  for (const [index, tensor] of tensors.entries()) {
    const part = partOf(task, done / Math.max(1, total), (done + sizeOf(tensor)) / Math.max(1, total));
    done += sizeOf(tensor);
    const place = placeOf(tensor);
    const same = place === undefined ? undefined : tied.get(place);
    if (same !== undefined) {
      replacements.set(tensor, { ...tensor, externalData: same.externalData });
      continue;
    }
    const decided = await decide(tensor, usesOf(names.get(tensor) ?? tensor.name), open, part);
    if ('keep' in decided) {
      kept[decided.keep]++;
      if (decided.keep === 'integer') integers += elementCount(tensorDims(tensor));
      if (tensorReference(tensor) !== undefined)
        replacements.set(tensor, await copiedTensor(tensor, open, writer, part));
    } else {
      redrawn++;
      numbers += elementCount(tensorDims(tensor));
      const draw = drawer(decided, randomStream(seed, `weights ${index} ${tensor.name}`, 0));
      replacements.set(tensor, await drawnTensor(tensor, decided.type, draw, writer, partOf(part, 0.5, 1)));
    }
    const replaced = replacements.get(tensor);
    if (place !== undefined && replaced !== undefined) tied.set(place, replaced);
  }
  if (redrawn === 0 || integers > numbers) throw notRedrawn(integers);
  return { model: replaceTensors(model, replacements), tensors: redrawn, numbers, kept };
}

function notRedrawn(integers: number): Error {
  return integers > 0
    ? problem('not-applicable', 'Most weights of this model are integers (it is quantised), which are not redrawn.', {
        remedy: 'Compare the model before quantisation.',
      })
    : problem('not-applicable', 'The model has no weights that could be redrawn: none of its float tensors varies.');
}

/** Names of the values that tensors of Constant nodes are. */
function valueNames(model: ModelProto): ReadonlyMap<TensorProto, string> {
  const names = new Map<TensorProto, string>();
  for (const node of everyNode(model)) {
    const tensor = node.opType === 'Constant' ? constantTensor(node) : undefined;
    if (tensor !== undefined) names.set(tensor, node.output[0] ?? '');
  }
  return names;
}

function sizeOf(tensor: TensorProto): number {
  return tensor.dataType === DataType.STRING ? 0 : tensorBytes(tensor);
}

function placeOf(tensor: TensorProto): string | undefined {
  const reference = tensorReference(tensor);
  return reference && `${reference.location}\n${reference.offset}\n${tensor.dataType}\n${sizeOf(tensor)}`;
}

async function decide(
  tensor: TensorProto,
  uses: ReadonlySet<WeightUse>,
  open: OpenLocation,
  task: Task,
): Promise<Distribution | { readonly keep: KeptReason }> {
  if (uses.size === 0) return { keep: 'no-weight' };
  const type = FLOATS.get(tensor.dataType);
  if (type === undefined) return { keep: isQuantised(tensor) ? 'integer' : 'no-weight' };
  if (uses.has('frequency')) return { keep: 'positions' };
  const dims = tensorDims(tensor);
  const values = onnxTensorValues(tensor, open);
  if (values === undefined || elementCount(dims) < 2) return { keep: 'constant' };
  const described = { name: tensor.name, dims, dtype: dataTypeName(tensor.dataType), bytes: sizeOf(tensor), values };
  const statistics = await tensorStatistics(described, partOf(task, 0, 0.5));
  if (statistics.finite < statistics.count) return { keep: 'not-finite' };
  if (statistics.constant || statistics.standardDeviation === 0) return { keep: 'constant' };
  const calculates = uses.has('weight') || uses.has('variance');
  if (!calculates && statistics.count > 2 && isTwoValued(statistics)) return { keep: 'pattern' };
  if (!calculates && startsAtPositionZero(await firstRow(values, dims), statistics)) return { keep: 'positions' };
  const { mean, standardDeviation: deviation, minimum } = statistics;
  return { type, mean, deviation, positive: uses.has('variance') && minimum >= 0 };
}

/** Weights of one byte or less; wider integers are indices and shapes. */
function isQuantised({ dataType }: TensorProto): boolean {
  return (elementBytes(dataType) ?? Infinity) <= 1 && dataType !== DataType.BOOL;
}

/**
 * Every value is the smallest or the largest: then, and only then, the variance is as large as these two allow,
 * (mean − minimum)(maximum − mean) (Bhatia and Davis, 2000).
 */
function isTwoValued({ mean, standardDeviation, minimum, maximum }: TensorStatistics): boolean {
  const largest = (mean - minimum) * (maximum - mean);
  return Math.abs(standardDeviation ** 2 - largest) <= 1e-9 * largest;
}

/** Of a table of more than one position and more than one frequency; empty where the tensor is none. */
async function firstRow({ type, read }: TensorValues, dims: readonly number[]): Promise<ArrayLike<number>> {
  const isTable = dims.filter((size) => size > 1).length === 2;
  return isTable ? storedNumbers(type, await read(0, Math.min(dims.at(-1) ?? 0, LONGEST_ROW))) : [];
}

/** Sines of position 0 are 0 and cosines 1, whatever the frequencies; no trained table begins like that. */
function startsAtPositionZero(row: ArrayLike<number>, { minimum, maximum }: TensorStatistics): boolean {
  return (
    minimum >= -1 && maximum <= 1 && row.length > 1 && Array.from(row).every((value) => value === 0 || value === 1)
  );
}

/** Bytes that the sink will take, a page per tensor besides. */
export function bytesToWrite(model: ModelProto): number {
  return [...new Set(everyTensor(model))]
    .filter((tensor) => tensorReference(tensor) !== undefined)
    .reduce((sum, tensor) => sum + tensorBytes(tensor) + PAGE_BYTES, 0);
}
