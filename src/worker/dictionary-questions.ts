/** What is asked of a file that is a dictionary. */
import { describeResolution } from '../core/dictionary/describe.js';
import { resolveCoder } from '../core/dictionary/resolve.js';
import { problem } from '../core/errors.js';
import type { DictionaryQuestions } from '../protocol/dictionary.js';
import type { ModelFile } from './open-model.js';

export function dictionaryQuestions(opened: () => { readonly file: ModelFile }): DictionaryQuestions {
  return {
    async coder({ answers = {} }, signal) {
      const { file } = opened();
      if (file.dictionary === undefined) throw problem('not-applicable', `“${file.fileName}” is no dictionary.`);
      const resolution = await resolveCoder(file.dictionary, file.weights, file.siblings, answers, signal);
      await resolution.close();
      return describeResolution(resolution);
    },
  };
}
