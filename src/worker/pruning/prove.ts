/** Runs the file that was written beside the original: on random inputs and on those of the model. */
import { problem, ProblemError } from '../../core/errors.js';
import { displayText } from '../../core/display-text.js';
import { count } from '../../core/passes/words.js';
import type { ProofBox } from '../../core/passes/result.js';
import { isInside } from '../../core/pruning/inside-box.js';
import { compareRuns, type Comparison } from '../../core/pruning/proof.js';
import type { Removable } from '../../core/pruning/removable.js';
import { withTermSums } from '../../core/pruning/term-sums.js';
import { failureText, proofText } from '../../core/pruning/words.js';
import type { PruningProof } from '../../protocol/pruning.js';
import type { Inputs } from '../inputs.js';
import { openModelFile } from '../open-model.js';
import type { PrunableModel, Task } from './pruning-questions.js';
import { randomInputs, RANDOM_INPUTS } from './random-inputs.js';

/**
 * @param box that units are proven dead in, where some are for inputs inside it only.
 * @throws ProblemError `not-applicable` when they differ.
 */
export async function prove(
  model: PrunableModel,
  written: string,
  { onDataOnly }: Removable,
  box: ProofBox | undefined,
  { signal, onProgress }: Task,
): Promise<PruningProof> {
  const { network, engine, threads, inputs } = model;
  const pruned = await openModelFile(written, signal);
  try {
    const { network: smaller } = pruned;
    if (smaller === undefined) throw new Error('What was written holds no graph.');
    const { model: withSums, sums } = withTermSums(network.graph);
    const original = await engine.open(network.toRunnable(withSums), { threads });
    try {
      const other = await engine.open(smaller.toRunnable(smaller.onnx.proto), { threads });
      try {
        const ranges = box?.ranges ?? (await model.subject(signal, () => undefined)).network.box.ranges;
        const random = await randomInputs(network.graph, ranges, box !== undefined);
        const own = datasetOf(inputs);
        const total = RANDOM_INPUTS + ('dataset' in own ? own.dataset.size : 0);
        const shared = { original, sums, pruned: other, signal };
        const onRandom = await compareRuns({ ...shared, ...random, onInput: (done) => onProgress(done / total) });
        const onData =
          'dataset' in own
            ? await compareRuns({
                ...shared,
                dataset: own.dataset,
                data: `${count(own.dataset.size)} inputs (${own.dataset.description})`,
                ...(box === undefined ? {} : { isInside: (feeds) => isInside(feeds, box.ranges) }),
                onInput: (done) => onProgress((RANDOM_INPUTS + done) / total),
              })
            : undefined;
        return judged(onRandom, onData, 'reason' in own ? own.reason : undefined, onDataOnly);
      } finally {
        await other.release();
      }
    } finally {
      await original.release();
    }
  } finally {
    await pruned.close();
  }
}

function datasetOf(inputs: Inputs): { readonly dataset: ReturnType<Inputs['dataset']> } | { readonly reason: string } {
  try {
    return { dataset: inputs.dataset() };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { reason: error.problem.message };
  }
}

/** Units that were seen to do nothing on the data may do something on random inputs: there only the data counts. */
function judged(
  random: Comparison,
  data: Comparison | undefined,
  withoutData: string | undefined,
  onDataOnly: number,
): PruningProof {
  const all = [random, ...(data === undefined ? [] : [data])];
  const needed = onDataOnly === 0 ? all : all.slice(1);
  const failed = needed.find(({ equal }) => !equal);
  if (failed !== undefined || needed.length === 0) {
    const { message, remedy } = failureText(failed, all, { onDataOnly });
    throw problem('not-applicable', message, { remedy });
  }
  return {
    random,
    ...(data === undefined ? {} : { data }),
    ...(withoutData === undefined ? {} : { withoutData: displayText(withoutData) }),
    sentence: proofText(all, { onDataOnly }),
  };
}
