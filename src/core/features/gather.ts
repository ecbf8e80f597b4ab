/** One pass of a text, or of any inputs, through a network and a dictionary: a batch and a tile of features in memory. */
import { breathe } from '../breathe.js';
import type { Coder } from '../dictionary/coder.js';
import { CODER_FEATURES, CODER_INPUT, featureModel } from '../dictionary/graphs/coder-model.js';
import type { Session } from '../engine/engine.js';
import { problem } from '../errors.js';
import { createSweeps } from '../experiment/sweeps.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { TensorFile } from '../formats/tensor-file.js';
import { prune } from '../rewrite/prune.js';
import { elementCount, type Tensor } from '../tensor/tensor.js';
import { createFeatureState, endWindow, foldTokens, type FeatureState } from './state.js';

/** A dictionary and the place that it reads. */
export interface AttachedDictionary {
  readonly coder: Coder;
  /** The dictionary’s, which its tensors are of, and the absolute folder of it. */
  readonly file: TensorFile;
  readonly folder: string;
  /** A network that computes what the dictionary reads, and the value: float32 [examples, …positions, width]. */
  readonly model: ModelProto;
  readonly value: string;
}

export interface GatheredFeatures {
  readonly state: FeatureState;
  /** Token t of the state is position t mod stride of input ⌊t / stride⌋. */
  readonly stride: number;
  readonly inputsSeen: number;
}

/** Numbers of features that are held at once. */
const TILE_NUMBERS = 8 * 2 ** 20;
const MOST_TOKENS = 2 ** 31;

/**
 * Feature statistics over all inputs of a subject, padding left out. Every input is a window of its own.
 * @throws CancelledError; ProblemError `not-applicable` where the value is not as wide as what the dictionary reads, and
 *   as engines and reading do.
 */
export async function gatherFeatures(
  subject: ExperimentSubject,
  { coder, file, folder, model, value }: AttachedDictionary,
): Promise<GatheredFeatures> {
  const { engine, threads, dataset } = subject;
  const sweeps = createSweeps(subject, 1);
  sweeps.phase('Running the dictionary');
  const network = await sweeps.open(prune(model, [value]));
  let dictionary: Session | undefined;
  try {
    dictionary = await engine.open(await featureModel(coder, file, folder), { threads });
    const features = tiled(dictionary, coder.features);
    const state = createFeatureState(coder.features);
    const width = coder.reads.places * coder.reads.width;
    let stride = dataset.paddedLength ?? 0;
    const inputsSeen = await sweeps.run({
      session: network,
      async fold({ indices, filled }, outputs) {
        const { data, positions } = rowsOf(outputs[value], value, width);
        if (stride === 0) stride = positions;
        checkPositions(positions, stride, dataset.size);
        for (const [row, index] of indices.entries()) {
          const first = row * positions * width;
          const rows = data.subarray(first, first + Math.min(filled?.[row] ?? positions, positions) * width);
          await features(rows, width, (tile, from) => foldTokens(state, tile, index * stride + from));
          endWindow(state);
        }
      },
    });
    return { state, stride, inputsSeen };
  } finally {
    await network.release();
    await dictionary?.release();
  }
}

/** Runs rows through a dictionary, as many at once as fit. `see` gets each tile of features and the number of its first row. */
function tiled(session: Session, features: number) {
  const most = Math.max(1, Math.floor(TILE_NUMBERS / features));
  return async (rows: Float32Array, width: number, see: (tile: Float32Array, first: number) => void): Promise<void> => {
    const count = rows.length / width;
    for (let first = 0; first < count; first += most) {
      const some = Math.min(most, count - first);
      const data = rows.slice(first * width, (first + some) * width);
      const x: Tensor = { type: 'float32', dims: [some, width], data };
      const found = (await session.run({ [CODER_INPUT]: x }))[CODER_FEATURES];
      if (!(found?.data instanceof Float32Array))
        throw problem('engine-failed', 'The engine gave no features of the dictionary.');
      see(found.data, first);
      if (first + some < count) await breathe();
    }
  };
}

function rowsOf(tensor: Tensor | undefined, value: string, width: number): { data: Float32Array; positions: number } {
  if (!(tensor?.data instanceof Float32Array)) {
    throw problem('not-applicable', `“${value}” does not hold 32-bit floating-point numbers.`, {
      place: `value “${value}”`,
      remedy: 'Attach the dictionary to another value.',
    });
  }
  const { dims, data } = tensor;
  if (dims.length < 2 || dims.at(-1) !== width) {
    throw problem(
      'not-applicable',
      `“${value}” is ${dims.join(' × ')}, but the dictionary reads rows of ${width} numbers.`,
      { place: `value “${value}”`, remedy: 'Attach the dictionary to a value of its width.' },
    );
  }
  return { data, positions: elementCount(dims.slice(1, -1)) };
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
