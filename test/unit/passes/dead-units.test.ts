/** Methods D1 beyond the firing rate: DNR, dormancy scores, duplicates, constants, and what more inputs would change. */
import { describe, expect, it } from 'vitest';
import { deadUnits } from '../../../src/core/passes/dead-units/pass.js';
import type { RunFacts } from '../../../src/core/passes/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import type { UnitWeights } from '../../../src/core/passes/unit-weights.js';
import { layer, NO_GRAPH, observedBatch, type Activations } from './observed-batch.js';

const four = layer({ value: 'h', units: 4 });
/** methods D1: H = [[0,1,0,0],[0,0,0,2],[0,3,0,0]], three inputs by four neurons. */
const H: Activations = [
  [[0], [1], [0], [0]],
  [[0], [0], [0], [2]],
  [[0], [3], [0], [0]],
];

function finish(
  state: ReturnType<typeof deadUnits.start>,
  inputs: number,
  unitWeights?: UnitWeights,
  of = four,
): PassResult {
  const facts: RunFacts = {
    graph: NO_GRAPH,
    layers: [of],
    inputsSeen: inputs,
    onInputs: `on ${inputs} inputs`,
    synthetic: false,
    brokenWeights: [],
    ...(unitWeights === undefined ? {} : { unitWeights }),
  };
  return deadUnits.finish(state, facts);
}

function run(activations: Activations, of = four, unitWeights?: UnitWeights): PassResult {
  const state = deadUnits.start([of]);
  deadUnits.fold(state, observedBatch([of], { h: activations }));
  return finish(state, activations.length, unitWeights, of);
}

const share = (result: PassResult, id: string): number | undefined =>
  result.layerMetrics.find((metric) => metric.id === id)?.values['h'];
const units = (result: PassResult, id: string): number[] => [
  ...(result.unitMetrics.find((metric) => metric.id === id)?.values['h'] ?? []),
];

describe('the dead neuron rate', () => {
  it('is the mean over inputs of the share of silent neurons: .75 for H', () => {
    expect(share(run(H), 'layer-dead-rate')).toBeCloseTo(0.75, 10);
    [1, 1 / 3, 1, 2 / 3].forEach((silent, unit) =>
      expect(units(run(H), 'unit-silent-inputs')[unit]).toBeCloseTo(silent, 6),
    );
  });
  it('counts a channel as silent on an input only where all of its positions are 0', () => {
    const map = layer({ value: 'h', units: 2, positionAxes: [2], positionWord: 'positions' });
    const result = run(
      [
        [
          [0, 0, 1],
          [0, 0, 0],
        ],
        [
          [0, 0, 0],
          [0, 0, 0],
        ],
      ],
      map,
    );
    expect(share(result, 'layer-dead-rate')).toBeCloseTo(0.75, 10);
  });
  it('has a dynamic part: what is left when units that are dead by their weights are taken off', () => {
    const weights: UnitWeights = {
      dead: new Map([['h', [0]]]),
      outgoing: new Map([['h', { of: 'h', sums: Float64Array.of(0, 1, 0, 2), count: 3 }]]),
    };
    const result = run(H, four, weights);
    expect(share(result, 'layer-dynamic-dead-rate')).toBeCloseTo(0.5, 10);
    expect(share(result, 'layer-useless-share')).toBe(0.5);
    expect(result.answer).toContain(
      '75 % of the rectifiers’ units stay at 0 (dead neuron rate, DNR): 25 % by their weights alone (static), ' +
        '50 % because of the inputs (dynamic).',
    );
  });
  it('is parted in the layers whose weights are known, where others have none of their own', () => {
    const sum = layer({ value: 's', units: 4 });
    const state = deadUnits.start([four, sum]);
    deadUnits.fold(state, observedBatch([four, sum], { h: H, s: H }));
    const { answer } = deadUnits.finish(state, {
      graph: NO_GRAPH,
      layers: [four, sum],
      inputsSeen: 3,
      onInputs: 'on 3 inputs',
      synthetic: false,
      brokenWeights: [],
      unitWeights: { dead: new Map([['h', [0]]]), outgoing: new Map() },
    });
    expect(answer).toContain(
      '(dead neuron rate, DNR): in 1 of 2 layers, those whose units have weights of their own, ' +
        '25 % by their weights alone (static), 50 % because of the inputs (dynamic).',
    );
  });
  it('has no dynamic part where nothing is known of the weights', () => {
    expect(share(run(H), 'layer-dynamic-dead-rate')).toBeUndefined();
    expect(share(run(H), 'layer-useless-share')).toBeUndefined();
  });
});

describe('dormancy scores (ReDo)', () => {
  it('are mean |h| over the layer’s mean of it; at most .025 is faint', () => {
    const smooth = layer({ value: 'h', units: 3, family: 'smooth', operator: 'Gelu' });
    const result = run(
      [
        [[0.0249], [-0.0251], [2.95]],
        [[-0.0249], [0.0251], [2.95]],
      ],
      smooth,
    );
    [0.0249, 0.0251, 2.95].forEach((score, unit) =>
      expect(units(result, 'unit-dormancy-score')[unit]).toBeCloseTo(score, 5),
    );
    expect(share(result, 'layer-faint-share')).toBeCloseTo(1 / 3, 10);
  });
});

