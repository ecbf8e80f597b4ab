import { breathe } from '../breathe.js';
import type { Batch, Dataset } from '../dataset/dataset.js';
import type { Session } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { problem, throwIfCancelled } from '../errors.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { ExperimentSubject } from './subject.js';

/** A batch and the place of its first example in the dataset, which names it from sweep to sweep. */
export interface SweptBatch extends Batch {
  readonly start: number;
}

/** One pass of a model over all inputs, batch by batch: one batch in memory. */
export interface Sweep {
  /** @param name the value that makes it: the session of a rewritten model, which the caller opened and releases. */
  readonly session: Session;
  /** Feeds of the session for a batch; inputs that the session does not know are left out. */
  feeds?(batch: SweptBatch): NamedTensors | Promise<NamedTensors>;
  /** Sees every batch with what came out of it. */
  fold(batch: SweptBatch, outputs: NamedTensors): void | Promise<void>;
}

/** Runs rewritten models over a subject's inputs, sweep after sweep, and says how far all of it is. */
export interface Sweeps {
  /** What is being done now, for people: "Searching, step 3". */
  phase(text: string): void;
  /** Opens a rewritten model. @throws ProblemError when the engine refuses it. */
  open(model: ModelProto): Promise<Session>;
  /**
   * @returns inputs that could be read. @throws CancelledError after the batch under way: half a sweep compares with
   *   nothing. ProblemError `invalid-inputs` where not one input could be read.
   */
  run(sweep: Sweep): Promise<number>;
  /** The same over other inputs, a part of the subject's: what was done counts as here. */
  over(dataset: Dataset): Sweeps;
}

/**
 * @param planned sweeps that the experiment means to do, for progress.
 * @param mostExamples examples per forward at most, where outputs are large.
 */
export function createSweeps(subject: ExperimentSubject, planned: number, mostExamples = Infinity): Sweeps {
  const { engine, threads, toRunnable, signal, onProgress } = subject;
  const batchSize = Math.max(1, Math.min(subject.batchSize, Math.floor(mostExamples)));
  const started = performance.now();
  let phase = 'Preparing';
  let done = 0;
  const tell = (): void => {
    // A search may end sooner or later than planned: what is planned is never less than what is done.
    const runsPlanned = Math.max(done, planned * subject.dataset.size);
    const perRun = (performance.now() - started) / 1000 / Math.max(1, done);
    onProgress({
      phase,
      runsDone: done,
      runsPlanned,
      ...(done === 0 ? {} : { secondsLeft: perRun * (runsPlanned - done) }),
    });
  };
  const over = (dataset: Dataset): Sweeps => ({
    over,
    phase(text) {
      phase = text;
      tell();
    },
    open: (model) => engine.open(toRunnable(model), { threads }),
    async run({ session, feeds, fold }) {
      let seen = 0;
      for (let start = 0; start < dataset.size; start += batchSize) {
        throwIfCancelled(signal);
        const end = Math.min(dataset.size, start + batchSize);
        const batch: SweptBatch = { ...(await dataset.batch(start, end)), start };
        if (batch.indices.length > 0) {
          const all = { ...batch.feeds, ...(await feeds?.(batch)) };
          await fold(batch, await session.run(usedFeeds(session, all)));
          seen += batch.indices.length;
        }
        done += end - start;
        tell();
        // A synchronous engine would otherwise never hear of a cancellation.
        await breathe();
      }
      if (seen > 0) return seen;
      throw problem('invalid-inputs', 'None of the inputs could be read.', {
        place: dataset.description,
        remedy: 'Choose other inputs with “Choose Inputs…”.',
      });
    },
  });
  return over(subject.dataset);
}

/** What a sweep's network gave. @throws ProblemError `engine-failed` where it gave no float32. */
export function numbersOf(values: NamedTensors, name: string): Float32Array {
  const data = values[name]?.data;
  if (data instanceof Float32Array) return data;
  throw problem('engine-failed', `The engine gave no numbers for “${name}”.`);
}
