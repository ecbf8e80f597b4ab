import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/dataset/dataset.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers } from '../../../src/core/graph/layer-detection.js';
import { NO_ACTIVATIONS, type RunResult } from '../../../src/core/passes/result.js';
import { activationStatistics } from '../../../src/core/passes/activation-statistics/pass.js';
import type { Pass } from '../../../src/core/passes/pass.js';
import { runPasses } from '../../../src/core/passes/run.js';
import { watchedBy } from '../../../src/core/passes/watched.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { probeLayers } from '../../../src/core/rewrite/probe.js';
import { ENGINES, modelOf, runnable } from '../engine/engines.js';

/** x → z = x W → h = ReLU(z) → y = h + x; z is what a pass may watch, w is the same for all inputs. */
const model = modelOf({
  node: [
    makeNode('MatMul', ['x', 'W'], ['z'], {}),
    makeNode('Relu', ['z'], ['h']),
    makeNode('Add', ['h', 'x'], ['y']),
    makeNode('Neg', ['W'], ['shared']),
  ],
  input: [makeValueInfo('x', DataType.FLOAT, ['N', 2])],
  output: [makeValueInfo('y', DataType.FLOAT, ['N', 2]), makeValueInfo('shared', DataType.FLOAT, [2, 2])],
  initializer: [floatTensor('W', [2, 2], [1, -1, 0, 2])],
});

const rows = [
  [1, 2],
  [-3, 1],
  [0, -1],
];
const dataset: Dataset = {
  size: rows.length,
  description: 'three rows',
  key: 'rows',
  synthetic: false,
  maximumBatch: Infinity,
  skipped: [],
  async batch(start, end) {
    const some = rows.slice(start, end);
    const data = Float32Array.from(some.flat());
    return {
      feeds: { x: { type: 'float32', data, dims: [some.length, 2] } },
      indices: some.map((_, at) => start + at),
    };
  },
  preview: async () => ({ kind: 'array', name: '', dims: [], values: [] }),
  targets: async () => ({}),
  label: () => undefined,
};

/** Adds up what it watches, under the labels that it gave. */
const summing: Pass<Map<string, number>> = {
  id: 'summing',
  version: 1,
  title: '',
  question: '',
  method: '',
  applies: () => ({ applies: true }),
  watches: () => [
    { value: 'z', label: 'before the ReLU' },
    { value: 'h', label: 'after the ReLU' },
    { value: 'shared', label: 'no axis of examples' },
  ],
  plan: (_, watched = []) => watched.map(({ value }) => ({ layer: value, kind: 'sum' })),
  start: (_, watched = []) => new Map(watched.map(({ value, label }) => [`${value} ${label}`, 0])),
  fold(sums, batch) {
    for (const name of sums.keys()) {
      const { data } = batch.get(name.split(' ')[0] ?? '', 'sum');
      sums.set(
        name,
        data.reduce((sum, value) => sum + value, sums.get(name) ?? 0),
      );
    }
  },
  merge: () => undefined,
  finish: (sums) => ({
    pass: 'summing',
    passVersion: 1,
    answer: JSON.stringify([...sums]),
    findings: [],
    ...NO_ACTIVATIONS,
  }),
};

describe.each(ENGINES)('what passes watch beside the layers ($name engine)', ({ load }) => {
  const run = async (passes: readonly Pass<unknown>[]): Promise<RunResult> => {
    const engine = await load();
    const graph = createGraph(model);
    const layers = detectActivationLayers(graph);
    const watching = watchedBy(passes, { graph, layers });
    const found = await probeLayers({
      engine,
      threads: 1,
      graph,
      toRunnable: runnable,
      layers: [...layers, ...watching.values],
      dataset,
    });
    const isLayer = new Set(layers.map(({ value }) => value));
    return runPasses({
      graph,
      toRunnable: runnable,
      engine,
      threads: 1,
      dataset,
      layers: found.layers.filter(({ value }) => isLayer.has(value)),
      watched: watching.by(found.layers),
      maximumBatch: found.maximumBatch,
      passes,
      leftOut: [],
      brokenWeights: [],
      onProgress: () => undefined,
    });
  };

  it('is handed to that pass alone, layers among it, without what cannot be observed', async () => {
    const { passes, layers } = await run([summing, activationStatistics] as Pass<unknown>[]);
    // z = (1, 3), (−3, 5), (0, −2).
    expect(JSON.parse(passes[0]?.answer ?? '')).toEqual([
      ['z before the ReLU', 4],
      ['h after the ReLU', 9],
    ]);
    expect(layers.map(({ value }) => value)).toEqual(['h']);
    expect(Object.keys(passes[1]?.layerMetrics[0]?.values ?? {})).toEqual(['h']);
  });

  it('changes no number of the other passes', async () => {
    const [alone] = (await run([activationStatistics] as Pass<unknown>[])).passes;
    const [, beside] = (await run([summing, activationStatistics] as Pass<unknown>[])).passes;
    expect(beside).toEqual(alone);
  });
});

it('a pass that asks for nothing is told so, and the engine is not asked for a model without outputs', async () => {
  const idle: Pass<undefined> = {
    ...(summing as unknown as Pass<undefined>),
    title: 'Idle',
    plan: () => [],
    start: () => undefined,
  };
  const run = runPasses({
    graph: createGraph(model),
    toRunnable: runnable,
    engine: await (ENGINES[0] as (typeof ENGINES)[number]).load(),
    threads: 1,
    dataset,
    layers: [],
    maximumBatch: 1,
    passes: [idle as Pass<unknown>],
    leftOut: [],
    brokenWeights: [],
    onProgress: () => undefined,
  });
  await expect(run).rejects.toThrow('None of the values that were asked about');
});

it('values that nobody watches are not probed', () => {
  const graph = createGraph(model);
  const layers = detectActivationLayers(graph);
  expect(watchedBy([activationStatistics] as Pass<unknown>[], { graph, layers }).values).toEqual([]);
  expect(
    watchedBy([summing] as Pass<unknown>[], { graph, layers }).values.map(({ value, family }) => [value, family]),
  ).toEqual([
    ['z', 'value'],
    ['shared', 'value'],
  ]);
});
