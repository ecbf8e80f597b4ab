import type { Observation, ObservationKind } from '../../rewrite/observation.js';
import { total } from '../../summary/counts.js';
import { exampleMatrix, keptIndices, type ExampleRows } from '../../summary/example-rows.js';
import { peaks } from '../../summary/extrema.js';
import { pooled, variances } from '../../summary/moments.js';
import type { Pass } from '../pass.js';
import type { Headline, PassResult } from '../result.js';
import { layerValues, mergePerLayer, needsActivationLayers, perLayer, unitValues, type PerLayer } from '../units.js';
import { statisticsAnswer, statisticsFindings } from './findings.js';
import { allowance, createLayerStatistics, foldLayer, mergeLayerStatistics, type LayerStatistics } from './state.js';

const KINDS: readonly ObservationKind[] = [
  'sum',
  'sum-of-squares',
  'absolute-sum',
  'minimum',
  'maximum',
  'zero-count',
  'non-finite-count',
  'sample',
];

/** What each unit's activations look like: methods sections 0 (population variance, exact zeros) and E (non-finite scan). */
export const activationStatistics: Pass<PerLayer<LayerStatistics>> = {
  id: 'activation-statistics',
  version: 1,
  title: 'Activation statistics',
  question: 'How large are the activations of every unit, how do they spread, and is any of them NaN or infinite?',
  method:
    'One forward per batch. Sums, sums of squares, extremes and counts of exact zeros are taken over every position of ' +
    'every input and merged in double precision; the variance is the population variance. Inputs on which a unit is not ' +
    'finite are left out of its mean and variance and counted apart. Weights are read once for NaN and infinity. Histograms count values on a regular grid of ' +
    'positions where a layer has very many; the unit’s page says how many of how many.',
  applies: needsActivationLayers,
  plan: (layers) => layers.flatMap((layer): Observation[] => KINDS.map((kind) => ({ layer: layer.value, kind }))),
  start(layers, _watched, _inputs, first) {
    const allowed = allowance(layers);
    return perLayer(layers, (layer) => createLayerStatistics(layer, allowed, first?.get(layer.value)));
  },
  fold(state, batch) {
    for (const layer of batch.layers) {
      const statistics = state.get(layer.value);
      if (statistics !== undefined) foldLayer(statistics, layer, batch);
    }
  },
  merge: (state, other) => mergePerLayer(state, other, mergeLayerStatistics),
  finish(state, facts): PassResult {
    return {
      pass: 'activation-statistics',
      passVersion: 1,
      answer: statisticsAnswer(state, facts),
      headlines: [meanMagnitude(state)],
      findings: statisticsFindings(state, facts),
      layerMetrics: layerMetrics(state),
      unitMetrics: unitMetrics(state),
      exampleMetrics: exampleMetrics(state),
      curves: [],
      histograms: Object.fromEntries(
        [...state].map(([layer, { histogram, shared, sampled, entries }]) => [
          layer,
          {
            layer: histogram,
            ...(shared.unitHistograms === undefined ? {} : { units: shared.unitHistograms }),
            counted: sampled[0] ?? 0,
            total: total(entries),
          },
        ]),
      ),
      topExamples: Object.fromEntries([...state].map(([layer, { top }]) => [layer, top])),
    };
  },
};

function meanMagnitudes({ absoluteSum, absoluteEntries }: LayerStatistics): Float64Array {
  return absoluteSum.map((sum, unit) => sum / (absoluteEntries[unit] as number));
}

function meanMagnitude(state: PerLayer<LayerStatistics>): Headline {
  const sum = (of: (layer: LayerStatistics) => Float64Array): number =>
    [...state.values()].reduce((all, layer) => all + total(of(layer)), 0);
  return {
    id: 'mean-magnitude',
    label: 'Mean |activation|',
    definition:
      'Mean of |h| over all entries (units × positions × inputs, all layers); inputs where a unit is not finite are left ' +
      'out for it.',
    format: 'number',
    value: sum(({ absoluteSum }) => absoluteSum) / sum(({ absoluteEntries }) => absoluteEntries),
  };
}

