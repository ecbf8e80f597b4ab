/** A coder as graphs: as a fragment of another one, and as a model of its own that an engine runs. */
import { create } from '@bufbuild/protobuf';
import { encodeOnnx } from '../../formats/onnx/decode.js';
import { ModelProtoSchema, TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../../formats/onnx/runnable-model.js';
import type { TensorFile } from '../../formats/tensor-file.js';
import { graphWriter, type GraphWriter } from '../../rewrite/graph-writer.js';
import { makeNode, makeValueInfo } from '../../rewrite/nodes.js';
import { totalWidth, type Coder } from '../coder.js';
import { decode, skip } from './decode.js';
import { encode } from './encode.js';
import { normalise } from './normalise.js';
import { graphWeights, type GraphWeights } from './weights.js';

/** Values of the graph: [tokens, features] and [tokens, width of what is written]. */
export interface CoderValues {
  readonly features: string;
  readonly reconstruction: string;
}

/**
 * Writes x → f → x̂.
 * @param x [tokens, width of what is read], float32.
 */
export async function writeCoder(
  writer: GraphWriter,
  weights: GraphWeights,
  coder: Coder,
  x: string,
): Promise<CoderValues> {
  const { value, undo } = await normalise(writer, weights, coder, x);
  const features = await encode(writer, weights, coder, value);
  const decoded = undo(await decode(writer, weights, coder, features));
  const past = coder.skip === undefined ? undefined : await skip(writer, weights, coder, x);
  return { features, reconstruction: past === undefined ? decoded : writer.node('Add', [decoded, past]) };
}

export const CODER_INPUT = 'x';
export const CODER_FEATURES = 'features';
export const CODER_RECONSTRUCTION = 'reconstruction';

export const OPSET = 17n;
export const IR_VERSION = 8n;

/** Outputs of {@link measuringModel}: numbers of features of each token. */
export const CODER_POSITIVE = 'positive';
export const CODER_NONZERO = 'non-zero';

/**
 * The coder as a model: input `x` [tokens, width], outputs `features` and `reconstruction`. Weights that lie in the file
 * as they are stay there.
 * @param file the dictionary's, which the tensors are of. @param folder absolute, of that file.
 * @throws ProblemError as reading weights does.
 */
export async function coderModel(coder: Coder, file: TensorFile, folder: string): Promise<RunnableModel> {
  return modelOf(coder, file, folder, [
    [CODER_FEATURES, ['tokens', coder.features], ({ features }) => features],
    [CODER_RECONSTRUCTION, ['tokens', totalWidth(coder.writes)], ({ reconstruction }) => reconstruction],
  ]);
}

/** The same with `features` alone. */
export async function featuresModel(coder: Coder, file: TensorFile, folder: string): Promise<RunnableModel> {
  return modelOf(coder, file, folder, [[CODER_FEATURES, ['tokens', coder.features], ({ features }) => features]]);
}

/** The same, where features are counted and stay in the engine: `reconstruction`, and for each token f > 0 and f ≠ 0. */
export async function measuringModel(coder: Coder, file: TensorFile, folder: string): Promise<RunnableModel> {
  const counted = (writer: GraphWriter, features: string, operator: 'Greater' | 'Equal'): string => {
    const found = writer.node(operator, [features, writer.float(0)]);
    const wanted = operator === 'Equal' ? writer.node('Not', [found]) : found;
    return writer.reduce('ReduceSum', writer.castToFloat(wanted), [1]);
  };
  return modelOf(coder, file, folder, [
    [CODER_RECONSTRUCTION, ['tokens', totalWidth(coder.writes)], ({ reconstruction }) => reconstruction],
    [CODER_POSITIVE, ['tokens'], ({ features }, writer) => counted(writer, features, 'Greater')],
    [CODER_NONZERO, ['tokens'], ({ features }, writer) => counted(writer, features, 'Equal')],
  ]);
}

type Output = readonly [
  name: string,
  dims: readonly (string | number)[],
  write: (values: CoderValues, writer: GraphWriter) => string,
];

async function modelOf(
  coder: Coder,
  file: TensorFile,
  folder: string,
  outputs: readonly Output[],
): Promise<RunnableModel> {
  const empty = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'coder',
      input: [makeValueInfo(CODER_INPUT, DataType.FLOAT, ['tokens', totalWidth(coder.reads)])],
      output: outputs.map(([name, dims]) => makeValueInfo(name, DataType.FLOAT, dims)),
    },
  });
  const writer = graphWriter(empty);
  const weights = graphWeights(writer, file);
  const values = await writeCoder(writer, weights, coder, CODER_INPUT);
  for (const [name, , write] of outputs) writer.add(makeNode('Identity', [write(values, writer)], [name]));
  return { bytes: encodeOnnx(writer.extend(empty)), externalFiles: [...weights.files], folder };
}
