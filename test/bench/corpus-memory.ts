/** Peak memory of a run over a corpus against that over ten times the corpus, each in a process of its own. */
import { fileURLToPath } from 'node:url';
import { isInEveryRun } from '../../src/protocol/model.js';
import { createInspection } from '../../src/worker/inspection.js';
import { networkFile } from './networks.js';
import { THREADS } from './observing.js';
import { report } from './timing.js';
import { peakMegabytes } from './peak-memory.js';

const LARGEST_RATIO = 1.05;
const TIMES = 10;
/** Peaks of a process differ by when it collects what is no longer held: the least is what it needs. */
const RUNS = 4;
/** The bundle lies in .cache/bench. */
const repository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * A classifier of pictures of 224 × 224, and a language model of four layers on windows of 64 tokens. Each corpus takes
 * several forwards: what one leaves behind lies beside what the next gives in both runs. Fewer pictures than a run takes
 * unasked would leave most of the rows empty that the heatmap of inputs keeps of the first 256.
 */
const MODELS = {
  resnet18: { inputs: 200, path: () => networkFile('resnet18'), input: 'x', distribution: 'normal' },
  'grammar-gpt': {
    inputs: 640,
    path: () => repository('media/samples/grammar-gpt/grammar-gpt.onnx'),
    input: 'input_ids',
    distribution: 'integers',
  },
} as const;
type ModelName = keyof typeof MODELS;
const MODEL_NAMES = Object.keys(MODELS) as ModelName[];

const corporaOf = (model: ModelName): readonly number[] => [MODELS[model].inputs, MODELS[model].inputs * TIMES];
const partName = (model: ModelName, inputs: number): string => `${model} ${inputs}`;

export const CORPUS_MEMORY_RUNS = MODEL_NAMES.flatMap((model) =>
  corporaOf(model).map((inputs) => ({
    name: partName(model, inputs),
    run: () => peakOf(model, inputs),
  })),
);

/** Everything that a person's “Run” asks, as the product runs it. */
async function peakOf(name: ModelName, inputs: number): Promise<number> {
  const { path, input, distribution } = MODELS[name];
  const inspection = createInspection({
    wasmFolder: repository('node_modules/onnxruntime-web/dist/'),
    dataFolder: repository('media'),
    events: {
      runProgress: async () => undefined,
      fileResultChanged: async () => undefined,
      log: async () => undefined,
    },
  });
  const { passes } = await inspection.open({
    path: path(),
    recipePaths: 'model-folder',
    recipe: { version: 1, limit: inputs, inputs: { [input]: { source: 'synthetic', distribution, seed: 1 } } },
    settings: { engine: 'native', threads: THREADS, defaultInputs: inputs, cacheMegabytes: 0 },
  });
  const wanted = passes.filter((pass) => pass.over === 'inputs' && isInEveryRun(pass)).map(({ id }) => id);
  const { result } = await inspection.run({ passes: wanted });
  if (result?.inputsSeen !== inputs || result.passes.length !== wanted.length) {
    throw new Error(
      `${result?.passes.length} of ${wanted.length} passes saw ${result?.inputsSeen} of ${inputs} inputs`,
    );
  }
  return peakMegabytes();
}

export async function measureCorpusMemory(runAlone: (part: string) => unknown): Promise<boolean> {
  return MODEL_NAMES.map((model) => {
    const [few = NaN, many = NaN] = corporaOf(model).map((inputs) =>
      Math.min(...Array.from({ length: RUNS }, () => runAlone(`corpus memory ${partName(model, inputs)}`) as number)),
    );
    const detail = `${many.toFixed(0)} MB and ${few.toFixed(0)} MB, each the least of ${RUNS} runs`;
    const what = `peak memory, ${corporaOf(model).toReversed().join(' inputs / ')}, ${model}`;
    return report(what, many / few, LARGEST_RATIO, '×', detail);
  }).every(Boolean);
}
