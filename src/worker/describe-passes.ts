/** What can be asked of a model, and why the rest does not apply to it. */
import type { Attachment } from '../core/dictionary/attach/attached.js';
import type { Problem } from '../core/errors.js';
import type { Applicability, Experiment, Question } from '../core/passes/pass.js';
import { experiments, filePasses, passes as inputPasses } from '../core/passes/registry.js';
import type { PassDescription } from '../protocol/model.js';
import { modelFacts } from './model-facts.js';
import type { ModelFile } from './open-model.js';

const WEIGHTS_ONLY = 'The file holds weights only: there is no graph to run inputs through.';

/**
 * @param cannotRun why the engine does not run the network, if so. @param dictionary what is attached to it, if anything.
 */
export function describePasses(
  { weights, network }: ModelFile,
  cannotRun: Problem | undefined,
  dictionary?: Attachment,
): PassDescription[] {
  const overInputs = (pass: Pick<Experiment, 'applies'>): Applicability => {
    if (network === undefined) return { applies: false, reason: WEIGHTS_ONLY };
    if (cannotRun !== undefined) return { applies: false, reason: cannotRun.message };
    return pass.applies(modelFacts(network, dictionary));
  };
  const file = { tensors: weights.tensors, graph: network?.graph };
  return [
    ...inputPasses.map((pass) => ({
      ...describe(pass, 'inputs', overInputs(pass)),
      ...(pass.comparesNoise === true ? { comparesNoise: true } : {}),
    })),
    ...experiments.map((experiment) => ({
      ...describe(experiment, 'inputs', overInputs(experiment)),
      runsPerInput: experiment.runsPerInput,
    })),
    ...filePasses.map((pass) => describe(pass, 'file', pass.applies(file))),
  ];
}

function describe(
  { id, title, question, method }: Question,
  over: PassDescription['over'],
  applies: Applicability,
): PassDescription {
  return { id, title, question, method, over, ...(applies.applies ? {} : { reason: applies.reason }) };
}
