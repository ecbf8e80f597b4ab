import { describe, expect, it } from 'vitest';

import type { ObservedLayer } from '../../../src/core/graph/layers.js';
import { foldChunks } from '../../../src/core/passes/fold-chunks.js';
import type { Pass, RunFacts } from '../../../src/core/passes/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { activationStatistics } from '../../../src/core/passes/activation-statistics/pass.js';
import { deadUnits } from '../../../src/core/passes/dead-units/pass.js';
import { passes } from '../../../src/core/passes/registry.js';
import { zeroSparsity } from '../../../src/core/passes/zero-sparsity/pass.js';
import { CancelledError } from '../../../src/core/errors.js';
import type { ObservedBatch } from '../../../src/core/rewrite/observation.js';
import { total } from '../../../src/core/summary/counts.js';
import { drawable } from '../../../src/core/summary/histogram.js';
import { freeTensors } from '../../../src/core/tensor/free-tensors.js';
import { layer, NO_GRAPH, observedBatch, type Activations } from './observed-batch.js';

function facts(layers: readonly ObservedLayer[], inputsSeen: number): RunFacts {
  return {
    graph: NO_GRAPH,
    layers,
    inputsSeen,
    onInputs: `on ${inputsSeen} inputs`,
    synthetic: false,
    brokenWeights: [],
  };
}

function runPass<S>(
  pass: Pass<S>,
  layers: readonly ObservedLayer[],
  activations: Readonly<Record<string, Activations>>,
): PassResult {
  const state = pass.start(layers);
  pass.fold(state, observedBatch(layers, activations));
  return pass.finish(state, facts(layers, Object.values(activations)[0]?.length ?? 0));
}

const metric = (metrics: PassResult['layerMetrics'], id: string): Readonly<Record<string, number>> =>
  metrics.find((candidate) => candidate.id === id)?.values ?? {};
const units = (result: PassResult, id: string, value = 'h'): number[] =>
  Array.from(result.unitMetrics.find((candidate) => candidate.id === id)?.values[value] ?? []);

describe('zero sparsity (methods C1)', () => {
  // H = [[0,1,0,2],[0,0,3,1],[0,1,0,0]]: one input of 3 tokens and 4 neurons.
  const tokens = layer({
    value: 'h',
    units: 4,
    positionWord: 'tokens',
    positionAxes: [1],
    unitAxes: [2],
    shape: [3, 4],
  });
  const result = runPass(zeroSparsity, [tokens], {
    h: [
      [
        [0, 0, 0],
        [1, 0, 1],
        [0, 3, 0],
        [2, 1, 0],
      ],
    ],
  });
  const curve = (id: string, series: number): number[] =>
    Array.from(result.curves.find((c) => c.id === id)?.series[series]?.y ?? []);

  it('counts the share of exact zeros of a layer and of each neuron', () => {
    expect(metric(result.layerMetrics, 'layer-zero-share').h).toBeCloseTo(0.5833333, 6);
    const expected = [1, 1 / 3, 2 / 3, 1 / 3];
    units(result, 'unit-zero-share').forEach((share, unit) => expect(share).toBeCloseTo(expected[unit] as number, 6));
  });
  it('gives .5, .5, .75 by token', () => {
    expect(curve('zero-share-by-token', 0)).toEqual([0.5, 0.5, 0.75]);
  });
  it('counts tokens from 1 along the axis', () => {
    expect(result.curves.find(({ id }) => id === 'zero-share-by-token')?.series[0]?.x).toEqual(
      Float32Array.of(1, 2, 3),
    );
  });
  it('aggregates over tokens: .5, .25, .25, never rising, above the uniform baseline .583, .340, .198', () => {
    expect(curve('aggregated-sparsity', 0)).toEqual([0.5, 0.25, 0.25]);
    [0.5833333, 0.3402778, 0.1984954].forEach((value, index) =>
      expect(curve('aggregated-sparsity', 2)[index]).toBeCloseTo(value, 6),
    );
  });
  it('takes unequal firing rates into account in the stricter baseline', () => {
    // Zero rates 1, 1/3, 2/3, 1/3: mean of their squares is (1 + 1/9 + 4/9 + 1/9) / 4.
    expect(curve('aggregated-sparsity', 1)[1]).toBeCloseTo((1 + 1 / 9 + 4 / 9 + 1 / 9) / 4, 6);
    // Of three tokens, all: agg less (1 + 1/27 + 8/27 + 1/27) / 4 with own rates, and less s³ with alike units.
    const [row] = result.tables?.find(({ id }) => id === 'reuse-gain')?.rows ?? [];
    [3, 0.25, 37 / 108, 0.25 - 37 / 108, 0.1984954, 0.25 - 0.1984954].forEach((want, column) =>
      expect(row?.cells[column + 1]).toBeCloseTo(want, 6),
    );
  });
});

