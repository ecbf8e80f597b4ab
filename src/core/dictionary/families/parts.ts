/** What the readers of families share: parts of a coder from tensors by name, and questions that several may have to put. */
import { displayText } from '../../display-text.js';
import { problem } from '../../errors.js';
import type { WeightTensor } from '../../formats/tensor-file.js';
import type { Activation, Coder, DecoderNorm, Normalisation, Vector } from '../coder.js';
import { missingTensor, type Facts, type Known } from '../facts.js';
import { featureMatrix, type FeatureMatrix } from '../feature-matrix.js';

/** Reads one family: the coder, or undefined where a question is open. @throws ProblemError naming what does not fit. */
export type Family = (facts: Facts) => Promise<Coder | undefined>;

export const SCALED_BY_DECODER: DecoderNorm = { use: 'scales', over: 'all places' };

/** What every coder has; the equation is the plain one where a family adds nothing to it. */
export function between(
  { dictionary }: Facts,
  encoder: FeatureMatrix,
  decoder: FeatureMatrix,
  { reads = 1, writes = 1 }: { readonly reads?: number; readonly writes?: number } = {},
): Omit<Coder, 'activation'> {
  const { kind, family, features } = dictionary;
  return {
    kind,
    family,
    features,
    reads: { places: reads, width: encoder.width / reads },
    writes: { places: writes, width: decoder.width / writes },
    encoder,
    decoder,
    normalisation: { kind: 'none' },
    decoderNorm: { use: 'none' },
  };
}

/** @param axis the one that the family has the features on, counted from the end where negative. */
export function matrix(facts: Facts, name: string, axis: number): FeatureMatrix {
  const tensor = facts.tensor(name);
  if (tensor === undefined) throw missingTensor(name);
  return matrixOf(facts, tensor, axis);
}

export function matrixOf({ dictionary }: Facts, tensor: WeightTensor, axis: number): FeatureMatrix {
  const at = axis < 0 ? tensor.dims.length + axis : axis;
  if (tensor.dims[at] === dictionary.features) return featureMatrix(tensor, at);
  const shown = displayText(tensor.name, 60);
  throw problem(
    'malformed-model',
    `“${shown}” is ${tensor.dims.join(' × ')}, but ${dictionary.family} has the ${dictionary.features} features on its ${ordinal(at)} axis.`,
    {
      place: `tensor “${shown}”`,
      remedy: 'The file is of another family or stored the other way round: check what saved it.',
    },
  );
}

export function vector(facts: Facts, name: string, exponential = false): Vector {
  const tensor = facts.tensor(name);
  if (tensor === undefined) throw missingTensor(name);
  return exponential ? { tensor, exponential } : { tensor };
}

/** One that a file may have or not. */
export function optionalVector(facts: Facts, name: string): Vector | undefined {
  return facts.has(name) ? vector(facts, name) : undefined;
}

/** The linear way past the features, where the file has one. */
export function skipOf(
  facts: Facts,
  name: string,
  { transposed }: { readonly transposed: boolean },
): Pick<Coder, 'skip'> {
  return facts.has(name) ? { skip: { tensor: vector(facts, name).tensor, transposed } } : {};
}

/** Writes down whether something is subtracted from the input. */
export function decideSubtracted(facts: Facts, name: string | undefined, because: string): void {
  facts.decide('Subtracted from the input', name === undefined ? 'nothing' : `“${displayText(name, 60)}”`, because);
}

export function decideActivation(facts: Facts, { activation, because }: Chosen): void {
  facts.decide('Activation', activationText(activation), because);
}

export interface Chosen {
  readonly activation: Activation;
  readonly because: string;
}

export const relu = (because: string): Chosen => ({ activation: { kind: 'relu' }, because });

