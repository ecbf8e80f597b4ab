/**
 * From a recognised dictionary to its canonical coder: every switch of the equation decided with its reason, or the
 * questions that must be answered first. Reads configurations and a few small vectors, never a matrix.
 */
import type { SiblingFiles } from '../bytes/byte-source.js';
import { asProblem, problem, ProblemError, type Problem } from '../errors.js';
import { readConfiguration } from '../formats/dictionary-configuration.js';
import type { Dictionary } from '../formats/dictionary-signature.js';
import { openSafetensors } from '../formats/safetensors/open.js';
import type { TensorFile } from '../formats/tensor-file.js';
import { checkShapes } from './check-shapes.js';
import type { Coder } from './coder.js';
import { gatherFacts, type Answers, type Decision, type Question, type Switch } from './facts.js';
import { FAMILIES } from './families/table.js';
import { checkVectors } from './non-finite.js';

export type Resolution = {
  readonly decisions: readonly Decision[];
  /** Switches that a person decided. */
  readonly answered: readonly Switch[];
  /** Lets go of other files of the folder that hold a part of it. */
  close(): Promise<void>;
} & (
  | { readonly state: 'resolved'; readonly coder: Coder; readonly questions: readonly Question[] }
  | { readonly state: 'open'; readonly questions: readonly Question[] }
  | { readonly state: 'failed'; readonly problem: Problem; readonly questions: readonly Question[] }
);

/**
 * @param siblings files of the dictionary's folder; nothing outside is read.
 * @param answers what a person said of switches that the file leaves open.
 */
export async function resolveCoder(
  dictionary: Dictionary,
  weights: TensorFile,
  siblings: SiblingFiles,
  answers: Answers = {},
  signal?: AbortSignal,
): Promise<Resolution> {
  const whole = await withOtherHalf(dictionary, weights, siblings, signal);
  const facts = gatherFacts(dictionary, whole.weights, await readConfiguration(siblings), answers);
  const known = {
    decisions: facts.decisions,
    questions: facts.questions,
    answered: facts.answered,
    close: whole.close,
  };
  try {
    const family = FAMILIES[dictionary.family];
    if (family === undefined) {
      throw problem('not-applicable', `Dictionaries of ${dictionary.family} are recognised, but not computed.`, {
        remedy: 'Convert it to one file for each layer, as circuit-tracer or SAELens saves them.',
      });
    }
    const coder = await family(facts);
    if (coder === undefined) return { state: 'open', ...known };
    checkShapes(coder);
    await checkVectors(coder);
    return { state: 'resolved', coder, ...known };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { state: 'failed', problem: asProblem(error), ...known };
  }
}

interface Whole {
  readonly weights: TensorFile;
  close(): Promise<void>;
}

/** circuit-tracer keeps the encoders of a layer in one file and its decoders in another beside it. */
async function withOtherHalf(
  { tensors: { encoder, decoder } }: Dictionary,
  weights: TensorFile,
  siblings: SiblingFiles,
  signal?: AbortSignal,
): Promise<Whole> {
  const alone = { weights, close: async () => undefined };
  if (encoder !== undefined && decoder !== undefined) return alone;
  const other = encoder?.replace('W_enc_', 'W_dec_') ?? decoder?.replace('W_dec_', 'W_enc_');
  if (other === undefined || !/^W_(enc|dec)_\d{1,4}$/.test(other)) return alone;
  const name = `${other}.safetensors`;
  try {
    const half = await openSafetensors(await siblings.open(name), signal);
    const added = half.tensors.map((tensor) => ({ ...tensor, file: name }));
    return { weights: { ...weights, tensors: [...weights.tensors, ...added] }, close: () => half.close() };
  } catch (error) {
    // What is missing is then said by the name of the tensor.
    if (error instanceof ProblemError) return alone;
    throw error;
  }
}
