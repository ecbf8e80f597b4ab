/** Runs experiments one after the other over a network and its inputs. */
import { throwIfCancelled } from '../errors.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import type { Experiment } from './pass.js';
import type { PassResult, RunResult } from './result.js';
import { layerSummary } from './run.js';

/**
 * @param subject for each experiment: with the values that it watches.
 * @param onAnswer told of each answer as it comes: those before a cancellation or a failure stand.
 */
export async function runExperiments(
  experiments: readonly Experiment[],
  subject: (experiment: Experiment) => ExperimentSubject,
  onAnswer: (answer: PassResult) => Promise<void>,
): Promise<void> {
  for (const experiment of experiments) {
    const examined = subject(experiment);
    throwIfCancelled(examined.signal);
    await onAnswer(await experiment.examine(examined));
  }
}

/** The run that an experiment's answer stands in where nothing else was asked of the inputs yet. */
export function runOfExperiments(
  { layers, dataset, engine }: Pick<ExperimentSubject, 'layers' | 'dataset' | 'engine'>,
  seconds: number,
  leftOut: RunResult['leftOut'],
): RunResult {
  const inputs = dataset.size - dataset.skipped.length;
  return {
    layers: layers.map(layerSummary),
    passes: [],
    inputsSeen: inputs,
    inputsPlanned: inputs,
    skipped: [...dataset.skipped],
    leftOut,
    data: dataset.description,
    synthetic: dataset.synthetic,
    engine: engine.version,
    seconds,
    finished: new Date().toISOString(),
  };
}
