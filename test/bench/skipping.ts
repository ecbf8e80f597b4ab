import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Targets } from '../../src/core/dataset/dataset.js';
import { chooseLoss } from '../../src/core/experiment/loss-measure.js';
import { lossRuns } from '../../src/core/experiment/loss-runs.js';
import type { ExperimentSubject } from '../../src/core/experiment/subject.js';
import { createSweeps } from '../../src/core/experiment/sweeps.js';
import { skippableNeurons } from '../../src/core/passes/skippable-neurons/pass.js';
import { openModelFile, type Network } from '../../src/worker/open-model.js';
import { datasetOf, subjectOf } from '../unit/experiment/subject.js';
import { loadEngine, NETWORKS, openNetwork } from './networks.js';
import { median, note, report } from './timing.js';

/** issue: a search for what can be skipped at 1 % more perplexity, over one pass of its tokens. */
const TARGET = 14;
const [THREADS, ROUNDS] = [2, 3];
const SAMPLE = new URL('../../media/samples/grammar-gpt/', import.meta.url);

/** Texts to search on: a trained network, whose loss rises as that of real ones does, and one of real size. */
const SUBJECTS = {
  sample: { open: openSample, input: 'input_ids', windows: sampleWindows, tokens: 64, batch: 16, compares: true },
  gpt2: {
    open: () => openNetwork('gpt2'),
    input: 'tokens',
    windows: generatedWindows,
    tokens: 128,
    batch: 1,
    compares: false,
  },
} as const;

export type SkippingSubject = keyof typeof SUBJECTS;

/**
 * The whole search, from opening its networks on, over bare passes with the loss right before and behind it. Other metrics
 * are compared with in the first round only, and beside the target.
 */
export async function measureSkipping(name: SkippingSubject): Promise<boolean> {
  const subject = await subjectFor(name);
  const pass = await barePass(subject);
  let before = await pass();
  before = await pass();
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { search, comparing, steps, answer } = await timeSearch(subject, SUBJECTS[name].compares && round === 0);
    const behind = await pass();
    const one = (before + behind) / 2;
    before = behind;
    ratios.push(search / one);
    note(`a pass ${one.toFixed(0)} ms; search of ${steps} steps ${(search / one).toFixed(2)} × that`);
    if (comparing !== undefined) note(`other metrics beside it: ${(comparing / one).toFixed(2)} × a pass; ${answer}`);
  }
  note(`${subject.dataset.size} windows of ${SUBJECTS[name].tokens} tokens, ${THREADS} threads`);
  return report('search at 1 % more perplexity / a pass with loss, median', median(ratios), TARGET);
}

/** One sweep of the network as it is, its loss measured; opening it is left out. */
async function barePass(subject: ExperimentSubject): Promise<() => Promise<number>> {
  const sweeps = createSweeps(subject, 1);
  const network = await lossRuns(subject, sweeps, await chooseLoss(subject)).openClean(subject.graph.model);
  return async () => {
    const start = performance.now();
    await network.loss();
    return performance.now() - start;
  };
}

/** Milliseconds of the search and, where asked for, of the comparison with other metrics behind it. */
async function timeSearch(
  subject: ExperimentSubject,
  compares: boolean,
): Promise<{ search: number; comparing?: number; steps: number; answer: string }> {
  const controller = new AbortController();
  const steps = new Set<string>();
  const start = performance.now();
  let found = NaN;
  const { answer } = await skippableNeurons.examine({
    ...subject,
    signal: controller.signal,
    onProgress({ phase }) {
      if (phase.startsWith('Searching')) steps.add(phase);
      if (!phase.startsWith('Comparing') || !Number.isNaN(found)) return;
      found = performance.now();
      if (!compares) controller.abort();
    },
  });
  const times = compares ? { comparing: performance.now() - found } : {};
  return { search: found - start, ...times, steps: steps.size, answer };
}

async function subjectFor(name: SkippingSubject): Promise<ExperimentSubject> {
  const { open, input, windows, tokens, batch } = SUBJECTS[name];
  const { observable, toRunnable } = await open();
  const rows = windows(tokens);
  const targets: Targets[] = rows.map((row) => ({ nextTokens: Int32Array.from([...row.slice(1), -1]) }));
  const dataset = datasetOf({ input, dims: [tokens], type: 'int64', rows, targets });
  const options = { batchSize: batch, experiment: skippableNeurons, toRunnable };
  const subject = await subjectOf(observable.model, dataset, await loadEngine('native'), options);
  return { ...subject, threads: THREADS };
}

async function openSample(): Promise<Network> {
  const { network } = await openModelFile(fileURLToPath(new URL('grammar-gpt.onnx', SAMPLE)));
  if (network === undefined) throw new Error('The sample has no graph.');
  return network;
}

/** uint16 behind a header of 128 bytes. */
function sampleWindows(tokens: number): readonly (readonly number[])[] {
  const bytes = readFileSync(new URL('corpus.npy', SAMPLE)).subarray(128);
  const ids = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return Array.from({ length: ids.length / tokens }, (_, row) => [...ids.subarray(row * tokens, (row + 1) * tokens)]);
}

function generatedWindows(tokens: number): readonly (readonly number[])[] {
  const { data } = NETWORKS.gpt2.feeds(8)['tokens'] ?? { data: [] };
  const ids = Array.from(data, Number);
  return Array.from({ length: 8 }, (_, row) => ids.slice(row * tokens, (row + 1) * tokens));
}
