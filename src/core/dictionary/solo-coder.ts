/** The coder of one feature alone, where nothing of the others decides what it is: a row of each matrix. */
import type { WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import type { Activation, Coder, Vector } from './coder.js';
import { featureMatrix, readRows, type FeatureMatrix } from './feature-matrix.js';

/**
 * f of the one feature, for the same x; where features compete (top-k, group maximum), before they do. What goes past the
 * features is left out.
 * @throws ProblemError as reading does; RangeError for a feature that there is not.
 */
export async function soloCoder(coder: Coder, feature: number): Promise<Coder> {
  const { encoder, decoder, encoderBias, glu, skip: _skip, ...rest } = coder;
  const activation = await soloActivation(coder.activation, feature);
  return {
    ...rest,
    features: 1,
    encoder: await soloRow(encoder, feature),
    decoder: await soloRow(decoder, feature),
    activation,
    ...(encoderBias === undefined ? {} : { encoderBias: await soloNumber(encoderBias, feature) }),
    ...(glu === undefined
      ? {}
      : { glu: { encoder: await soloRow(glu.encoder, feature), bias: await soloNumber(glu.bias, feature) } }),
  };
}

async function soloActivation(activation: Activation, feature: number): Promise<Activation> {
  switch (activation.kind) {
    case 'relu':
      return activation;
    case 'jumprelu': {
      const { threshold } = activation;
      return typeof threshold === 'number'
        ? activation
        : { ...activation, threshold: await soloNumber(threshold, feature) };
    }
    case 'gated':
      return {
        kind: 'gated',
        gateBias: await soloNumber(activation.gateBias, feature),
        magnitudeScale: await soloNumber(activation.magnitudeScale, feature),
        magnitudeBias: await soloNumber(activation.magnitudeBias, feature),
      };
    case 'topk':
      return { kind: 'jumprelu', threshold: -Infinity, relu: activation.relu };
    case 'groupmax':
      return { kind: 'relu' };
  }
}

async function soloRow(matrix: FeatureMatrix, feature: number): Promise<FeatureMatrix> {
  return featureMatrix(inMemory(matrix.tensor, [1, matrix.width], await readRows(matrix, feature, 1)), 0);
}

async function soloNumber({ tensor, ...rest }: Vector, feature: number): Promise<Vector> {
  const { values } = tensor;
  if (values === undefined) throw new Error(`“${tensor.name}” has no values.`);
  const [number = NaN] = storedNumbers(values.type, await values.read(feature, 1));
  return { ...rest, tensor: inMemory(tensor, [1], Float32Array.of(number)) };
}

function inMemory(tensor: WeightTensor, dims: readonly number[], data: Float32Array): WeightTensor {
  const { file: _file, ...rest } = tensor;
  return {
    ...rest,
    dims,
    bytes: data.byteLength,
    values: { type: 'float32', read: async (start, length) => data.slice(start, start + length) },
  };
}
