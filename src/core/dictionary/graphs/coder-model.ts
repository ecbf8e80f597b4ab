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
 * @param change what is done to the features before they are decoded (ablate, clamp, steer).
 */
export async function writeCoder(
  writer: GraphWriter,
  weights: GraphWeights,
  coder: Coder,
  x: string,
  change: (features: string) => string = (features) => features,
): Promise<CoderValues> {
  const { value, undo } = await normalise(writer, weights, coder, x);
  const features = await encode(writer, weights, coder, value);
  const decoded = undo(await decode(writer, weights, coder, change(features)));
  const past = coder.skip === undefined ? undefined : await skip(writer, weights, coder, x);
  return { features, reconstruction: past === undefined ? decoded : writer.node('Add', [decoded, past]) };
}

export const CODER_INPUT = 'x';
export const CODER_FEATURES = 'features';
export const CODER_RECONSTRUCTION = 'reconstruction';

const OPSET = 17n;
const IR_VERSION = 8n;

/**
 * The coder as a model: input `x` [tokens, width], outputs `features` and `reconstruction`. Weights that lie in the file
 * as they are stay there.
 * @param file the dictionary's, which the tensors are of. @param folder absolute, of that file.
 * @throws ProblemError as reading weights does.
 */
export async function coderModel(coder: Coder, file: TensorFile, folder: string): Promise<RunnableModel> {
  const empty = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'coder',
      input: [makeValueInfo(CODER_INPUT, DataType.FLOAT, ['tokens', totalWidth(coder.reads)])],
      output: [
        makeValueInfo(CODER_FEATURES, DataType.FLOAT, ['tokens', coder.features]),
        makeValueInfo(CODER_RECONSTRUCTION, DataType.FLOAT, ['tokens', totalWidth(coder.writes)]),
      ],
    },
  });
  const writer = graphWriter(empty);
  const weights = graphWeights(writer, file);
  const { features, reconstruction } = await writeCoder(writer, weights, coder, CODER_INPUT);
  writer.add(makeNode('Identity', [features], [CODER_FEATURES]));
  writer.add(makeNode('Identity', [reconstruction], [CODER_RECONSTRUCTION]));
  return { bytes: encodeOnnx(writer.extend(empty)), externalFiles: [...weights.files], folder };
}