describe('duplicates', () => {
  const map = layer({ value: 'h', units: 5, positionAxes: [2], positionWord: 'positions' });
  // Unit 1 repeats unit 0; unit 2 has its extremes and zeros, but at other places; 3 and 4 are dead.
  const inputs: Activations = [
    [
      [0, 1, 2, 0],
      [0, 1, 2, 0],
      [2, 1, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
    [
      [3, 0, 0, 5],
      [3, 0, 0, 5],
      [3, 0, 0, 5],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  ];
  it('have the values of another unit on every position; dead units are none', () => {
    const found = run(inputs, map).findings.find(({ sentence }) => sentence.includes('values of another'));
    expect(found?.units).toEqual([1]);
    expect(share(run(inputs, map), 'layer-duplicate-share')).toBeCloseTo(0.2, 10);
  });
  it('are not spoken of on one input', () => {
    expect(share(run(inputs.slice(0, 1), map), 'layer-duplicate-share')).toBe(0);
  });
});

it('finds constant units: one value, not 0, on several inputs', () => {
  const result = run([
    [[2], [1], [0], [0]],
    [[2], [3], [0], [1]],
  ]);
  expect(result.findings.find(({ sentence }) => sentence.includes('same value'))?.units).toEqual([0]);
  expect(share(run([[[2], [1], [0], [0]]]), 'layer-constant-share')).toBe(0);
});

describe('more inputs', () => {
  const example = (index: number): Activations[number] =>
    Array.from({ length: 4 }, (_, unit) => [index >= 3 * unit && index % (unit + 1) === 0 && unit < 3 ? 1 : 0]);
  const inputs = 13;
  const fold = (from: number, to: number): ReturnType<typeof deadUnits.start> => {
    const state = deadUnits.start([four]);
    deadUnits.fold(
      state,
      observedBatch([four], { h: Array.from({ length: to - from }, (_, at) => example(from + at)) }, from),
    );
    return state;
  };
  const whole = finish(fold(0, inputs), inputs);

  it('shrink the dead set: dead among the first 1, 2, 4, 8, 13 inputs', () => {
    const curve = whole.curves.find(({ id }) => id === 'dead-by-inputs');
    expect([...(curve?.series[1]?.x ?? [])]).toEqual([1, 2, 4, 8, 13]);
    // Unit 1 first fires on input 4, unit 2 on input 6, unit 3 never.
    expect([...(curve?.series[1]?.y ?? [])]).toEqual([0.75, 0.75, 0.75, 0.25, 0.25]);
    expect([...(curve?.series[0]?.y ?? [])]).toEqual([0.75, 0.75, 0.75, 0.25, 0.25]);
  });
  it('are judged in a sentence', () => {
    const said = (from: PassResult): string | undefined =>
      from.findings.find(({ sentence }) => sentence.includes('on the first'))?.sentence;
    expect(said(finish(fold(0, 8), 8))).toBe(
      'Of 3 units that never fired on the first 4 inputs, 2 woke on the other 4.',
    );
    expect(said(whole)).toBe('The 1 unit that never fired on the first 7 inputs stayed silent on the other 6, too.');
  });
  it('have no curve where functions are never exactly 0, and the result says why', () => {
    const reason = 'There is no curve over the inputs for Gelu:';
    const smooth = run(H, layer({ value: 'h', units: 4, family: 'smooth', operator: 'Gelu' }));
    expect(smooth.curves).toEqual([]);
    expect(smooth.tables?.[0]?.definition).toContain(reason);
    expect(run(H).tables?.[0]?.definition).not.toContain('no curve');
    const gelu = layer({ value: 'g', units: 4, family: 'smooth', operator: 'Gelu' });
    const state = deadUnits.start([four, gelu]);
    deadUnits.fold(state, observedBatch([four, gelu], { h: H, g: H }));
    const both = deadUnits.finish(state, {
      graph: NO_GRAPH,
      layers: [four, gelu],
      inputsSeen: 3,
      onInputs: 'on 3 inputs',
      synthetic: false,
      brokenWeights: [],
    });
    expect(both.curves[0]?.series.map(({ label }) => label)).toEqual(['all layers', four.label]);
    expect(both.curves[0]?.definition).toContain(reason);
  });
  it('give the same in whatever order their chunks are merged', () => {
    const parts = (): ReturnType<typeof fold>[] => [fold(0, 4), fold(4, 5), fold(5, 11), fold(11, 13)];
    for (const order of [
      [0, 1, 2, 3],
      [3, 1, 0, 2],
      [2, 3, 1, 0],
    ]) {
      const [first, ...others] = order.map((at) => parts()[at] as ReturnType<typeof fold>);
      for (const other of others) deadUnits.merge(first as ReturnType<typeof fold>, other);
      expect(finish(first as ReturnType<typeof fold>, inputs)).toEqual(whole);
    }
  });
});
