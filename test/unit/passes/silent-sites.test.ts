/** Where in a picture channels are silent: sites and channels told apart. */
import { expect, it } from 'vitest';
import { silentSites } from '../../../src/core/passes/silent-sites/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { layer, NO_GRAPH, observedBatch, type Activations } from './observed-batch.js';

const shaped = (units: number, height: number, width: number) =>
  layer({
    value: 'h',
    units,
    shape: [units, height, width],
    unitAxes: [1],
    positionAxes: [2, 3],
    unitWord: 'channels',
    positionWord: 'positions',
  });

function run(parts: readonly Activations[], of: ReturnType<typeof shaped>): PassResult {
  const states = parts.map((h) => {
    const state = silentSites.start([of]);
    silentSites.fold(state, observedBatch([of], { h }));
    return state;
  });
  const [first, ...others] = states;
  if (first === undefined) throw new Error('Nothing was folded.');
  for (const other of others) silentSites.merge(first, other);
  const inputsSeen = parts.flat().length;
  return silentSites.finish(first, {
    graph: NO_GRAPH,
    layers: [of],
    inputsSeen,
    onInputs: `on ${inputsSeen} inputs`,
    synthetic: false,
    brokenWeights: [],
  });
}

// Two channels of 2 × 2 places, two inputs; channel 1 is silent but for one place of the second input.
const inputs: Activations = [
  [
    [1, 0, 2, 0],
    [0, 0, 0, 0],
  ],
  [
    [1, 0, 0, 3],
    [0, 0, 0, 4],
  ],
];

it('shares of zeros by place, of the layer and of each channel', () => {
  const maps = run([inputs], shaped(2, 2, 2)).positionMaps?.['h'];
  expect([maps?.height, maps?.width]).toEqual([2, 2]);
  expect([...(maps?.layer ?? [])]).toEqual([0.5, 1, 0.75, 0.5]);
  expect([...(maps?.units?.values ?? [])]).toEqual([0, 1, 0.5, 0.5, 1, 1, 1, 0.5]);
});

it('counts dead sites and dead channels apart: half of the sites, no channel', () => {
  const [row] = run([inputs], shaped(2, 2, 2)).tables?.[0]?.rows ?? [];
  expect(row?.cells.slice(1)).toEqual([2, 8, 0, 0.5, 0.5, 1]);
  const [alone] = run([inputs.slice(0, 1)], shaped(2, 2, 2)).tables?.[0]?.rows ?? [];
  expect(alone?.cells.slice(3, 5)).toEqual([0.5, 6 / 8]);
  expect(run([inputs.slice(0, 1)], shaped(2, 2, 2)).headlines?.map(({ value }) => value)).toEqual([6 / 8]);
});

it('gives the same for parts that are merged', () => {
  expect(run([inputs.slice(1), inputs.slice(0, 1)], shaped(2, 2, 2))).toEqual(run([inputs], shaped(2, 2, 2)));
});

it('puts places of large maps together, and then speaks of no dead sites', () => {
  const [height, width] = [64, 48];
  const place = (row: number, column: number): number => (row < 32 && column % 2 === 0 ? 0 : 1);
  const one = Array.from({ length: height * width }, (_, at) => place(Math.floor(at / width), at % width));
  const result = run([[[one]]], shaped(1, height, width));
  const units = result.positionMaps?.['h']?.units;
  expect([units?.height, units?.width]).toEqual([32, 32]);
  for (let row = 0; row < 32; row++) {
    for (let column = 0; column < 32; column++) {
      const own: number[] = [];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          if (Math.floor((y * 32) / height) === row && Math.floor((x * 32) / width) === column) own.push(place(y, x));
      const zeros = own.filter((value) => value === 0).length / own.length;
      expect(units?.values[row * 32 + column]).toBeCloseTo(zeros, 6);
    }
  }
  expect(result.layerMetrics.map(({ id }) => id)).toEqual(['layer-dead-channels-share', 'layer-silence-spread']);
});
