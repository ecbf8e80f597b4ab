/**
 * Every measure of activations against an independent implementation: forward, sparsity, dead rates, ranks, utilities and
 * core neurons in numpy (test/fixtures/activations/make_activations.py), on the samples and on three models of others.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/dataset/dataset.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { coreNeurons } from '../../../src/core/passes/core-neurons/pass.js';
import { deadUnits } from '../../../src/core/passes/dead-units/pass.js';
import { layerHealth } from '../../../src/core/passes/layer-health/pass.js';
import type { Pass } from '../../../src/core/passes/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { runPasses, type Run } from '../../../src/core/passes/run.js';
import { watchedBy } from '../../../src/core/passes/watched.js';
import { zeroSparsity } from '../../../src/core/passes/zero-sparsity/pass.js';
import { floatTensor, makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { probeLayers } from '../../../src/core/rewrite/probe.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { tensorsOf } from '../../../src/worker/network-subject.js';
import { createTensorReader } from '../../../src/worker/tensor-reader.js';
import { unitWeightsReader } from '../../../src/worker/unit-weights.js';
import { modelOf, runnable } from '../engine/engines.js';
import { neededData } from '../shared-data.js';
import { layer } from './observed-batch.js';

interface Measures {
  readonly zeroShare: number;
  readonly unitZeroShare: readonly number[];
  readonly dead: number;
  readonly faint: number;
  readonly deadRate: number;
  readonly aggregated?: readonly number[];
  readonly uniform?: readonly number[];
  readonly independent?: readonly number[];
  readonly reuseGain?: number;
  readonly effectiveRank?: number;
  readonly rank99?: number;
  readonly utility?: readonly number[];
  readonly cores?: {
    readonly inTokenCore: readonly number[];
    readonly inTextCore: readonly number[];
    readonly half: number;
    readonly similarity: number;
  };
}

const fixtures = JSON.parse(
  readFileSync(new URL('../../fixtures/activations/activations.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, Measures>>>>;
const sample = (path: string): string => fileURLToPath(new URL(`../../../media/samples/${path}`, import.meta.url));

function generator(): () => number {
  let state = 1;
  return () => (state = (Math.imul(1664525, state) + 1013904223) >>> 0);
}

function tokens(inputs: number, length: number, vocabulary: number): Tensor {
  const next = generator();
  const data = BigInt64Array.from({ length: inputs * length }, () => BigInt((next() >>> 8) % vocabulary));
  return { type: 'int64', dims: [inputs, length], data };
}

/** a, b, =: what the network of sums modulo 113 reads. */
function sums(): Tensor {
  const { data, ...rest } = tokens(64, 3, 113);
  return {
    ...rest,
    type: 'int64',
    data: BigInt64Array.from(data as BigInt64Array, (id, at) => (at % 3 === 2 ? 113n : id)),
  };
}

function pictures(inputs: number, ...shape: readonly number[]): Tensor {
  const next = generator();
  const count = shape.reduce((product, size) => product * size, inputs);
  const data = Float32Array.from({ length: count }, () => (next() >>> 16) / 32768 - 1);
  return { type: 'float32', dims: [inputs, ...shape], data };
}

function datasetOf(name: string, all: Tensor, maximumBatch: number): Dataset {
  const [inputs = 0, ...shape] = all.dims;
  const size = shape.reduce((product, each) => product * each, 1);
  return {
    size: inputs,
    description: 'numbers',
    synthetic: false,
    key: '',
    maximumBatch,
    skipped: [],
    batch: (start, end) =>
      Promise.resolve({
        feeds: {
          [name]: { ...all, dims: [end - start, ...shape], data: all.data.slice(start * size, end * size) } as Tensor,
        },
        indices: Array.from({ length: end - start }, (_, row) => start + row),
      }),
    preview: () => Promise.resolve({ kind: 'array', name: '', dims: [], values: [] }),
    label: () => undefined,
    targets: () => Promise.resolve({}),
  };
}

