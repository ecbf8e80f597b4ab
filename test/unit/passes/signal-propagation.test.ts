import { describe, expect, it } from 'vitest';
import { expectedVariances } from '../../../src/core/passes/signal-propagation/expected-variance.js';
import { signalPropagation } from '../../../src/core/passes/signal-propagation/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { layer, NO_GRAPH, observedBatch, type Activations } from './observed-batch.js';

function propagate(activations: Readonly<Record<string, Activations>>): PassResult {
  const layers = Object.entries(activations).map(([value, examples]) =>
    layer({ value, units: examples[0]?.length ?? 0, positionAxes: [2] }),
  );
  const state = signalPropagation.start(layers);
  signalPropagation.fold(state, observedBatch(layers, activations));
  const inputsSeen = Object.values(activations)[0]?.length ?? 0;
  return signalPropagation.finish(state, {
    graph: NO_GRAPH,
    layers,
    inputsSeen,
    onInputs: `on ${inputsSeen} inputs`,
    synthetic: false,
    brokenWeights: [],
  });
}

const rows = (result: PassResult) => result.tables?.[0]?.rows.map(({ cells }) => cells) ?? [];

describe('signal propagation (methods F)', () => {
  it('averages squared means and population variances of channels', () => {
    // N = 2, C = 2, H = 1, W = 2: channel 0 = (1,3),(1,3), channel 1 = (0,0),(2,2).
    const result = propagate({
      h: [
        [
          [1, 3],
          [0, 0],
        ],
        [
          [1, 3],
          [2, 2],
        ],
      ],
    });
    expect(rows(result)).toEqual([[1, 'h', 1, 2.5]]);
    expect(result.answer).toContain('No residual blocks were found');
  });

  it('of rectified normal noise has mean 0.399 and variance 0.341', () => {
    let seed = 1;
    const uniform = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const noise = Array.from({ length: 500 }, () => [Array.from({ length: 1000 }, () => Math.max(0, normal()))]);
    const [, , variance, squaredMean] = rows(propagate({ h: noise }))[0] as number[];
    expect(Math.abs(Math.sqrt(squaredMean ?? NaN) - 0.3989422804)).toBeLessThan(0.002);
    expect(Math.abs((variance ?? NaN) - 0.3408450569)).toBeLessThan(0.002);
  });

  it('merges as if all inputs had been one batch', () => {
    const one = [[[1, 5]], [[2, -4]], [[0, 3]]];
    const layers = [layer({ value: 'h', units: 1 })];
    const [left, right] = [signalPropagation.start(layers), signalPropagation.start(layers)];
    signalPropagation.fold(left, observedBatch(layers, { h: one.slice(0, 1) }));
    signalPropagation.fold(right, observedBatch(layers, { h: one.slice(1) }));
    signalPropagation.merge(left, right);
    const whole = signalPropagation.start(layers);
    signalPropagation.fold(whole, observedBatch(layers, { h: one }));
    const facts = { graph: NO_GRAPH, layers, inputsSeen: 3, onInputs: '', synthetic: false, brokenWeights: [] };
    const [merged, direct] = [left, whole].map((state) => rows(signalPropagation.finish(state, facts))[0] as number[]);
    merged?.slice(2).forEach((value, index) => expect(value).toBeCloseTo(direct?.[index + 2] ?? NaN, 12));
  });

  it('tells of variance that grows or vanishes a hundredfold, and leaves inputs out that are not finite', () => {
    const small: Activations = [[[1, -1]], [[1, -1]]];
    const large: Activations = [[[20, -20]], [[20, -20]]];
    expect(propagate({ a: small, b: large }).findings.map(({ sentence }) => sentence)).toEqual([
      'Variance grows ×400 with depth: from 1 in a to 400 in b (average over channels, on 2 inputs).',
    ]);
    expect(propagate({ a: large, b: small }).findings[0]?.sentence).toContain('Variance vanishes with depth: ×0.0025');
    expect(propagate({ a: small, b: small }).findings).toEqual([]);
    expect(rows(propagate({ h: [[[1, 3]], [[Infinity, 0]]] }))).toEqual([[1, 'h', 1, 4, 1]]);
  });

  it('the line of NF-ResNets grows by α² and is reset to 1 before a transition adds', () => {
    const block = (transition: boolean) => ({ branchFactor: 0.2, transition });
    expectedVariances([block(true), block(false), block(false), block(true)]).forEach((value, index) =>
      expect(value).toBeCloseTo([1.04, 1.08, 1.12, 1.04][index] ?? NaN, 12),
    );
  });
});
