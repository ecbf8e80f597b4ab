import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import type { Activation } from '../../src/core/dictionary/coder.js';
import type { Dataset } from '../../src/core/dataset/dataset.js';
import type { ExperimentSubject } from '../../src/core/experiment/subject.js';
import { openAttached, type AttachedDictionary } from '../../src/core/features/attached.js';
import { gatherFeatures } from '../../src/core/features/gather.js';
import { openUnembedding } from '../../src/core/features/logit-effects.js';
import { encodeOnnx } from '../../src/core/formats/onnx/decode.js';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ModelProto,
  type TensorProto,
} from '../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../src/core/graph/graph.js';
import { makeNode, makeValueInfo } from '../../src/core/rewrite/nodes.js';
import { withActivations } from '../../src/worker/feature-activations.js';
import { detailOf, logitsOf } from '../../src/worker/feature-detail.js';
import { openDictionary } from '../unit/dictionary/open-dictionary.js';
import { FEATURES, normals, WIDTH, writeDictionary } from './generated-dictionary.js';
import { loadEngine } from './networks.js';
import { median, note, report } from './timing.js';
import { peakMegabytes } from './peak-memory.js';

/** issue: peak memory ≤ dictionary × 2.2 + 700 MB, whatever the corpus; a feature’s page 200 ms after the pass. */
const PEAK = { perDictionary: 2.2, megabytes: 700 };
const PAGE_MILLISECONDS = 200;
const [TOKENS, THREADS, VOCABULARY] = [128, 2, 50_257];
/** Ten times as many go beyond the inputs whose rows are kept. */
const INPUTS = 36;
const PAGES = 40;
const TOP_K = { kind: 'topk', k: 64, relu: true, magnitude: false } as const;
/** Where a process of its own finds the dictionary: writing it takes memory, too. */
const DICTIONARY = 'MODEL_INSPECTOR_BENCH_DICTIONARY';

export const FEATURE_PASS_RUNS = [
  { name: 'few', run: () => peakOf(INPUTS) },
  { name: 'many', run: () => peakOf(10 * INPUTS) },
  { name: 'pages', run: () => pageMilliseconds() },
  { name: 'pages top-k', run: () => pageMilliseconds(TOP_K) },
];

/** A pass over generated inputs in a process of its own, with N and 10 N tokens; then pages of features. */
export async function measureFeaturePass(runAlone: (part: string) => unknown): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'model-inspector-features-'));
  try {
    const path = join(folder, 'sae_weights.safetensors');
    writeDictionary(path, normals());
    process.env[DICTIONARY] = path;
    const dictionary = statSync(path).size / 1e6;
    const target = dictionary * PEAK.perDictionary + PEAK.megabytes;
    note(`${WIDTH} × ${FEATURES}, a dictionary of ${dictionary.toFixed(0)} MB, inputs of ${TOKENS} tokens`);
    const peak = (name: string, inputs: number): boolean => {
      const measured = runAlone(`feature pass ${name}`) as number;
      return report(`peak memory of a pass over ${inputs * TOKENS} tokens`, measured, target, 'MB');
    };
    const [few, many] = [peak('few', INPUTS), peak('many', 10 * INPUTS)];
    const page = (part: string, kind: string): boolean => {
      const { middle, slowest } = runAlone(part) as { readonly middle: number; readonly slowest: number };
      return report(
        `page of a feature ${kind} after the pass, median of ${PAGES}`,
        middle,
        PAGE_MILLISECONDS,
        'ms',
        `slowest ${slowest.toFixed(0)} ms, ${VOCABULARY} logit effects among it`,
      );
    };
    const alone = page('feature pass pages', 'by itself');
    const competing = page('feature pass pages top-k', `of the ${TOP_K.k} largest`);
    return few && many && alone && competing;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function peakOf(inputs: number): Promise<number> {
  const { subject, attached } = await generated(inputs, network(0));
  await gatherFeatures(subject, attached);
  return peakMegabytes();
}

async function pageMilliseconds(
  activation?: Activation,
): Promise<{ readonly middle: number; readonly slowest: number }> {
  const { subject, attached: own } = await generated(INPUTS, network(VOCABULARY));
  const attached = activation === undefined ? own : { ...own, coder: { ...own.coder, activation } };
  const gathered = await gatherFeatures(subject, attached);
  const source = { subject, attached, reader: await openAttached(subject, attached), rows: gathered.rows };
  const unembedding = await openUnembedding(subject, 'scores', WIDTH);
  const times: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    const feature = (page * 617) % FEATURES;
    const start = performance.now();
    await withActivations(source, feature, (activations) => detailOf(gathered, subject.dataset, feature, activations));
    await logitsOf(attached, async () => unembedding, undefined, [feature]);
    times.push(performance.now() - start);
  }
  return { middle: median(times), slowest: Math.max(...times) };
}

