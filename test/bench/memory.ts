import { statSync } from 'node:fs';
import type { EngineName } from '../../src/core/engine/engine.js';
import type { Dataset } from '../../src/core/dataset/dataset.js';
import { passes } from '../../src/core/passes/registry.js';
import { runPasses } from '../../src/core/passes/run.js';
import { probeLayers } from '../../src/core/rewrite/probe.js';
import { endlessExamples, loadEngine, networkFile, openNetwork } from './networks.js';
import { THREADS } from './observing.js';
import { report } from './timing.js';
import { peakMegabytes } from './peak-memory.js';

/** Peak memory of a process that runs all passes: a multiple of the weights, and what any run takes. */
const TARGETS: Readonly<Record<EngineName, { readonly perWeight: number; readonly megabytes: number }>> = {
  native: { perWeight: 1.6, megabytes: 500 },
  wasm: { perWeight: 3.2, megabytes: 500 },
};
const INPUTS = 4;
const MEGABYTE = 1e6;
const ENGINE_NAMES = ['native', 'wasm'] as const;

export const MEMORY_RUNS = ENGINE_NAMES.map((name) => ({ name, run: () => peakOf(name) }));

async function peakOf(engineName: EngineName): Promise<number> {
  const file = await openNetwork('gpt2');
  const engine = await loadEngine(engineName);
  const dataset: Dataset = {
    ...endlessExamples('gpt2'),
    size: INPUTS,
    synthetic: true,
    key: 'bench',
    skipped: [],
    preview: async () => ({ kind: 'array', name: '', dims: [], values: [] }),
    targets: async () => ({}),
    label: () => undefined,
  };
  const probe = await probeLayers({ ...file, engine, threads: THREADS, dataset });
  await runPasses({
    graph: file.graph,
    toRunnable: file.toRunnable,
    engine,
    threads: THREADS,
    dataset,
    layers: probe.layers,
    maximumBatch: probe.maximumBatch,
    passes,
    leftOut: [],
    brokenWeights: [],
    onProgress: () => undefined,
  });
  return peakMegabytes();
}

/** Opens, probes and runs all passes over the 650 MB network, in a process of its own per engine. */
export async function measureMemory(runAlone: (part: string) => unknown): Promise<boolean> {
  const weights = statSync(networkFile('gpt2')).size / MEGABYTE;
  return ENGINE_NAMES.map((name) => {
    const { perWeight, megabytes } = TARGETS[name];
    return report(
      `peak memory of a run, ${name}, 652 MB of weights`,
      runAlone(`memory ${name}`) as number,
      weights * perWeight + megabytes,
      'MB',
    );
  }).every(Boolean);
}
