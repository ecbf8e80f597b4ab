/** Runs passes and experiments over a network and inputs: the model with its own, or a control in the same way. */
import type { Dataset } from '../core/dataset/dataset.js';
import type { Attachment } from '../core/dictionary/attach/attached.js';
import type { Engine } from '../core/engine/engine.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import type { ObservedLayer } from '../core/graph/layers.js';
import type { BrokenWeights } from '../core/graph/scan-weights.js';
import { batchSize } from '../core/passes/batch-size.js';
import type { Experiment, Pass } from '../core/passes/pass.js';
import type { RunResult } from '../core/passes/result.js';
import { onInputs, runPasses, type Run } from '../core/passes/run.js';
import type { UnitWeights } from '../core/passes/unit-weights.js';
import type { WorkerEvents } from '../protocol/worker-api.js';
import type { Inputs } from './inputs.js';
import type { Network } from './open-model.js';

/** What the weights say of the units of some layers. */
export type ReadUnitWeights = (
  layers: readonly ObservedLayer[],
  signal: AbortSignal,
) => Promise<UnitWeights | undefined>;

/** What can be observed, as a run takes it. */
export type Observed = Pick<Run, 'layers' | 'maximumBatch' | 'leftOut'> & {
  readonly watched: NonNullable<Run['watched']>;
};

/** What passes and experiments run on: what they see does not tell a control from the model itself. */
export interface Running {
  readonly network: Network;
  readonly dataset: Dataset;
  readonly observed: Observed;
  readonly signal: AbortSignal;
  /** Said with the progress. */
  readonly control?: string;
  /** Where the network is not the model's own. */
  readonly unitWeights?: ReadUnitWeights;
}

export interface NetworkRunner {
  passes(running: Running, wanted: readonly Pass<unknown>[]): Promise<RunResult>;
  /** What an experiment looks at, but for the values that it watches itself. */
  subject(running: Running, onProgress: ExperimentSubject['onProgress']): ExperimentSubject;
  /** The same with what each watches, its progress told. */
  experimentSubject(running: Running): (experiment: Experiment) => ExperimentSubject;
}

export interface NetworkRunnerOptions {
  readonly engine: Engine;
  readonly threads: number;
  readonly allowedLossIncrease: number;
  readonly inputs: Inputs;
  readonly events: WorkerEvents;
  /** Of the model. */
  readonly brokenWeights: (signal: AbortSignal) => Promise<BrokenWeights[]>;
  readonly unitWeights: ReadUnitWeights;
  /** What came of the dictionary that a person attached. */
  readonly attachment?: Attachment;
}

export function createNetworkRunner(options: NetworkRunnerOptions): NetworkRunner {
  const { engine, threads, allowedLossIncrease, inputs, events, brokenWeights, attachment } = options;

  const runOn = async (
    { network: runs, dataset, observed, signal, control, unitWeights = options.unitWeights }: Running,
    wanted: readonly Pass<unknown>[],
  ): Promise<RunResult> => {
    const { batch } = inputs.description().recipe;
    return runPasses({
      graph: runs.observable,
      toRunnable: runs.toRunnable,
      engine,
      threads,
      dataset,
      ...observed,
      ...(batch === undefined ? {} : { batch }),
      brokenWeights: await brokenWeights(signal),
      unitWeights: (layers) => unitWeights(layers, signal),
      passes: wanted,
      signal,
      onProgress: ({ phase, inputsDone, secondsLeft }) =>
        void events.runProgress({
          phase: phaseOf(phase, control),
          unit: 'inputs',
          done: inputsDone,
          planned: dataset.size,
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        }),
    });
  };

  const subjectOf = (
    { network: runs, dataset, observed: { layers, maximumBatch }, signal }: Running,
    onProgress: ExperimentSubject['onProgress'],
  ): ExperimentSubject => {
    const { batch } = inputs.description().recipe;
    return {
      graph: runs.observable,
      layers,
      watched: [],
      dataset,
      ...(attachment?.state === 'attached' ? { dictionary: attachment.attached } : {}),
      batchSize: batchSize({ layers, maximumBatch, ...(batch === undefined ? {} : { batch }) }),
      allowedLossIncrease,
      engine,
      threads,
      toRunnable: runs.toRunnable,
      onInputs: (seen) => onInputs(dataset, seen),
      signal,
      onProgress,
    };
  };

  const experimentSubject = (running: Running): ((experiment: Experiment) => ExperimentSubject) => {
    const plain = subjectOf(
      running,
      ({ phase, runsDone, runsPlanned, secondsLeft }) =>
        void events.runProgress({
          phase: phaseOf(phase, running.control),
          unit: 'runs',
          done: runsDone,
          planned: runsPlanned,
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        }),
    );
    return ({ id }) => ({ ...plain, watched: running.observed.watched.get(id) ?? [] });
  };

  return { passes: runOn, subject: subjectOf, experimentSubject };
}

function phaseOf(phase: string, control: string | undefined): string {
  if (control === undefined) return phase;
  const named = (text: string, toCase: 'toUpperCase' | 'toLowerCase'): string =>
    text.charAt(0)[toCase]() + text.slice(1);
  return `${named(control, 'toUpperCase')}: ${named(phase, 'toLowerCase')}`;
}
