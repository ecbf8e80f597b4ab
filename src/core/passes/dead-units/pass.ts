import type { ObservedLayer } from '../../graph/layers.js';
import type { Observation } from '../../rewrite/observation.js';
import { largestFinite, peaks } from '../../summary/extrema.js';
import type { Pass, RunFacts } from '../pass.js';
import type { Headline, PassResult } from '../result.js';
import { mergePerLayer, needsActivationLayers, perLayer, type PerLayer } from '../units.js';
import { deadUnitsAnswer, deadUnitsFindings } from './findings.js';
import {
  createLayerFiring,
  firingRates,
  foldFiring,
  mergeLayerFiring,
  unitStates,
  type LayerFiring,
  type UnitState,
} from './state.js';

/** Which units never, rarely or always fire: methods D1, data part. */
export const deadUnits: Pass<PerLayer<LayerFiring>> = {
  id: 'dead-units',
  version: 1,
  title: 'Dead, dormant and always-on units',
  question: 'Which units never fire, hardly ever fire, or always fire on these inputs?',
  method:
    'A unit is a neuron, or a channel of a convolution with all its positions. Its firing rate p is the share of its ' +
    'entries (positions × inputs) that are not exactly 0. Rectifiers: dead p = 0, dormant 0 < p < 1 %, always on p = 1. ' +
    'Functions that are never exactly zero (GELU, SiLU, Tanh …): dead when max |h| stays under 1 % of the layer’s. ' +
    'Tanh and sigmoid units are saturated when more than 99 % of their entries lie beyond |0.99| (sigmoid: below 0.01 or ' +
    'above 0.99). Dead on these inputs is no proof: other inputs may wake a unit. Source: methods D1.',
  applies: needsActivationLayers,
  plan: (layers) =>
    layers.flatMap((layer): Observation[] => [
      { layer: layer.value, kind: 'zero-count' },
      { layer: layer.value, kind: 'minimum' },
      { layer: layer.value, kind: 'maximum' },
      ...(layer.family === 'saturating' ? [{ layer: layer.value, kind: 'saturated-count' as const }] : []),
    ]),
  start: (layers) => perLayer(layers, createLayerFiring),
  fold(state, batch) {
    for (const layer of batch.layers) {
      const firing = state.get(layer.value);
      if (firing !== undefined) foldFiring(firing, layer, batch);
    }
  },
  merge: (state, other) => mergePerLayer(state, other, mergeLayerFiring),
  finish(state, facts): PassResult {
    const states = new Map(
      facts.layers.map((layer) => [layer.value, unitStates(state.get(layer.value) as LayerFiring, layer)]),
    );
    return {
      pass: 'dead-units',
      passVersion: 1,
      answer: deadUnitsAnswer(states, facts),
      headlines: [deadShare(states)],
      findings: deadUnitsFindings(states, facts),
      layerMetrics: layerMetrics(states, facts),
      unitMetrics: [
        {
          id: 'unit-firing-rate',
          label: 'Firing rate',
          definition:
            'p: share of the unit’s entries (positions × inputs) that are not exactly 0. 0 is dead, 1 is always on.',
          format: 'share',
          scale: 'sequential',
          values: perUnit(facts.layers, state, (firing) => Float32Array.from(firingRates(firing))),
        },
        {
          id: 'unit-peak-ratio',
          label: 'Peak against the layer',
          definition: 'max |h| of the unit over the largest finite |h| of its layer.',
          format: 'share',
          scale: 'sequential',
          values: perUnit(facts.layers, state, (firing) => {
            const magnitudes = peaks(firing.extrema);
            const largest = largestFinite(magnitudes);
            return magnitudes.map((peak) => (largest === 0 ? 0 : peak / largest));
          }),
        },
      ],
      exampleMetrics: [],
      curves: [],
    };
  },
};

/** No interval: an input that is left out can only make units dead, so resamples would be dead too often. */
function deadShare(states: ReadonlyMap<string, readonly UnitState[]>): Headline {
  const all = [...states.values()].flat();
  return {
    id: 'dead-share',
    label: 'Dead share',
    definition:
      'Share of all units (neurons or channels, all layers) that never fired on these inputs: exactly 0 everywhere, or for ' +
      'smooth functions max |h| under 1 % of the layer’s. Dead on these inputs, which is no certificate.',
    format: 'share',
    value: all.filter((state) => state === 'dead').length / all.length,
  };
}

function perUnit(
  layers: readonly ObservedLayer[],
  state: PerLayer<LayerFiring>,
  value: (firing: LayerFiring) => Float32Array,
): Record<string, Float32Array> {
  return Object.fromEntries(layers.map((layer) => [layer.value, value(state.get(layer.value) as LayerFiring)]));
}

function layerMetrics(states: ReadonlyMap<string, readonly UnitState[]>, facts: RunFacts): PassResult['layerMetrics'] {
  const share = (wanted: UnitState, layers: readonly ObservedLayer[]): Record<string, number> =>
    Object.fromEntries(
      layers.map(({ value, units }) => [
        value,
        (states.get(value) ?? []).filter((state) => state === wanted).length / units,
      ]),
    );
  const rectifiers = facts.layers.filter(({ family }) => family === 'rectifier');
  const saturating = facts.layers.filter(({ family }) => family === 'saturating');
  const metric = { format: 'share', scale: 'sequential' } as const;
  return [
    {
      ...metric,
      id: 'layer-dead-share',
      label: 'Dead share',
      definition:
        'Share of the layer’s units that never fired: exactly 0 everywhere, or for smooth functions max |h| under 1 % of the layer’s.',
      values: share('dead', facts.layers),
    },
    ...(rectifiers.length === 0
      ? []
      : [
          {
            ...metric,
            id: 'layer-dormant-share',
            label: 'Dormant share',
            definition:
              'Share of the layer’s units that fired on under 1 % of their entries, but not never (rectifiers only).',
            values: share('dormant', rectifiers),
          },
          {
            ...metric,
            id: 'layer-always-on-share',
            label: 'Always-on share',
            definition:
              'Share of the layer’s units that were never exactly 0 (rectifiers only). A plain ReLU was linear there.',
            values: share('always-on', rectifiers),
          },
        ]),
    ...(saturating.length === 0
      ? []
      : [
          {
            ...metric,
            id: 'layer-saturated-share',
            label: 'Saturated share',
            definition:
              'Share of the layer’s units with more than 99 % of their entries at an end of the range (Tanh and sigmoid families only).',
            values: share('saturated', saturating),
          },
        ]),
  ];
}