/** @returns undefined where nothing says k: the question is put. */
export function topK(
  facts: Facts,
  k: Known<unknown> | undefined,
  how: { readonly relu: boolean; readonly magnitude?: boolean },
): Chosen | undefined {
  const known = wholeAtLeastOne(k) ?? askK(facts);
  if (known === undefined) return undefined;
  if (known.value > facts.dictionary.features) {
    throw problem('malformed-model', `k is ${known.value}, but there are only ${facts.dictionary.features} features.`, {
      remedy: 'Check the configuration beside the file.',
    });
  }
  const { value, because } = known;
  return { activation: { kind: 'topk', k: value, relu: how.relu, magnitude: how.magnitude === true }, because };
}

/** k, where the file has it as a tensor. */
export async function storedK(facts: Facts): Promise<Known<number> | undefined> {
  const [k] = facts.has('k') ? await facts.numbers('k') : [];
  return k === undefined ? undefined : { value: k, because: 'The file has it as its tensor “k”.' };
}

export function askK(facts: Facts): Known<number> | undefined {
  const answer = facts.ask({
    switch: 'k',
    text: 'How many features fire for each token (k)? It usually stands as “k” in the configuration beside the file.',
    least: 1,
    whole: true,
  });
  return answer === undefined ? undefined : { ...answer, value: Number(answer.value) };
}

function wholeAtLeastOne(known: Known<unknown> | undefined): Known<number> | undefined {
  const value = Number(known?.value);
  return known !== undefined && Number.isInteger(value) && value >= 1 ? { value, because: known.because } : undefined;
}

/** The threshold that a person states where the file has none. */
export function askThreshold(facts: Facts, why: string): Known<number> | undefined {
  const answer = facts.ask({
    switch: 'threshold',
    text: `${why} Above which value does a feature fire? Without one, features below it would be shown as firing.`,
  });
  return answer === undefined ? undefined : { ...answer, value: Number(answer.value) };
}

/** A factor that belongs to what the dictionary was trained on. */
export function askScale(facts: Facts, which: 'input-scale' | 'output-scale', text: string): Known<number> | undefined {
  const answer = facts.ask({ switch: which, text, least: Number.MIN_VALUE });
  return answer === undefined ? undefined : { ...answer, value: Number(answer.value) };
}

export function decideNormalisation(facts: Facts, normalisation: Normalisation, because: string): void {
  facts.decide('Normalisation', normalisationText(normalisation), because);
}

export function unsupported(what: string, remedy: string): Error {
  return problem('not-applicable', what, { remedy });
}

/** @param what “Its activation function”. @param name as the file has it. @param remedy which are read. */
export function unread(what: string, name: unknown, remedy: string): Error {
  return unsupported(`${what} “${String(name).slice(0, 60)}” is not read here.`, remedy);
}

function activationText(activation: Activation): string {
  switch (activation.kind) {
    case 'relu':
      return 'ReLU';
    case 'jumprelu': {
      const { threshold } = activation;
      const value = typeof threshold === 'number' ? String(threshold) : `“${displayText(threshold.tensor.name, 60)}”`;
      return `JumpReLU with threshold ${value}, ${activation.relu ? 'and a ReLU' : 'without a ReLU'}`;
    }
    case 'topk':
      return `the ${activation.k} largest${activation.magnitude ? ' by magnitude' : ''}${activation.relu ? ', of ReLU' : ', without a ReLU'}`;
    case 'groupmax':
      return `the largest of each of ${activation.groups} groups`;
    case 'gated':
      return 'gated';
  }
}

function normalisationText(normalisation: Normalisation): string {
  switch (normalisation.kind) {
    case 'none':
      return 'none';
    case 'unit-norm':
      return normalisation.undone ? 'each token to norm √d, and back' : 'each token to norm √d';
    case 'layer-norm':
      return normalisation.undone
        ? 'each token to mean 0 and deviation 1, and back'
        : 'each token to mean 0, deviation 1';
    case 'scale':
      return `input × ${normalisation.input}, output × ${normalisation.output}`;
    case 'standardise':
      return 'mean and scale of the training data, and back';
  }
}

function ordinal(axis: number): string {
  return ['first', 'second', 'third'][axis] ?? `${axis + 1}th`;
}
