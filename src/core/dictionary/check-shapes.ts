/** Holds every tensor of a coder to the sizes that the coder has. */
import { displayText } from '../display-text.js';
import { problem } from '../errors.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { elementCount } from '../tensor/tensor.js';
import { totalWidth, type Coder, type Vector } from './coder.js';
import type { FeatureMatrix } from './feature-matrix.js';

/** @throws ProblemError `malformed-model` naming the first tensor that does not fit, and what it should have. */
export function checkShapes(coder: Coder): void {
  const { features, encoder, decoder, reads, writes, activation, normalisation, glu, skip, added } = coder;
  const [input, output] = [totalWidth(reads), totalWidth(writes)];
  matrix(encoder, features, input, 'numbers that are read');
  matrix(decoder, features, output, 'numbers that are written');
  vector(coder.encoderBias, features, 'features');
  vector(coder.subtracted, input, 'numbers that are read');
  vector(added?.vector, added?.place === undefined ? output : writes.width, 'numbers that are written');
  if (activation.kind === 'jumprelu' && typeof activation.threshold !== 'number') {
    const { threshold } = activation;
    if (elementCount(threshold.tensor.dims) !== 1) vector(threshold, features, 'features');
    readable(threshold.tensor);
  }
  if (activation.kind === 'gated') {
    for (const each of [activation.gateBias, activation.magnitudeScale, activation.magnitudeBias])
      vector(each, features, 'features');
  }
  if (normalisation.kind === 'standardise') {
    if (reads.places !== writes.places || reads.width !== writes.width)
      throw wrong('activation_mean', 'It normalises places that it does not write.');
    vector(normalisation.mean, input, 'numbers that are read');
    vector(normalisation.scale, reads.places, 'places');
  }
  if (normalisation.kind === 'layer-norm' && reads.width * reads.places < 2)
    throw wrong(encoder.tensor.name, 'One number cannot be normalised.');
  if (glu !== undefined) {
    matrix(glu.encoder, features, input, 'numbers that are read');
    vector(glu.bias, features, 'features');
  }
  if (skip !== undefined) {
    const dims = skip.transposed ? [output, input] : [input, output];
    if (skip.tensor.dims.join() !== dims.join())
      throw wrong(skip.tensor.name, `It is ${shape(skip.tensor)}, but should be ${dims.join(' × ')}.`);
    readable(skip.tensor);
  }
}

function matrix({ tensor, features, width }: FeatureMatrix, wanted: number, wide: number, what: string): void {
  if (features !== wanted || width !== wide || elementCount(tensor.dims) === 0) {
    throw wrong(tensor.name, `It is ${shape(tensor)}, which are not ${wanted} features times ${wide} ${what}.`);
  }
  readable(tensor);
}

function vector(vector: Vector | undefined, length: number, what: string): void {
  if (vector === undefined) return;
  const { tensor } = vector;
  if (elementCount(tensor.dims) !== length)
    throw wrong(tensor.name, `It is ${shape(tensor)}, but there are ${length} ${what}.`);
  readable(tensor);
}

function readable({ name, values, unreadable, dtype }: WeightTensor): void {
  if (values !== undefined) return;
  throw wrong(name, unreadable ?? `Its type is ${displayText(dtype, 40)}.`);
}

const shape = ({ dims }: WeightTensor): string => (dims.length === 0 ? 'a single number' : dims.join(' × '));

function wrong(name: string, why: string): Error {
  const shown = displayText(name, 100);
  return problem('malformed-model', `The tensor “${shown}” does not fit the dictionary. ${why}`, {
    place: `tensor “${shown}”`,
    remedy: 'Check that the file and the configuration beside it belong together.',
  });
}