const PASSES = [deadUnits, zeroSparsity, layerHealth, coreNeurons] as Pass<unknown>[];

async function resultsOf(path: string, input: string, all: Tensor): Promise<readonly PassResult[]> {
  const file = await openModelFile(path);
  const { network } = file;
  if (network === undefined) throw new Error('There is no network.');
  const engine = await loadNativeEngine();
  const dataset = datasetOf(input, all, Infinity);
  const watching = watchedBy(PASSES, { graph: network.observable, layers: network.layers });
  const probe = await probeLayers({
    graph: network.observable,
    toRunnable: network.toRunnable,
    engine,
    threads: 1,
    dataset,
    layers: [...network.layers, ...watching.values],
  });
  const known = new Set(network.layers.map(({ value }) => value));
  const reader = createTensorReader(file.weights);
  const events = { log: () => undefined, runProgress: () => undefined } as never;
  const weights = unitWeightsReader(
    file.weights.tensors,
    { graph: network.graph, tensorOf: tensorsOf(file.weights, network) },
    reader,
    events,
  );
  const run: Run = {
    graph: network.observable,
    toRunnable: network.toRunnable,
    engine,
    threads: 1,
    dataset,
    layers: probe.layers.filter(({ value, family }) => known.has(value) && family !== 'distribution'),
    watched: watching.by(probe.layers),
    maximumBatch: probe.maximumBatch,
    passes: PASSES,
    leftOut: [],
    brokenWeights: [],
    unitWeights: (layers) => weights(layers, new AbortController().signal),
    onProgress: () => undefined,
  };
  const { passes } = await runPasses(run);
  await file.close();
  return passes;
}

const layerValue = (results: readonly PassResult[], id: string, of: string): number =>
  results.flatMap(({ layerMetrics }) => layerMetrics).find((each) => each.id === id)?.values[of] ?? NaN;
const unitValues = (results: readonly PassResult[], id: string, of: string): readonly number[] => [
  ...(results.flatMap(({ unitMetrics }) => unitMetrics).find((each) => each.id === id)?.values[of] ?? []),
];

/** methods section 0, for shares and means: S is at most the larger of 1 and the value. */
function near(got: number, want: number, what: string): void {
  expect(Math.abs(got - want), `${what}: ${got}, not ${want}`).toBeLessThanOrEqual(
    1e-5 + 1e-4 * Math.max(1, Math.abs(want)),
  );
}
function allNear(got: readonly number[], want: readonly number[], what: string): void {
  expect(got.length, what).toBe(want.length);
  want.forEach((each, at) => near(got[at] as number, each, `${what} ${at}`));
}

function compare(results: readonly PassResult[], of: string, want: Measures): void {
  near(layerValue(results, 'layer-zero-share', of), want.zeroShare, `${of} zero share`);
  allNear(unitValues(results, 'unit-zero-share', of), want.unitZeroShare, `${of} zero share of unit`);
  near(layerValue(results, 'layer-dead-share', of), want.dead, `${of} dead share`);
  near(layerValue(results, 'layer-faint-share', of), want.faint, `${of} faint share`);
  const rate = layerValue(results, 'layer-dead-rate', of);
  if (!Number.isNaN(rate)) near(rate, want.deadRate, `${of} dead rate`);
  if (want.effectiveRank !== undefined) {
    near(layerValue(results, 'layer-effective-rank', of), want.effectiveRank, `${of} effective rank`);
    expect(layerValue(results, 'layer-rank99', of), `${of} rank99`).toBe(want.rank99);
  }
  allNear(unitValues(results, 'unit-utility', of), want.utility ?? [], `${of} utility of unit`);
  if (want.aggregated !== undefined) {
    // Three lines for each layer: what was seen, and what independent tokens and units that are alike would give.
    const series = results.flatMap(({ curves }) => curves).find(({ id }) => id === 'aggregated-sparsity')?.series ?? [];
    const at = series.findIndex((each) => each.layer === of);
    const lines = [want.aggregated, want.independent ?? [], want.uniform ?? []];
    lines.forEach((line, place) => {
      const { label = '', y = [] } = series[at + place] ?? {};
      allNear([...y], line, `${of} ${label}`);
    });
    near(layerValue(results, 'layer-reuse-gain', of), want.reuseGain ?? NaN, `${of} reuse gain`);
  }
  if (want.cores !== undefined) {
    // Activations that tie within float32 may change places: a neuron then is in one core more or fewer.
    const flips = (id: string, expected: readonly number[]): number =>
      unitValues(results, id, of).filter((each, unit) => Math.abs(each - (expected[unit] as number)) > 1e-5).length;
    expect(flips('unit-token-core-share', want.cores.inTokenCore)).toBeLessThanOrEqual(4);
    expect(flips('unit-text-core-share', want.cores.inTextCore)).toBeLessThanOrEqual(4);
    expect(Math.abs(layerValue(results, 'layer-core-stability', of) - want.cores.half)).toBeLessThan(0.005);
    expect(Math.abs(layerValue(results, 'layer-core-similarity', of) - want.cores.similarity)).toBeLessThan(0.005);
  }
}

