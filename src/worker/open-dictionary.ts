/** Opens a dictionary's file and resolves what it computes. */
import type { Coder } from '../core/dictionary/coder.js';
import type { Answers } from '../core/dictionary/facts.js';
import { resolveCoder, type Resolution } from '../core/dictionary/resolve.js';
import { displayText } from '../core/display-text.js';
import { problem, ProblemError } from '../core/errors.js';
import type { Dictionary } from '../core/formats/dictionary-signature.js';
import { openModelFile, type ModelFile } from './open-model.js';

/** Stands for the answer to a question without choices. */
const NUMBER = { value: '<number>' };

export interface OpenedDictionary {
  readonly file: ModelFile;
  readonly dictionary: Dictionary;
  readonly coder: Coder;
  close(): Promise<void>;
}

/**
 * @param path absolute. @param answers to what the file leaves open.
 * @throws ProblemError where it is no dictionary, is broken, or leaves something open; CancelledError.
 */
export async function openDictionary(path: string, answers: Answers, signal?: AbortSignal): Promise<OpenedDictionary> {
  const file = await openModelFile(path, signal);
  let resolution: Resolution | undefined;
  const close = async (): Promise<void> => {
    await resolution?.close();
    await file.close();
  };
  try {
    const { dictionary } = file;
    if (dictionary === undefined) {
      throw problem('not-applicable', `“${displayText(file.fileName, 100)}” is no dictionary.`, {
        remedy: 'Choose the file with the weights of a sparse autoencoder or a transcoder.',
      });
    }
    resolution = await resolveCoder(dictionary, file.weights, file.siblings, answers, signal);
    return { file, dictionary, coder: coderOf(resolution), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function coderOf(resolution: Resolution): Coder {
  if (resolution.state === 'resolved') return resolution.coder;
  if (resolution.state === 'failed') throw new ProblemError(resolution.problem);
  const { questions } = resolution;
  const answers = questions.map(
    (each) => `--answer ${each.switch}=${(each.choices ?? [NUMBER]).map(({ value }) => value).join('|')}`,
  );
  throw problem('not-applicable', `Its file leaves open: ${questions.map((each) => each.switch).join(', ')}.`, {
    place: questions.map(({ text }) => text).join(' '),
    remedy: `Open the dictionary itself and answer what is asked there; on the command line, say ${answers.join(' ')} (“inspect” tells what each means).`,
  });
}
