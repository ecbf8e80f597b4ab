/** One pass of a text, or of any inputs, through a network and a dictionary: a batch and a tile of features in memory. */
import { totalWidth } from '../dictionary/coder.js';
import { problem } from '../errors.js';
import { createSweeps } from '../experiment/sweeps.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import { openAttached, type AttachedDictionary } from './attached.js';
import { addReconstruction, createReconstruction, type Reconstruction } from './reconstruction.js';
import { createFeatureState, endWindow, foldTokens, type FeatureState } from './state.js';

export interface GatheredFeatures {
  readonly state: FeatureState;
  /** Over all tokens, and over all but the first of each input, which is often unlike the others. */
  readonly reconstruction: { readonly all: Reconstruction; readonly withoutFirst: Reconstruction };
  /** Token t of the state is position t mod stride of input ⌊t / stride⌋. */
  readonly stride: number;
  readonly inputsSeen: number;
}

const MOST_TOKENS = 2 ** 31;

/**
 * Feature statistics over all inputs of a subject, padding left out. Every input is a window of its own.
 * @throws CancelledError; ProblemError `not-applicable` where the values are not as wide as what the dictionary reads and
 *   writes, and as engines and reading do.
 */
export async function gatherFeatures(
  subject: ExperimentSubject,
  attached: AttachedDictionary,
): Promise<GatheredFeatures> {
  const { dataset } = subject;
  const { coder } = attached;
  const width = totalWidth(coder.writes);
  const sweeps = createSweeps(subject, 1);
  sweeps.phase('Running the dictionary');
  const { network, read, run, release } = await openAttached(subject, attached);
  try {
    const state = createFeatureState(coder.features);
    const [all, withoutFirst] = [createReconstruction(width), createReconstruction(width)];
    let stride = dataset.paddedLength ?? 0;
    const inputsSeen = await sweeps.run({
      session: network,
      async fold({ indices, filled }, outputs) {
        const { x, wanted } = read(outputs);
        if (stride === 0) stride = x.positions;
        checkPositions(x.positions, stride, dataset.size);
        for (const [row, index] of indices.entries()) {
          const tokens = Math.min(filled?.[row] ?? x.positions, x.positions);
          const targets = wanted.rows(row, tokens);
          await run(x.rows(row, tokens), (features, written, first) => {
            foldTokens(state, features, index * stride + first);
            const target = targets.subarray(first * width, first * width + written.length);
            addReconstruction(all, target, written);
            const skipped = first === 0 ? width : 0;
            addReconstruction(withoutFirst, target.subarray(skipped), written.subarray(skipped));
          });
          endWindow(state);
        }
      },
    });
    return { state, reconstruction: { all, withoutFirst }, stride, inputsSeen };
  } finally {
    await release();
  }
}

function checkPositions(positions: number, stride: number, inputs: number): void {
  if (positions > stride) {
    throw problem('not-applicable', `One input has ${positions} positions, where the first one has ${stride}.`, {
      remedy: 'Choose inputs of one size.',
    });
  }
  if (inputs * stride > MOST_TOKENS) {
    throw problem('invalid-inputs', `${inputs} inputs of ${stride} positions are more than 2,147,483,648 tokens.`, {
      remedy: 'State a limit in the recipe.',
    });
  }
}
