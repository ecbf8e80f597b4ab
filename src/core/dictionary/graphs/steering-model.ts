/**
 * What changing some features changes of what a coder writes, as a model of its own:
 *
 *     a′ = keep · a + put        Δ = undo of the normalisation( Σ over chosen features (a′ − a) W_dec )
 *
 * The rest of what stands there, with the coder’s error, stays as it is: x′ = x + Δ. Where nothing is changed, Δ is 0.
 */
import { create } from '@bufbuild/protobuf';
import { encodeOnnx } from '../../formats/onnx/decode.js';
import { ModelProtoSchema, TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../../formats/onnx/runnable-model.js';
import type { TensorFile } from '../../formats/tensor-file.js';
import { graphWriter } from '../../rewrite/graph-writer.js';
import { makeNode, makeValueInfo } from '../../rewrite/nodes.js';
import { totalWidth, type Coder } from '../coder.js';
import { CODER_INPUT, IR_VERSION, OPSET } from './coder-model.js';
import { decoderNorms, encode } from './encode.js';
import { normalise } from './normalise.js';
import { graphWeights } from './weights.js';

/** Beside the coder’s own input, [tokens, width]. */
export const STEERING_INPUTS = {
  /** int64 [chosen]: features. */
  chosen: 'chosen',
  /** float32 [chosen, width of what is written]: their rows of the decoder as the file has them. */
  directions: 'directions',
  /** float32 [tokens, chosen]: keep − 1, so that 0 keeps what there is exactly. */
  less: 'less',
  /** float32 [tokens, chosen]. */
  put: 'put',
} as const;

export const STEERING_OUTPUTS = {
  /** [tokens, chosen]: a, a′. */
  before: 'before',
  after: 'after',
  /** [tokens, width of what is written]: Δ. */
  change: 'change',
  /** [tokens]: what undoing the normalisation multiplies with; of several places written, the first one’s. */
  gain: 'gain',
} as const;

/** @param folder absolute, of the dictionary’s file. @throws ProblemError as reading weights does. */
export async function steeringModel(coder: Coder, file: TensorFile, folder: string): Promise<RunnableModel> {
  const { chosen, directions, less, put } = STEERING_INPUTS;
  const { before, after, change, gain } = STEERING_OUTPUTS;
  const width = totalWidth(coder.writes);
  const perFeature = ['tokens', 'chosen features'];
  const empty = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'steering',
      input: [
        makeValueInfo(CODER_INPUT, DataType.FLOAT, ['tokens', totalWidth(coder.reads)]),
        makeValueInfo(chosen, DataType.INT64, ['chosen features']),
        makeValueInfo(directions, DataType.FLOAT, ['chosen features', width]),
        makeValueInfo(less, DataType.FLOAT, perFeature),
        makeValueInfo(put, DataType.FLOAT, perFeature),
      ],
      output: [
        makeValueInfo(before, DataType.FLOAT, perFeature),
        makeValueInfo(after, DataType.FLOAT, perFeature),
        makeValueInfo(change, DataType.FLOAT, ['tokens', width]),
        makeValueInfo(gain, DataType.FLOAT, ['tokens']),
      ],
    },
  });
  const writer = graphWriter(empty);
  const weights = graphWeights(writer, file);
  const { value, rescale } = await normalise(writer, weights, coder, CODER_INPUT);
  const features = await encode(writer, weights, coder, value);
  const a = writer.node('Gather', [features, chosen], { axis: 1 });
  const difference = writer.node('Add', [writer.node('Mul', [less, a]), put]);
  const scaled =
    coder.decoderNorm.use === 'scales'
      ? writer.node('Div', [
          difference,
          writer.node('Gather', [await decoderNorms(writer, weights, coder), chosen], { axis: 0 }),
        ])
      : difference;
  const product = writer.node('MatMul', [scaled, directions]);
  const written = rescale(product);
  const ones = rescale(writer.node('Expand', [writer.float(1), writer.node('Shape', [product])]));
  writer.add(makeNode('Identity', [a], [before]));
  writer.add(makeNode('Add', [a, difference], [after]));
  writer.add(makeNode('Identity', [written], [change]));
  writer.add(makeNode('Gather', [ones, writer.int(0)], [gain], { axis: 1 }));
  return { bytes: encodeOnnx(writer.extend(empty)), externalFiles: [...weights.files], folder };
}
