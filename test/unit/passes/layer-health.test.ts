/** Methods D2: effective rank, rank99, multiples and contribution utility. */
import { describe, expect, it } from 'vitest';
import { layerHealth } from '../../../src/core/passes/layer-health/pass.js';
import { spectrumOf } from '../../../src/core/passes/layer-health/spectra.js';
import type { RunFacts } from '../../../src/core/passes/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { sampledRows } from '../../../src/core/summary/row-sample.js';
import type { UnitWeights } from '../../../src/core/passes/unit-weights.js';
import { layer, NO_GRAPH, observedBatch, type Activations } from './observed-batch.js';

const noise = (seed: number): number => {
  const wave = Math.sin(seed * 12.9898 + 78.233) * 43758.5453;
  return wave - Math.floor(wave) - 0.5;
};

async function run(h: Activations, unitWeights?: UnitWeights, units = h[0]?.length ?? 0): Promise<PassResult> {
  const layers = [layer({ value: 'h', units })];
  const state = layerHealth.start(layers, [], h.length);
  layerHealth.fold(state, observedBatch(layers, { h }));
  const facts: RunFacts = {
    graph: NO_GRAPH,
    layers,
    inputsSeen: h.length,
    onInputs: `on ${h.length} inputs`,
    synthetic: false,
    brokenWeights: [],
    ...(unitWeights === undefined ? {} : { unitWeights }),
  };
  await layerHealth.settle?.(state, facts);
  return layerHealth.finish(state, facts);
}

const metric = (result: PassResult, id: string): number | undefined =>
  result.layerMetrics.find((each) => each.id === id)?.values['h'];
const units = (result: PassResult, id: string): number[] => [
  ...(result.unitMetrics.find((each) => each.id === id)?.values['h'] ?? []),
];

describe('effective rank and rank99', () => {
  const diagonal = (...values: number[]): Activations =>
    values.map((value, row) => values.map((_, unit) => [unit === row ? value : 0]));
  it.each([
    [[1, 1], 2, 2],
    [[3, 1], 1.7547653506, 2],
    [[1, 0], 1, 1],
    [[100, 0.5], Math.exp(-(100 / 100.5) * Math.log(100 / 100.5) - (0.5 / 100.5) * Math.log(0.5 / 100.5)), 1],
  ])('of singular values %j are %d and %d', async (values, rank, rank99) => {
    const result = await run(diagonal(...values));
    expect(metric(result, 'layer-effective-rank')).toBeCloseTo(rank, 6);
    expect(metric(result, 'layer-rank99')).toBe(rank99);
  });

  const rows = 40;
  const width = 6;
  const random = Float32Array.from({ length: rows * width }, (_, at) => noise(at));
  const rankOf = async (data: Float32Array): Promise<number> =>
    (await spectrumOf(data, rows, width, {}, undefined)).spectrum?.effectiveRank ?? NaN;

  it('do not change with scale or rotation, and lie between 1 and the rank', async () => {
    const [cosine, sine] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = random.slice();
    for (let row = 0; row < rows; row++) {
      const [a, b] = [random[row * width] as number, random[row * width + 3] as number];
      turned[row * width] = cosine * a - sine * b;
      turned[row * width + 3] = sine * a + cosine * b;
    }
    const rank = await rankOf(random);
    expect(await rankOf(random.map((value) => 512 * value))).toBeCloseTo(rank, 6);
    expect(await rankOf(turned)).toBeCloseTo(rank, 4);
    expect(rank).toBeGreaterThan(1);
    expect(rank).toBeLessThan(width);
    const repeated = random.map((_, at) => random[at - (at % width) + (at % 2)] as number);
    expect(await rankOf(repeated)).toBeLessThanOrEqual(2 + 1e-6);
  });

  it('are left out with a reason where values are not finite', async () => {
    const result = await run([
      [[1], [Infinity]],
      [[2], [1]],
    ]);
    expect(metric(result, 'layer-effective-rank')).toBeUndefined();
    expect(result.tables?.[0]?.rows[0]?.cells.at(-1)).toBe('some values are NaN or infinite');
  });
});

it('finds units that are multiples of others, with either sign and an offset, and no others', async () => {
  const h = Array.from({ length: 50 }, (_, row) => {
    const [a, b] = [1 + noise(row), 1 + noise(row + 1000)];
    // Unit 4 fires too rarely to be compared: unit 5 is its double.
    const rare = row % 10 === 0 ? 1 : 0;
    return [[a], [b], [2 * a + 3], [5 - 0.5 * b], [rare], [2 * rare], [a + 0.2 * b]];
  });
  const result = await run(h);
  expect(result.findings[0]?.units).toEqual([2, 3]);
  expect(metric(result, 'layer-multiple-share')).toBeCloseTo(2 / 7, 10);
});

describe('contribution utility', () => {
  it('is mean |h| times the outgoing weights: (4, 4) with their sum, (2, 2) with their mean', async () => {
    // H = [[1,0],[3,2]], W_out = [[2,-1],[0,3]]: column sums of |W_out| are 2 and 4.
    const outgoing = new Map([['h', { of: 'h', sums: Float64Array.of(2, 4), count: 2 }]]);
    const result = await run(
      [
        [[1], [0]],
        [[3], [2]],
      ],
      { dead: new Map(), outgoing },
    );
    expect(units(result, 'unit-utility')).toEqual([4, 4]);
    expect(units(result, 'unit-utility-mean')).toEqual([2, 2]);
    expect(metric(result, 'layer-outgoing-magnitude')).toBe(1.5);
  });
  it('is not given where the weights behind the layer are not known', async () => {
    expect(
      (
        await run([
          [[1], [0]],
          [[3], [2]],
        ])
      ).unitMetrics,
    ).toEqual([]);
  });
});

it('keeps the same rows in whatever order parts are merged, and no more than 1,000 of many inputs', () => {
  const layers = [layer({ value: 'h', units: 3 })];
  const inputs = 2500;
  const fold = (from: number, to: number): ReturnType<typeof layerHealth.start> => {
    const state = layerHealth.start(layers, [], inputs);
    const h = Array.from({ length: to - from }, (_, at) => [[noise(from + at)], [1], [from + at]]);
    layerHealth.fold(state, observedBatch(layers, { h }, from));
    return state;
  };
  const kept = (order: readonly (readonly [number, number])[]): number[] => {
    const [first, ...others] = order.map(([from, to]) => fold(from, to));
    for (const other of others) layerHealth.merge(first as ReturnType<typeof fold>, other);
    const sample = first?.rows.get('h');
    // The third unit holds the dataset index of its input.
    return sample === undefined ? [] : [...sampledRows(sample).data].filter((_, at) => at % 3 === 2);
  };
  const one = kept([
    [0, 1000],
    [1000, 1500],
    [1500, 2500],
  ]);
  expect(
    kept([
      [1500, 2500],
      [0, 1000],
      [1000, 1500],
    ]),
  ).toEqual(one);
  expect(one.length).toBeGreaterThan(500);
  expect(one.length).toBeLessThanOrEqual(1000);
});
