import { describe, expect, it } from 'vitest';
import {
  compareHeadlines,
  comparisonText,
  controlMetrics,
  controlsThatGive,
  givenByControls,
  withControlSeries,
} from '../../../src/core/controls/compare.js';
import { controlLabel, withControls, type ControlRun, type Controls } from '../../../src/core/controls/control.js';
import type { Curve, Finding, Headline, LayerMetric } from '../../../src/core/passes/result.js';

const headline = (value: number, interval?: [number, number]): Headline => ({
  id: 'zero-share',
  label: 'Zero share',
  definition: 'Share of all entries that are exactly 0.',
  format: 'share',
  value,
  ...(interval === undefined ? {} : { interval: { low: interval[0], high: interval[1], inputs: 50 } }),
});
const metric = (value: number): LayerMetric => ({
  id: 'layer-zero-share',
  label: 'Zero share',
  definition: 'Share of the layer’s entries that are exactly 0.',
  format: 'share',
  scale: 'sequential',
  values: { relu: value },
});
const curve = (y: number): Curve => ({
  id: 'by-token',
  title: 'By token',
  xLabel: 'Token',
  yLabel: 'Zero share',
  definition: '',
  format: 'share',
  series: [
    { label: 'relu', layer: 'relu', x: Float32Array.of(0), y: Float32Array.of(y) },
    { label: 'relu, baseline', layer: 'relu', x: Float32Array.of(0), y: Float32Array.of(0.5), dashed: true },
  ],
});
const finding = (weight: number, more: Partial<Finding> = {}): Finding => ({
  severity: 'warning',
  kind: 'dead',
  weight,
  sentence: 'Some are dead.',
  layer: 'relu',
  ...more,
});
const run = (control: ControlRun['control'], value: number, weight: number, seed = 1): ControlRun => ({
  control,
  seed,
  description: 'Something was changed.',
  inputsSeen: 50,
  seconds: 1,
  passes: [
    {
      pass: 'p',
      passVersion: 1,
      headlines: [headline(value)],
      layerMetrics: [metric(value)],
      curves: [curve(value)],
      findings: [finding(weight)],
    },
  ],
});
const controls: Controls = {
  runs: [run('random-weights', 0.49, 0.3), run('shuffled-inputs', 0.6, 0.1)],
  notRun: [],
};

describe('controls beside a result', () => {
  it('stand beside every headline; no different is what lies in its interval', () => {
    const [compared] = compareHeadlines({ pass: 'p', headlines: [headline(0.61, [0.58, 0.63])] }, controls);
    expect(compared?.controls).toEqual([
      { label: 'random weights', value: 0.49, within: false },
      { label: 'shuffled inputs', value: 0.6, within: true },
    ]);
    expect(comparisonText(compared as NonNullable<typeof compared>)).toBe(
      'Zero share: 61 % (58 % to 63 % in 95 % of 200 resamples of the 50 inputs); random weights: 49 %; ' +
        'shuffled inputs: 60 % (no different: within the interval).',
    );
  });

  it('say nothing of a headline without an interval but their numbers, nor of a pass that they did not run', () => {
    const [compared] = compareHeadlines({ pass: 'p', headlines: [headline(0.61)] }, controls);
    expect(compared?.controls).toEqual([
      { label: 'random weights', value: 0.49 },
      { label: 'shuffled inputs', value: 0.6 },
    ]);
    expect(compareHeadlines({ pass: 'other', headlines: [headline(0.61)] }, controls)[0]?.controls).toEqual([]);
  });

  it('give a finding, too, when theirs of its kind and layer has four fifths of its weight or more', () => {
    expect(controlsThatGive('p', finding(0.37), controls)).toEqual(['random-weights']);
    expect(controlsThatGive('p', finding(0.38), controls)).toEqual([]);
    expect(controlsThatGive('p', finding(0.1), controls)).toEqual(['random-weights', 'shuffled-inputs']);
    expect(controlsThatGive('p', finding(0.1, { layer: 'other' }), controls)).toEqual([]);
    expect(controlsThatGive('p', finding(0.1, { kind: 'dormant' }), controls)).toEqual([]);
    expect(controlsThatGive('other', finding(0.1), controls)).toEqual([]);
    const unnamed = finding(0.1);
    expect(controlsThatGive('p', { ...unnamed, kind: undefined } as unknown as Finding, controls)).toEqual([]);
    expect(givenByControls(['random-weights'])).toBe('A random network would give this too.');
  });

  it('are columns beside a layer metric and dashed lines in a curve, without their own baselines', () => {
    expect(controlMetrics('p', metric(0.61), controls).map(({ label, values }) => [label, values])).toEqual([
      ['Zero share, random weights', { relu: 0.49 }],
      ['Zero share, shuffled inputs', { relu: 0.6 }],
    ]);
    const { series } = withControlSeries('p', curve(0.61), controls);
    expect(series.map(({ label, dashed }) => [label, dashed ?? false])).toEqual([
      ['relu', false],
      ['relu, baseline', true],
      ['relu, random weights', true],
      ['relu, shuffled inputs', true],
    ]);
  });

  it('are kept by control and seed, passes of both runs together', () => {
    const other = {
      ...run('random-weights', 0.4, 0.1),
      passes: [{ ...run('random-weights', 0.4, 0.1).passes[0], pass: 'q' }],
    };
    const fresh: Controls = {
      runs: [run('shuffled-inputs', 0.7, 0.1), other as ControlRun, run('random-weights', 0.5, 0.1, 2)],
      notRun: [],
    };
    const { runs } = withControls(controls, fresh);
    expect(runs.map((each) => [controlLabel(each), each.passes.map(({ pass }) => pass).join()])).toEqual([
      ['random weights', 'q,p'],
      ['random weights, seed 2', 'p'],
      ['shuffled inputs', 'p'],
    ]);
    expect(runs[2]?.passes[0]?.headlines?.[0]?.value).toBe(0.7);
  });
});