describe('dead, dormant and always-on units (methods D1)', () => {
  const four = layer({ value: 'h', units: 4 });
  // H = [[0,1,0,0],[0,0,0,2],[0,3,0,0]]
  const result = runPass(deadUnits, [four], {
    h: [
      [[0], [1], [0], [0]],
      [[0], [0], [0], [2]],
      [[0], [3], [0], [0]],
    ],
  });

  it('finds the dead half: units 0 and 2', () => {
    expect(metric(result.layerMetrics, 'layer-dead-share').h).toBe(0.5);
    expect(result.findings[0]?.units).toEqual([0, 2]);
    expect(result.findings[0]?.sentence).toBe('h: 2 of 4 neurons never fired on 3 inputs (50 %).');
  });
  it('gives zero rates 1, 1/3, 1, 2/3', () => {
    const zeroRates = units(result, 'unit-firing-rate').map((rate) => 1 - rate);
    [1, 1 / 3, 1, 2 / 3].forEach((rate, unit) => expect(zeroRates[unit]).toBeCloseTo(rate, 6));
  });
  it('calls a unit dormant below 1 % strictly, and always on at 100 %', () => {
    const rare = (fires: number): number[] => Array.from({ length: 200 }, (_, position) => (position < fires ? 1 : 0));
    const map = layer({ value: 'h', units: 4, positionAxes: [2], positionWord: 'positions' });
    const shares = runPass(deadUnits, [map], {
      h: [
        [rare(1), rare(2), rare(200), rare(100)],
        [rare(1), rare(2), rare(200), rare(100)],
      ],
    });
    expect(metric(shares.layerMetrics, 'layer-dormant-share').h).toBe(0.25);
    expect(metric(shares.layerMetrics, 'layer-always-on-share').h).toBe(0.25);
  });
  it('measures smooth units by size: dead when max |h| stays under 1 % of what it is on average over the layer', () => {
    const smooth = layer({ value: 'h', units: 3, family: 'smooth', operator: 'Gelu' });
    // On average 0.34.
    const shares = runPass(deadUnits, [smooth], {
      h: [
        [[-0.003], [1], [0.02]],
        [[0.002], [0.5], [-0.01]],
      ],
    });
    expect(shares.findings.find(({ severity }) => severity === 'warning')?.units).toEqual([0]);
    expect(shares.answer).toBe('1 of 3 units (33 %) stayed near zero on 2 inputs.');
  });
  it('does not let one massive unit make the rest of its layer look dead', () => {
    const units = 64;
    const gated = layer({ value: 'h', units, family: 'smooth', operator: 'Silu' });
    const input = (size: number): number[][] => Array.from({ length: units }, (_, at) => [at === 0 ? 3000 : size]);
    const shares = runPass(deadUnits, [gated], { h: [input(2), input(3)] });
    expect(metric(shares.layerMetrics, 'layer-dead-share').h).toBe(0);
    expect(shares.answer).toBe('None of the 64 units stayed near zero on 2 inputs.');
  });
  it('calls a Tanh unit saturated only above 99 % of its entries', () => {
    const tanh = layer({ value: 'h', units: 2, family: 'saturating', operator: 'Tanh', positionAxes: [2] });
    const entries = (saturated: number): number[] =>
      Array.from({ length: 100 }, (_, index) => (index < saturated ? 0.995 : 0.5));
    const shares = runPass(deadUnits, [tanh], { h: [[entries(100), entries(99)]] });
    expect(metric(shares.layerMetrics, 'layer-saturated-share').h).toBe(0.5);
  });
  it('does not let one infinity make the rest of its layer look dead, nor call the broken unit so', () => {
    const leaky = layer({ value: 'h', units: 3, family: 'smooth', operator: 'LeakyRelu' });
    const shares = runPass(deadUnits, [leaky], {
      h: [
        [[1], [Infinity], [0.5]],
        [[2], [1], [0.001]],
      ],
    });
    expect(shares.findings.filter(({ severity }) => severity !== 'information')).toEqual([]);
    expect(units(shares, 'unit-peak-ratio')[0]).toBeCloseTo(1.6, 6);
  });
  it('says “linear” of plain ReLU units only: a HardSwish that never rests still bends', () => {
    const advice = (operator: string): string | undefined =>
      runPass(deadUnits, [layer({ value: 'h', units: 1, operator })], { h: [[[1]], [[2]]] }).findings[0]?.advice;
    expect(advice('Relu')).toContain('linear');
    expect(advice('HardSwish')).not.toContain('linear');
    expect(advice('Relu6')).not.toContain('linear');
  });
  it('warns beside a share that rests on one input', () => {
    const one = runPass(deadUnits, [four], { h: [[[0], [1], [0], [0]]] });
    expect(one.findings[0]?.sentence).toContain('This rests on one input only.');
  });
  it('only ever shrinks the dead set with more inputs', () => {
    const state = deadUnits.start([four]);
    const deadAfter: number[] = [];
    [
      [[0], [1], [0], [0]],
      [[0], [0], [0], [2]],
      [[5], [3], [0], [0]],
    ].forEach((example, index) => {
      deadUnits.fold(state, observedBatch([four], { h: [example] }, index));
      const { layerMetrics } = deadUnits.finish(state, facts([four], index + 1));
      deadAfter.push(metric(layerMetrics, 'layer-dead-share').h as number);
    });
    expect(deadAfter).toEqual([0.75, 0.5, 0.25]);
  });
});

