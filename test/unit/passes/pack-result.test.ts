import { expect, it } from 'vitest';
import { packResult, unpackResult } from '../../../src/core/passes/pack-result.js';
import { passes } from '../../../src/core/passes/registry.js';
import type { RunResult } from '../../../src/core/passes/result.js';
import { layer, NO_GRAPH, observedBatch } from './observed-batch.js';

it('packs a result into named arrays and JSON, and back without loss, NaN included', () => {
  const layers = [layer({ value: 'h', units: 2 }), layer({ value: 'a/b', units: 3 })];
  const batch = observedBatch(layers, { h: [[[1], [NaN]]], 'a/b': [[[0], [0], [2]]] });
  const result: RunResult = {
    layers: layers.map(({ value, label, units, unitWord }) => ({
      value,
      label,
      module: [],
      operator: 'Relu',
      family: 'rectifier',
      units,
      unitWord,
      shape: [units],
    })),
    passes: passes.map((pass) => {
      const state = pass.start(layers);
      pass.fold(state, batch);
      return pass.finish(state, {
        graph: NO_GRAPH,
        layers,
        inputsSeen: 1,
        onInputs: 'on 1 input',
        synthetic: false,
        brokenWeights: [],
      });
    }),
    inputsSeen: 1,
    inputsPlanned: 1,
    skipped: [],
    leftOut: [],
    data: '1 array',
    synthetic: false,
    engine: 'test',
    seconds: NaN,
    finished: '2000-01-01T00:00:00Z',
  };
  const packed = packResult(result);
  expect([...packed.arrays.keys()]).toContain('passes/dead-units/unitMetrics/unit-firing-rate/values/a/b');
  expect(unpackResult<RunResult>(packed)).toEqual(result);
});
