/** Random inputs of a model: as large as it takes them, in the ranges that are known of them. */
import { openDataset } from '../../core/dataset/open-dataset.js';
import type { Dataset } from '../../core/dataset/dataset.js';
import type { DataFiles } from '../../core/dataset/data-files.js';
import { guessRecipe } from '../../core/dataset/guess.js';
import { inputHints } from '../../core/dataset/input-hints.js';
import type { InputRange } from '../../core/dataset/input-ranges.js';
import { problem } from '../../core/errors.js';
import type { Graph } from '../../core/graph/graph.js';
import { drawnInside } from '../../core/pruning/inside-box.js';
import { randomInputsText } from '../../core/pruning/words.js';
import type { NamedTensors } from '../../core/tensor/tensor.js';

export const RANDOM_INPUTS = 16;

const SEED = 20260101;

/** No folder, no files: every input that has no role is drawn at random. */
const NO_FILES: DataFiles = {
  list: () => Promise.resolve([]),
  facts: () => Promise.resolve(undefined),
  open: (path) => Promise.reject(problem('invalid-inputs', `There is no file ${path}.`)),
};

export interface RandomInputs {
  readonly dataset: Dataset;
  /** Puts inputs with a known range into it. */
  readonly prepare: (feeds: NamedTensors, example: number) => NamedTensors;
  /** "16 random inputs drawn inside the box". */
  readonly data: string;
}

/**
 * @param ranges of inputs that are known.
 * @param isBox whether the ranges are those of the box that a proof holds in.
 * @throws ProblemError `invalid-inputs` where the model takes what cannot be drawn.
 */
export async function randomInputs(
  graph: Graph,
  ranges: Readonly<Record<string, InputRange>>,
  isBox: boolean,
): Promise<RandomInputs> {
  const hints = inputHints(graph);
  const recipe = await guessRecipe(graph.inputs, NO_FILES, { modelName: '', hints });
  const dataset = await openDataset({ ...recipe, limit: RANDOM_INPUTS }, graph.inputs, NO_FILES, {
    limit: RANDOM_INPUTS,
    hints,
  });
  return {
    dataset,
    data: randomInputsText(RANDOM_INPUTS, isBox),
    prepare: (feeds, example) => drawnInside(feeds, ranges, SEED, example),
  };
}