describe('activation statistics', () => {
  const map = layer({ value: 'h', units: 2, positionAxes: [2], positionWord: 'positions' });

  it('gives mean, deviation, extremes and zeros of a hand-worked layer', () => {
    const result = runPass(activationStatistics, [map], {
      h: [
        [
          [1, 3],
          [0, -2],
        ],
        [
          [5, 7],
          [0, 2],
        ],
      ],
    });
    expect(units(result, 'unit-mean')).toEqual([4, 0]);
    expect(units(result, 'unit-deviation')[0]).toBeCloseTo(Math.sqrt(5), 6);
    expect(units(result, 'unit-deviation')[1]).toBeCloseTo(Math.sqrt(2), 6);
    expect(units(result, 'unit-minimum')).toEqual([1, -2]);
    expect(units(result, 'unit-maximum')).toEqual([7, 2]);
    expect(units(result, 'unit-mean-magnitude')).toEqual([4, 1]);
    expect(units(result, 'unit-zeros')).toEqual([0, 2]);
  });
  it('keeps NaN and infinity out of the mean, counts them and says so', () => {
    const result = runPass(activationStatistics, [map], {
      h: [
        [
          [1, 3],
          [NaN, 1],
        ],
        [
          [5, 7],
          [Infinity, NaN],
        ],
        [
          [1, 1],
          [2, 4],
        ],
      ],
    });
    expect(units(result, 'unit-mean')).toEqual([3, 3]);
    expect(units(result, 'unit-non-finite')).toEqual([0, 3]);
    expect(result.findings[0]).toMatchObject({ severity: 'error', layer: 'h', units: [1] });
    expect(result.findings[0]?.sentence).toBe('h: 1 of 2 neurons gave NaN or infinity on 2 of 3 inputs.');
  });
  it('orders the examples that excite a unit most, ties by index', () => {
    const result = runPass(activationStatistics, [map], {
      h: [
        [
          [1, 0],
          [4, 4],
        ],
        [
          [9, 2],
          [4, 0],
        ],
        [
          [3, 3],
          [1, 1],
        ],
      ],
    });
    const top = result.topExamples?.h;
    expect(Array.from(top?.indices.slice(0, 4) ?? [])).toEqual([1, 2, 0, -1]);
    expect(Array.from(top?.indices.slice(12, 15) ?? [])).toEqual([0, 1, 2]);
  });
  it('counts every value once in the layer histogram and in the unit histograms', () => {
    const result = runPass(activationStatistics, [map], {
      h: [
        [
          [1, 3],
          [0, -2],
        ],
        [
          [5, 7],
          [0, 2],
        ],
      ],
    });
    const histogram = drawable(result.histograms?.h?.layer ?? new Uint32Array());
    expect(histogram.zeros + histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(8);
    expect(result.histograms?.h).toMatchObject({ counted: 8, total: 8 });
  });
});

describe('the run loop’s folding', () => {
  const small = layer({ value: 'h', units: 5 });
  const start = (pass: Pass<unknown>, first?: unknown): unknown => pass.start([small], [], 300, first);
  const random = (index: number, unit: number): number => Math.max(0, Math.sin(index * 12.9898 + unit * 78.233) * 3);
  async function* observe(start: number, end: number): AsyncGenerator<ObservedBatch> {
    await Promise.resolve();
    const batch = observedBatch(
      [small],
      {
        h: Array.from({ length: end - start }, (_, row) =>
          Array.from({ length: 5 }, (_, unit) => [random(start + row, unit)]),
        ),
      },
      start,
    );
    const given: Float32Array[] = [];
    yield {
      ...batch,
      get(value, kind) {
        const observed = batch.get(value, kind);
        given.push(observed.data);
        return observed;
      },
    };
    // As the run loop does: a pass that kept any of it would find nothing there.
    freeTensors(
      Object.fromEntries(given.map((data, index) => [index, { type: 'float32', dims: [data.length], data } as const])),
    );
    expect(given.every(({ length }) => length === 0)).toBe(true);
  }
  const run = async (batch: number, inputs = 300): Promise<PassResult[]> => {
    const { states, inputsSeen } = await foldChunks(passes, start, inputs, batch, observe, () => undefined);
    expect(inputsSeen).toBe(inputs);
    return passes.map((pass, index) => pass.finish(states[index], facts([small], inputsSeen)));
  };

  it('gives the same numbers whatever the batch size', async () => {
    const [one, seven, all] = [await run(1), await run(7), await run(64)];
    expect(seven).toEqual(one);
    expect(all).toEqual(one);
  });
  it('gives the same numbers whether chunks share what adds up in any order or are merged whole', async () => {
    const finished = async (begin: typeof start): Promise<PassResult[]> => {
      const { states } = await foldChunks(passes, begin, 300, 8, observe, () => undefined);
      return passes.map((pass, index) => pass.finish(states[index], facts([small], 300)));
    };
    expect(await finished(start)).toEqual(await finished((pass) => start(pass)));
  });
  it('keeps histograms and rows of a run once, however many states wait to be merged', async () => {
    const kept = new Set<unknown>();
    const watching: Pass<unknown> = {
      ...(activationStatistics as Pass<unknown>),
      merge(state, other) {
        for (const one of [state, other] as ReturnType<typeof activationStatistics.start>[])
          kept.add(one.get('h')?.shared);
        activationStatistics.merge(state as never, other as never);
      },
    };
    const { states } = await foldChunks([watching], start, 300, 8, observe, () => undefined);
    expect([...kept]).toEqual([(states[0] as ReturnType<typeof activationStatistics.start>).get('h')?.shared]);
    const [result] = states.map((state) => watching.finish(state, facts([small], 300)));
    expect(result?.histograms?.['h']?.counted).toBe(300 * 5);
    expect(total(Float64Array.from(result?.histograms?.['h']?.units ?? []))).toBe(300 * 5);
  });
  it('agrees with a direct computation over all inputs', async () => {
    const results = await run(8);
    const values = Array.from({ length: 300 }, (_, index) => random(index, 2)).map(Math.fround);
    const mean = values.reduce((sum, value) => sum + value, 0) / 300;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 300;
    const statistics = results.find(({ pass }) => pass === 'activation-statistics') as PassResult;
    expect(units(statistics, 'unit-mean')[2]).toBeCloseTo(mean, 6);
    expect(units(statistics, 'unit-deviation')[2]).toBeCloseTo(Math.sqrt(variance), 6);
    const sparsity = results.find(({ pass }) => pass === 'zero-sparsity') as PassResult;
    expect(units(sparsity, 'unit-zero-share')[2]).toBeCloseTo(values.filter((value) => value === 0).length / 300, 6);
  });
  it('keeps what it saw when cancelled, and says how many inputs that was', async () => {
    const controller = new AbortController();
    const folded = await foldChunks(
      passes,
      start,
      300,
      10,
      observe,
      (done) => done >= 100 && controller.abort(),
      controller.signal,
    );
    expect(folded.inputsSeen).toBe(104);
  });
  it('is cancelled outright when nothing was seen yet', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(foldChunks(passes, start, 10, 5, observe, () => undefined, controller.signal)).rejects.toThrow(
      CancelledError,
    );
  });
});
