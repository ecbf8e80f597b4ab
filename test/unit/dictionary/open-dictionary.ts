import { dirname } from 'node:path';
import type { Coder } from '../../../src/core/dictionary/coder.js';
import type { Answers } from '../../../src/core/dictionary/facts.js';
import { resolveCoder, type Resolution } from '../../../src/core/dictionary/resolve.js';
import { recogniseDictionary } from '../../../src/core/formats/dictionary-signature.js';
import type { TensorFile } from '../../../src/core/formats/tensor-file.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { openFormat } from '../../../src/node/open-format.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';

export interface OpenedDictionary {
  readonly resolution: Resolution;
  readonly weights: TensorFile;
  close(): Promise<void>;
}

/** A dictionary's file as the product opens it. */
export async function resolveFile(path: string, answers: Answers = {}): Promise<OpenedDictionary> {
  const siblings = siblingFiles(dirname(path));
  const { weights } = await openFormat(await openFileSource(path), siblings);
  const dictionary = await recogniseDictionary(weights, siblings);
  if (dictionary === undefined) throw new Error(`${path} was not recognised`);
  const resolution = await resolveCoder(dictionary, weights, siblings, answers);
  return {
    resolution,
    weights,
    async close() {
      await resolution.close();
      await weights.close();
    },
  };
}

/** The same, where it must be resolved. */
export async function openDictionary(
  path: string,
  answers: Answers = {},
): Promise<OpenedDictionary & { readonly coder: Coder }> {
  const opened = await resolveFile(path, answers);
  const { resolution } = opened;
  if (resolution.state === 'resolved') return { ...opened, coder: resolution.coder };
  const why = resolution.state === 'failed' ? resolution.problem.message : JSON.stringify(resolution.questions);
  throw new Error(`${path} is not resolved: ${why}`);
}
