import type { Attachment } from '../core/dictionary/attach/attached.js';
import type { ModelFacts } from '../core/passes/pass.js';
import type { Network } from './open-model.js';

/** What passes over inputs are told of a model before it runs. */
export function modelFacts({ observable, layers }: Network, dictionary?: Attachment): ModelFacts {
  return { graph: observable, layers, ...(dictionary === undefined ? {} : { dictionary }) };
}
