/** Random inputs of a model: as large as it takes them, in the ranges that are known of them. */
import { openDataset } from '../../core/dataset/open-dataset.js';
import type { Dataset } from '../../core/dataset/dataset.js';
import type { DataFiles } from '../../core/dataset/data-files.js';
import { guessRecipe } from '../../core/dataset/guess.js';
import { inputHints } from '../../core/dataset/input-hints.js';
import type { InputRange } from '../../core/dataset/input-ranges.js';
import { randomStream } from '../../core/dataset/random.js';
import { problem } from '../../core/errors.js';
import type { Graph } from '../../core/graph/graph.js';
import { boxOf } from '../../core/passes/certificates/box.js';
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
  /** "16 random inputs in the box". */
  readonly data: string;
}

/** @throws ProblemError `invalid-inputs` where the model takes what cannot be drawn. */
export async function randomInputs(graph: Graph, ranges: Readonly<Record<string, InputRange>>): Promise<RandomInputs> {
  const hints = inputHints(graph);
  const recipe = await guessRecipe(graph.inputs, NO_FILES, { modelName: '', hints });
  const dataset = await openDataset({ ...recipe, limit: RANDOM_INPUTS }, graph.inputs, NO_FILES, {
    limit: RANDOM_INPUTS,
    hints,
  });
  const known = graph.inputs.map(({ name }) => name).filter((name) => ranges[name] !== undefined);
  return {
    dataset,
    data: `${RANDOM_INPUTS} random inputs${known.length === 0 ? '' : known.length === graph.inputs.length ? ' in the box' : ', in their box where it is known'}`,
    prepare(feeds, example) {
      const prepared = { ...feeds };
      for (const name of known) {
        const tensor = feeds[name];
        if (tensor?.type !== 'float32' && tensor?.type !== 'float64') continue;
        const ends = boxOf([name], ranges, () => tensor.dims).get(name);
        const next = randomStream(SEED, name, example);
        const data = (tensor.data as Float32Array | Float64Array).map((_, at) => {
          const [low, high] = [ends?.lower[at] ?? 0, ends?.upper[at] ?? 0];
          return low + next() * (high - low);
        });
        prepared[name] = { ...tensor, data };
      }
      return prepared;
    },
  };
}