function layerMetrics(state: PerLayer<LayerStatistics>): PassResult['layerMetrics'] {
  return [
    {
      id: 'layer-mean-magnitude',
      label: 'Mean |activation|',
      definition:
        'Mean of |h| over all units, positions and inputs of the layer; inputs where a unit is not finite are left out for it.',
      format: 'number',
      scale: 'sequential',
      values: layerValues(state, (layer) => total(layer.absoluteSum) / total(layer.absoluteEntries)),
    },
    {
      id: 'layer-mean',
      label: 'Mean activation',
      definition: 'Mean of h over all units, positions and inputs of the layer.',
      format: 'number',
      scale: 'diverging',
      values: layerValues(state, (layer) => pooled(layer.moments).mean),
    },
    {
      id: 'layer-deviation',
      label: 'Standard deviation',
      definition: 'Square root of the population variance of h over all units, positions and inputs of the layer.',
      format: 'number',
      scale: 'sequential',
      values: layerValues(state, (layer) => Math.sqrt(pooled(layer.moments).variance)),
    },
    {
      id: 'layer-peak',
      label: 'Largest |activation|',
      definition: 'Largest |h| over all units, positions and inputs of the layer.',
      format: 'number',
      scale: 'sequential',
      values: layerValues(state, (layer) =>
        peaks(layer.extrema).reduce((high, peak) => (peak > high ? peak : high), 0),
      ),
    },
    {
      id: 'layer-non-finite',
      label: 'NaN or infinite',
      definition: 'Entries of the layer that are NaN or ±infinity, counted over all units, positions and inputs.',
      format: 'count',
      scale: 'sequential',
      values: layerValues(state, (layer) => total(layer.nonFinite)),
    },
  ];
}

function unitMetrics(state: PerLayer<LayerStatistics>): PassResult['unitMetrics'] {
  return [
    {
      id: 'unit-mean-magnitude',
      label: 'Mean |activation|',
      definition: 'Mean of |h| of the unit over all positions and inputs.',
      format: 'number',
      scale: 'sequential',
      values: unitValues(state, meanMagnitudes),
    },
    {
      id: 'unit-mean',
      label: 'Mean',
      definition: 'Mean of h of the unit over all positions and inputs.',
      format: 'number',
      scale: 'diverging',
      values: unitValues(state, ({ moments }) =>
        moments.mean.map((mean, unit) => (moments.count[unit] === 0 ? NaN : mean)),
      ),
    },
    {
      id: 'unit-deviation',
      label: 'Standard deviation',
      definition:
        'Square root of the population variance of h of the unit over all positions and inputs. Within one input it comes from ' +
        'Σh and Σh² in single precision: below about a thousandth of |mean| it is rounding.',
      format: 'number',
      scale: 'sequential',
      values: unitValues(state, ({ moments }) => variances(moments).map(Math.sqrt)),
    },
    {
      id: 'unit-minimum',
      label: 'Minimum',
      definition: 'Smallest h of the unit over all positions and inputs.',
      format: 'number',
      scale: 'diverging',
      values: unitValues(state, ({ extrema }) => extrema.minimum),
    },
    {
      id: 'unit-maximum',
      label: 'Maximum',
      definition: 'Largest h of the unit over all positions and inputs.',
      format: 'number',
      scale: 'diverging',
      values: unitValues(state, ({ extrema }) => extrema.maximum),
    },
    {
      id: 'unit-entries',
      label: 'Values seen',
      definition: 'Entries of the unit that were seen: positions times inputs.',
      format: 'count',
      scale: 'sequential',
      values: unitValues(state, ({ entries }) => entries),
    },
    {
      id: 'unit-zeros',
      label: 'Exact zeros',
      definition: 'Entries of the unit that are exactly 0 (−0 counts).',
      format: 'count',
      scale: 'sequential',
      values: unitValues(state, ({ zeros }) => zeros),
    },
    {
      id: 'unit-non-finite',
      label: 'NaN or infinite',
      definition: 'Entries of the unit that are NaN or ±infinity.',
      format: 'count',
      scale: 'sequential',
      values: unitValues(state, ({ nonFinite }) => nonFinite),
    },
  ];
}

function exampleMetrics(state: PerLayer<LayerStatistics>): PassResult['exampleMetrics'] {
  const [first] = state.values();
  if (first === undefined) return [];
  const examples = keptIndices(first.shared.maxima);
  const matrices = (rows: (shared: LayerStatistics['shared']) => ExampleRows): Record<string, Float32Array> =>
    Object.fromEntries([...state].map(([layer, { shared }]) => [layer, exampleMatrix(rows(shared), examples)]));
  return [
    {
      id: 'example-maximum',
      label: 'Largest activation',
      definition: 'Largest h of the unit over the positions of one input.',
      format: 'number',
      scale: 'diverging',
      examples,
      values: matrices(({ maxima }) => maxima),
    },
    {
      id: 'example-mean',
      label: 'Mean activation',
      definition: 'Mean of h of the unit over the positions of one input.',
      format: 'number',
      scale: 'diverging',
      examples,
      values: matrices(({ means }) => means),
    },
  ];
}
