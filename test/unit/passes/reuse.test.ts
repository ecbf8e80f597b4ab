/** Methods C1: the reuse-policy what-if, and hot and cold units. */
import { expect, it } from 'vitest';
import { firingOfHottest, firingSpreads, unitsForFiring } from '../../../src/core/passes/zero-sparsity/hot-units.js';
import {
  AHEAD,
  createReuseMass,
  foldReuse,
  LOOK_BACK,
  missedShares,
} from '../../../src/core/passes/zero-sparsity/reuse.js';
import { createLayerZeros, foldZeros } from '../../../src/core/passes/zero-sparsity/state.js';
import { layer, NO_GRAPH, observedBatch } from './observed-batch.js';

it('misses what lies outside the units of the last w tokens, as a direct computation finds it', () => {
  const [units, tokens, inputs] = [7, 70, 2];
  const value = (input: number, unit: number, token: number): number =>
    Math.max(0, Math.round(4 * Math.sin(input * 3.7 + unit * 1.3 + token * (0.3 + unit * 0.11)) - 1.5));
  const h = Array.from({ length: inputs }, (_, input) =>
    Array.from({ length: units }, (__, unit) =>
      Array.from({ length: tokens }, (___, token) => value(input, unit, token)),
    ),
  );
  const block = layer({ value: 'h', units, positionWord: 'tokens', positionAxes: [2] });
  const mass = createReuseMass();
  foldReuse(mass, 'h', units, observedBatch([block], { h }));
  LOOK_BACK.forEach((back, look) => {
    const want = AHEAD.map((ahead) => {
      let [missed, all] = [0, 0];
      for (let input = 0; input < inputs; input++) {
        for (let start = 16; start < tokens; start += ahead) {
          const set = new Set<number>();
          for (let unit = 0; unit < units; unit++)
            for (let token = start - back; token < start; token++) if (value(input, unit, token) > 0) set.add(unit);
          for (let token = start; token < Math.min(tokens, start + ahead); token++) {
            for (let unit = 0; unit < units; unit++) {
              all += value(input, unit, token);
              if (!set.has(unit)) missed += value(input, unit, token);
            }
          }
        }
      }
      return Math.fround(missed / all);
    });
    expect([...(missedShares(mass, look) ?? [])]).toEqual(want);
    if (back === 1) expect(Math.max(...want)).toBeGreaterThan(0);
  });
});

it('says nothing of texts of up to 16 tokens', () => {
  const block = layer({ value: 'h', units: 1, positionWord: 'tokens', positionAxes: [2] });
  const mass = createReuseMass();
  foldReuse(mass, 'h', 1, observedBatch([block], { h: [[Array.from({ length: 16 }, () => 1)]] }));
  expect(missedShares(mass, 0)).toBeUndefined();
});

it('hot units: firing of the hottest, and how many units have most of it', () => {
  // Firing 6, 3, 1, 0, 0 of 6 entries each: the hottest fifth (one unit) has 60 %, two have 90 %.
  const rows = [6, 3, 1, 0, 0].map((fires) => Array.from({ length: 6 }, (_, at) => (at < fires ? 2 : 0)));
  const map = layer({ value: 'h', units: 5, positionAxes: [2], positionWord: 'positions' });
  const zeros = createLayerZeros(map, 1);
  foldZeros(zeros, map, observedBatch([map], { h: [rows] }));
  const facts = { graph: NO_GRAPH, layers: [map], inputsSeen: 1, onInputs: '', synthetic: false, brokenWeights: [] };
  const [spread] = firingSpreads(new Map([['h', zeros]]), facts);
  if (spread === undefined) throw new Error('The layer has no spread.');
  expect(firingOfHottest(spread, 0.2)).toBeCloseTo(0.6, 12);
  expect(firingOfHottest(spread, 0.4)).toBeCloseTo(0.9, 12);
  expect(firingOfHottest(spread, 1)).toBe(1);
  expect(unitsForFiring(spread, 0.8)).toBe(0.4);
  expect(spread.silent).toBe(2);
});