describe('numpy’s numbers', () => {
  type Find = (skip: (note: string) => never) => string;
  const shared =
    (path: string): Find =>
    (skip) =>
      neededData(path, skip);
  const MODELS: readonly (readonly [string, Find, string, Tensor])[] = [
    ['resnet20', shared('derived/resnet20-12fca82f.onnx'), 'input', pictures(8, 3, 32, 32)],
    ['shapes', () => sample('shapes/shapes-resnet.onnx'), 'image', pictures(8, 3, 48, 48)],
    ['modadd113', shared('derived/modadd113_seed0.onnx'), 'tokens', sums()],
    ['stories260K', shared('derived/stories260K.onnx'), 'tokens', tokens(12, 48, 512)],
    ['grammar-gpt', () => sample('grammar-gpt/grammar-gpt.onnx'), 'input_ids', tokens(12, 48, 40)],
  ];
  it.for(MODELS)('are ours: %s', async ([name, find, input, all], { skip }) => {
    const results = await resultsOf(find(skip), input, all);
    for (const [of, want] of Object.entries(fixtures[name] ?? {})) compare(results, of, want);
  });

  it('are ours for exact zeros by token: aggregated sparsity and both baselines', async () => {
    const next = generator();
    const small = (count: number): number[] => Array.from({ length: count }, () => ((next() >>> 16) % 17) - 8);
    const [table, weight] = [small(31 * 6), small(6 * 20)];
    const model = modelOf({
      node: [
        makeNode('Gather', ['table', 'ids'], ['x']),
        makeNode('MatMul', ['x', 'weight'], ['product']),
        makeNode('Sub', ['product', 'limit'], ['z']),
        makeNode('Relu', ['z'], ['h']),
      ],
      input: [makeValueInfo('ids', DataType.INT64, ['batch', 'tokens'])],
      output: [makeValueInfo('h', DataType.FLOAT)],
      initializer: [
        floatTensor('table', [31, 6], table),
        floatTensor('weight', [6, 20], weight),
        floatTensor('limit', [], [12]),
      ],
    });
    const all = tokens(5, 24, 31);
    const h = layer({
      value: 'h',
      units: 20,
      positionWord: 'tokens',
      positionAxes: [1],
      unitAxes: [2],
      shape: [24, 20],
    });
    const { passes } = await runPasses({
      graph: createGraph(model),
      toRunnable: runnable,
      engine: await loadNativeEngine(),
      threads: 1,
      dataset: datasetOf('ids', all, Infinity),
      layers: [h],
      maximumBatch: Infinity,
      passes: [deadUnits, zeroSparsity] as Pass<unknown>[],
      leftOut: [],
      brokenWeights: [],
      onProgress: () => undefined,
    });
    compare(passes, 'h', fixtures['relu-tokens']?.['h'] as Measures);
  });
});
