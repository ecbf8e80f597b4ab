/** Methods E and F on two real networks against an implementation in numpy: test/fixtures/signals/make_signals.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/dataset/dataset.js';
import { massiveActivations } from '../../../src/core/passes/massive-activations/pass.js';
import type { Pass } from '../../../src/core/passes/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { runPasses } from '../../../src/core/passes/run.js';
import { signalPropagation } from '../../../src/core/passes/signal-propagation/pass.js';
import { watchedBy } from '../../../src/core/passes/watched.js';
import { probeLayers } from '../../../src/core/rewrite/probe.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { modelFacts } from '../../../src/worker/model-facts.js';
import { ENGINES } from '../engine/engines.js';
import { neededData } from '../shared-data.js';

interface Propagated {
  readonly squaredMean: number;
  readonly variance: number;
}
interface Expected {
  readonly blocks: readonly Propagated[];
  readonly branches: readonly Propagated[];
  readonly points: readonly {
    readonly largest: readonly [number, number, number];
    readonly median: number;
    readonly ratio: number;
    readonly peak: number;
    readonly dimensions: readonly number[];
    readonly positions: readonly number[];
    readonly massiveInputs: number;
  }[];
}
const expected = JSON.parse(
  readFileSync(new URL('../../fixtures/signals/signals.json', import.meta.url), 'utf8'),
) as Record<'stories260K' | 'resnet20', Expected>;

/** The generator of the fixtures (Lehmer). */
function lehmer(): () => number {
  let seed = 1;
  return () => (seed = (seed * 48271) % 2147483647);
}

function datasetOf(size: number, input: string, example: () => Tensor): Dataset {
  const examples = Array.from({ length: size }, example);
  return {
    size,
    description: 'the inputs of the fixtures',
    key: input,
    synthetic: false,
    maximumBatch: Infinity,
    skipped: [],
    async batch(start, end) {
      const some = examples.slice(start, end);
      const [first] = some;
      if (first === undefined) return { feeds: {}, indices: [] };
      const dims = [some.length, ...first.dims.slice(1)];
      const values = some.flatMap(({ data }) => Array.from(data as ArrayLike<number | bigint>));
      const tensor: Tensor =
        first.type === 'int64'
          ? { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) }
          : { type: 'float32', dims, data: Float32Array.from(values, Number) };
      return { feeds: { [input]: tensor }, indices: some.map((_, row) => start + row) };
    },
    preview: async () => ({ kind: 'array', name: '', dims: [], values: [] }),
    targets: async () => ({}),
    label: () => undefined,
  };
}

async function run(
  path: string,
  dataset: Dataset,
  passes: readonly Pass<unknown>[],
  engineOf: (typeof ENGINES)[number],
): Promise<readonly PassResult[]> {
  const { network, close } = await openModelFile(path);
  if (network === undefined) throw new Error('There is no graph.');
  const engine = await engineOf.load();
  const { layers, toRunnable, observable: graph } = network;
  const watching = watchedBy(passes, modelFacts(network));
  const probe = await probeLayers({
    engine,
    threads: 1,
    graph,
    toRunnable,
    layers: [...layers, ...watching.values],
    dataset,
  });
  const isLayer = new Set(layers.map(({ value }) => value));
  const { passes: found } = await runPasses({
    graph,
    toRunnable,
    engine,
    threads: 1,
    dataset,
    layers: probe.layers.filter(({ value }) => isLayer.has(value)),
    watched: watching.by(probe.layers),
    maximumBatch: probe.maximumBatch,
    batch: 4,
    passes,
    leftOut: [],
    brokenWeights: [],
    onProgress: () => undefined,
  });
  await close();
  return found;
}

/** Methods section 0; every measure here is a mean, whose terms add up to it. */
function expectClose(got: unknown, want: number): void {
  expect(Math.abs(Number(got) - want)).toBeLessThanOrEqual(1e-5 + 1e-4 * Math.abs(want));
}

function expectPropagation(result: PassResult | undefined, { blocks, branches }: Expected): void {
  const rows = result?.tables?.[0]?.rows ?? [];
  expect(rows.length).toBe(blocks.length);
  rows.forEach(({ cells: [, , variance, squaredMean, branch] }, index) => {
    expectClose(variance, blocks[index]?.variance ?? NaN);
    expectClose(squaredMean, blocks[index]?.squaredMean ?? NaN);
    expectClose(branch, branches[index]?.variance ?? NaN);
  });
}

describe.each(ENGINES)('methods E and F, $name engine, agree with numpy', (engine) => {
  it('on a language model', async ({ skip }) => {
    const path = neededData('derived/stories260K.onnx', skip);
    const next = lehmer();
    const texts = datasetOf(6, 'tokens', () => ({
      type: 'int64',
      dims: [1, 40],
      data: BigInt64Array.from({ length: 40 }, (_, at) => (at === 0 ? 1n : BigInt(next() % 512))),
    }));
    const [propagation, magnitudes] = await run(
      path,
      texts,
      [signalPropagation, massiveActivations] as Pass<unknown>[],
      engine,
    );
    expectPropagation(propagation, expected.stories260K);
    const rows = magnitudes?.tables?.[0]?.rows ?? [];
    expect(rows.length).toBe(11);
    rows.forEach(({ cells }, index) => {
      const point = expected.stories260K.points[index];
      if (point === undefined) throw new Error('More points than numpy has.');
      point.largest.forEach((size, rank) => expectClose(cells[2 + rank], size));
      expectClose(cells[5], point.median);
      expectClose(cells[6], point.ratio);
      expectClose(cells[7], point.peak);
      expect(cells[8]).toBe(`${point.massiveInputs} of 6`);
      const often = (list: readonly number[], value: number): number => list.filter((each) => each === value).length;
      const dimension = Number.parseInt(String(cells[9]), 10);
      expect(cells[9]).toBe(`${dimension} (${often(point.dimensions, dimension)} of 6)`);
      expect(often(point.dimensions, dimension)).toBe(
        Math.max(...point.dimensions.map((each) => often(point.dimensions, each))),
      );
      const position = Number.parseInt(String(cells[10]), 10) - 1;
      expect(often(point.positions, position)).toBe(
        Math.max(...point.positions.map((each) => often(point.positions, each))),
      );
    });
  });

  it('on a residual network for pictures', async ({ skip }) => {
    const path = neededData('derived/resnet20-12fca82f.onnx', skip);
    const next = lehmer();
    const noise = (): number => Array.from({ length: 12 }, next).reduce((sum, each) => sum + each, 0) / 2147483647 - 6;
    const pictures = datasetOf(8, 'input', () => ({
      type: 'float32',
      dims: [1, 3, 32, 32],
      data: Float32Array.from({ length: 3 * 32 * 32 }, noise),
    }));
    const [propagation] = await run(path, pictures, [signalPropagation] as Pass<unknown>[], engine);
    expectPropagation(propagation, expected.resnet20);
  });
});