/** x as it comes is what the dictionary reads; scores behind a ReLU where there is a vocabulary. */
function network(vocabulary: number): ModelProto {
  const hasScores = vocabulary > 0;
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'generated',
      input: [makeValueInfo('x', DataType.FLOAT, ['batch', TOKENS, WIDTH])],
      initializer: hasScores ? [unembeddingOf(vocabulary)] : [],
      node: [
        makeNode('Neg', ['x'], ['negative']),
        makeNode('Neg', ['negative'], ['stream']),
        ...(hasScores
          ? [makeNode('Relu', ['stream'], ['positive']), makeNode('MatMul', ['positive', 'unembedding'], ['scores'])]
          : []),
      ],
      output: [makeValueInfo(hasScores ? 'scores' : 'stream', DataType.FLOAT, ['batch', TOKENS, vocabulary || WIDTH])],
    },
  });
}

function unembeddingOf(vocabulary: number): TensorProto {
  const numbers = new Float32Array(WIDTH * vocabulary).map((_, at) => ((at * 7919) % 1000) / 1000 - 0.5);
  return create(TensorProtoSchema, {
    name: 'unembedding',
    dataType: DataType.FLOAT,
    dims: [BigInt(WIDTH), BigInt(vocabulary)],
    rawData: new Uint8Array(numbers.buffer),
  });
}

async function generated(
  inputs: number,
  model: ModelProto,
): Promise<{ readonly subject: ExperimentSubject; readonly attached: AttachedDictionary }> {
  const path = process.env[DICTIONARY] ?? '';
  const { coder, weights } = await openDictionary(path);
  const random = normals();
  const attached = { coder, file: weights, folder: dirname(path), model, reads: 'stream', writes: 'stream' };
  const subject: ExperimentSubject = {
    graph: createGraph(model),
    toRunnable: (each: ModelProto) => ({ bytes: encodeOnnx(each), externalFiles: [], folder: dirname(path) }),
    engine: await loadEngine('native'),
    threads: THREADS,
    dataset: generatedInputs(inputs, random),
    layers: [],
    watched: [],
    onInputs: async () => 'on generated inputs',
    batchSize: 1,
    allowedLossIncrease: 0.01,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };
  return { subject, attached };
}

function generatedInputs(inputs: number, random: ReturnType<typeof normals>): Dataset {
  return {
    size: inputs,
    description: 'generated inputs',
    synthetic: true,
    key: 'bench',
    maximumBatch: Infinity,
    skipped: [],
    batch: async (start, end) => ({
      feeds: {
        x: { type: 'float32', dims: [end - start, TOKENS, WIDTH], data: random((end - start) * TOKENS * WIDTH, 1) },
      },
      indices: Array.from({ length: end - start }, (_, index) => start + index),
    }),
    preview: async () => ({ kind: 'tokens', name: '', tokens: new Array<string>(TOKENS).fill(' word'), ids: [] }),
    targets: async () => ({}),
    label: () => undefined,
  };
}
