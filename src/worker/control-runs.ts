/** Runs the passes of a result again on a network with redrawn weights, on inputs in a random order, and on noise. */
import { join } from 'node:path';
import type { Dataset } from '../core/dataset/dataset.js';
import { controlledPass, type Control, type ControlRun, type Controls } from '../core/controls/control.js';
import { bytesToWrite, redrawWeights, type KeptReason, type Redrawn } from '../core/controls/redraw.js';
import { CancelledError, ProblemError } from '../core/errors.js';
import type { PassResult, RunResult } from '../core/passes/result.js';
import { count } from '../core/passes/words.js';
import { createScratchWeights } from '../node/scratch-weights.js';
import { openFileSource } from '../node/file-source.js';
import type { WorkerEvents } from '../protocol/worker-api.js';
import type { Inputs } from './inputs.js';
import { networkOf, type ModelFile, type Network } from './open-model.js';

export interface ControlSubject {
  readonly file: ModelFile;
  readonly network: Network;
  readonly inputs: Inputs;
  readonly events: WorkerEvents;
  /** The result that controls stand beside, and the inputs it rests on. */
  readonly result: RunResult;
  readonly dataset: Dataset;
  /** The run loop as the result went through it: same passes, same layers, same batches. */
  readonly run: (network: Network, dataset: Dataset, control: Control) => Promise<readonly PassResult[]>;
  /** Of the passes those for which a control is wanted; without any it is not run. */
  readonly isWanted: (control: Control) => boolean;
}

/**
 * Every control that is wanted, each over as many inputs as the result. Where one is cancelled, those that were finished are kept.
 * @throws CancelledError when cancelled before one was finished; ProblemError as running does.
 */
export async function runControls(subject: ControlSubject, seed: number, signal: AbortSignal): Promise<Controls> {
  const runs: ControlRun[] = [];
  const notRun: { control: Control; reason: string }[] = [];
  for (const [control, run] of [
    ['random-weights', randomWeights],
    ['shuffled-inputs', shuffledInputs],
    ['noise-inputs', noiseInputs],
  ] as const) {
    if (!subject.isWanted(control)) continue;
    try {
      const started = performance.now();
      const { description, passes } = await run(subject, seed, signal);
      // A run that was cancelled saw fewer inputs than the result: its numbers would stand beside others.
      if (signal.aborted) throw new CancelledError();
      const { inputsSeen } = subject.result;
      const seconds = (performance.now() - started) / 1000;
      runs.push({ control, seed, description, inputsSeen, seconds, passes: passes.map(controlledPass) });
    } catch (error) {
      if (error instanceof CancelledError) {
        if (runs.length === 0) throw error;
        break;
      }
      if (!(error instanceof ProblemError) || error.problem.kind !== 'not-applicable') throw error;
      notRun.push({ control, reason: error.problem.message });
    }
  }
  return { runs, notRun };
}

interface Ran {
  readonly description: string;
  readonly passes: readonly PassResult[];
}

async function randomWeights(subject: ControlSubject, seed: number, signal: AbortSignal): Promise<Ran> {
  const { file, network, events } = subject;
  const { proto, openLocation } = network.onnx;
  const planned = bytesToWrite(proto);
  await file.assertUnchanged();
  const scratch = await createScratchWeights(planned);
  try {
    const redrawn = await redrawWeights(proto, openLocation, scratch, seed, {
      signal,
      onProgress: (share) => {
        void events.runProgress({ phase: 'Redrawing weights', unit: 'bytes', done: share * planned, planned });
      },
    });
    await scratch.finish();
    const source = await openFileSource(join(scratch.folder, scratch.location));
    try {
      const onnx = { ...network.onnx, proto: redrawn.model, openLocation: async () => source };
      const passes = await subject.run(networkOf(onnx, scratch.folder), firstInputs(subject), 'random-weights');
      return { description: redrawnText(redrawn, seed), passes };
    } finally {
      await source.close();
    }
  } finally {
    await scratch.remove();
  }
}

async function shuffledInputs(subject: ControlSubject, seed: number): Promise<Ran> {
  if (subject.dataset.synthetic) throw randomAlready('in another order they would be as random');
  const dataset = firstInputs({ ...subject, dataset: await subject.inputs.control({ kind: 'shuffled', seed }) });
  const passes = await subject.run(subject.network, dataset, 'shuffled-inputs');
  return {
    description:
      `Each input keeps its values and loses their order: pixels move with their channels, token ids without their ` +
      `padding. Labels stand at other inputs. Seed ${seed}.`,
    passes,
  };
}

async function noiseInputs(subject: ControlSubject, seed: number): Promise<Ran> {
  if (subject.dataset.synthetic) throw randomAlready('noise would say the same');
  const dataset = firstInputs({ ...subject, dataset: await subject.inputs.control({ kind: 'noise', seed }) });
  const passes = await subject.run(subject.network, dataset, 'noise-inputs');
  return {
    description:
      `In the place of every number of the inputs one from a normal distribution with mean 0 and standard deviation 1: ` +
      `what is left is what the network itself does to a signal. Seed ${seed}.`,
    passes,
  };
}

function randomAlready(consequence: string): ProblemError {
  return new ProblemError({
    kind: 'not-applicable',
    message: `The inputs are random numbers already: ${consequence}.`,
  });
}

/** As many inputs as the result saw: fewer than there are where it was cancelled. */
function firstInputs({ dataset, result }: Pick<ControlSubject, 'dataset' | 'result'>): Dataset {
  if (result.inputsSeen >= result.inputsPlanned) return dataset;
  return Object.create(dataset, { size: { value: result.inputsSeen + result.skipped.length } }) as Dataset;
}

const KEPT_WORDS: Readonly<Record<KeptReason, string>> = {
  'no-weight': 'no weights (shapes, bounds, scales)',
  integer: 'integers',
  constant: 'constant',
  pattern: 'masks of two values',
  positions: 'tables of positions',
  'not-finite': 'holding NaN or infinity',
};

function redrawnText({ tensors, numbers, kept }: Redrawn, seed: number): string {
  const parts = Object.entries(KEPT_WORDS).flatMap(([reason, words]) => {
    const some = kept[reason as KeptReason];
    return some === 0 ? [] : [`${count(some)} ${words}`];
  });
  const total = Object.values(kept).reduce((sum, some) => sum + some, 0);
  return (
    `${count(tensors)} tensors of weights (${count(numbers)} numbers) were redrawn, each from a normal distribution with ` +
    `its own mean and standard deviation (running variances from a log-normal one). Seed ${seed}.` +
    (total === 0 ? '' : ` ${count(total)} other tensors stayed: ${parts.join(', ')}.`)
  );
}
