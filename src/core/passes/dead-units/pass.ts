import type { Observation } from '../../rewrite/observation.js';
import type { Pass } from '../pass.js';
import type { Headline, PassResult } from '../result.js';
import { mergePerLayer, needsActivationLayers, perLayer, type PerLayer } from '../units.js';
import { deadUnitsAnswer, deadUnitsFindings } from './findings.js';
import { deadGrowth } from './growth.js';
import { layerMetrics, unitMetrics, unitsTable } from './report.js';
import { createLayerFiring, foldFiring, mergeLayerFiring, plannedKinds, type LayerFiring } from './state.js';
import { verdictsOf, type LayerVerdicts } from './verdicts.js';

const VERSION = 5;

/** Which units never, rarely or always fire: methods D1, data part. */
export const deadUnits: Pass<PerLayer<LayerFiring>> = {
  id: 'dead-units',
  version: VERSION,
  readsWeights: true,
  title: 'Dead, dormant and always-on units',
  question: 'Which units never fire, hardly ever fire, or always fire on these inputs?',
  method:
    'A unit is a neuron, or a channel of a convolution with all its positions. Its firing rate p is the share of its ' +
    'entries (positions × inputs) that are not exactly 0. Rectifiers: dead p = 0, dormant 0 < p < 1 %, always on p = 1. ' +
    'Functions that are never exactly zero (GELU, SiLU, Tanh …): dead when max |h| stays under 1 % of what it is on average over the layer’s units. ' +
    'Tanh and sigmoid units are saturated when more than 99 % of their entries lie beyond |0.99| (sigmoid: below 0.01 or ' +
    'above 0.99). Faint: mean |h| ≤ 0.025 of the layer’s mean (ReDo). Duplicate: the values of another unit, bit for bit ' +
    '(hashed; in layers with over 65,536 values per input: the extremes, the number of zeros and the values on sampled ' +
    'positions). DNR is the share of units that are 0 everywhere on an input, averaged over inputs; the static part of ' +
    'it follows from weights and biases. Dead on these inputs is no proof: other inputs may wake a unit.',
  applies: needsActivationLayers,
  plan: (layers) =>
    layers.flatMap((layer) => plannedKinds(layer).map((kind): Observation => ({ layer: layer.value, kind }))),
  start: (layers) => perLayer(layers, createLayerFiring),
  fold(state, batch) {
    for (const layer of batch.layers) {
      const firing = state.get(layer.value);
      if (firing !== undefined) foldFiring(firing, layer, batch);
    }
  },
  merge: (state, other) => mergePerLayer(state, other, mergeLayerFiring),
  finish(state, facts): PassResult {
    const verdicts = new Map(
      facts.layers.map((layer) => [layer.value, verdictsOf(layer, state.get(layer.value) as LayerFiring, facts)]),
    );
    return {
      pass: 'dead-units',
      passVersion: VERSION,
      answer: deadUnitsAnswer(verdicts, state, facts),
      headlines: [deadShare(verdicts)],
      findings: deadUnitsFindings(verdicts, state, facts),
      layerMetrics: layerMetrics(verdicts, state, facts),
      unitMetrics: unitMetrics(state, facts),
      exampleMetrics: [],
      curves: deadGrowth(state, facts),
      tables: [unitsTable(verdicts, state, facts)],
    };
  },
};

/** No interval: an input that is left out can only make units dead, so resamples would be dead too often. */
function deadShare(verdicts: ReadonlyMap<string, LayerVerdicts>): Headline {
  const all = [...verdicts.values()].flatMap(({ states }) => states);
  return {
    id: 'dead-share',
    label: 'Dead share',
    definition:
      'Share of all units (neurons or channels, all layers) that never fired on these inputs: exactly 0 everywhere, or for ' +
      'smooth functions max |h| under 1 % of the layer’s average. Dead on these inputs, which is no certificate.',
    format: 'share',
    value: all.filter((state) => state === 'dead').length / all.length,
  };
}
