import type { Observation } from '../../rewrite/observation.js';
import { total } from '../../summary/counts.js';
import { exampleMatrix, examplesKept, keptIndices } from '../../summary/example-rows.js';
import { intervalOf, pooledResamples } from '../../summary/resamples.js';
import type { Pass, RunFacts } from '../pass.js';
import type { Finding, Headline, PassResult } from '../result.js';
import { layerValues, mergePerLayer, needsActivationLayers, perLayer, unitValues, type PerLayer } from '../units.js';
import { amount, oneInputCaution, percent, sentence } from '../words.js';
import { firingSpreads, hotCurve, hotMetrics, hotTable } from './hot-units.js';
import {
  aggregateLayers,
  createLayerZeros,
  foldZeros,
  isZeroableSequence,
  mergeLayerZeros,
  type Aggregates,
  type LayerZeros,
} from './state.js';
import { reuseMetrics, tokenCurves } from './token-curves.js';

/** A layer this sparse is worth a sentence of its own. */
const NOTABLE_SHARE = 0.9;

/** Fewer zeros than this say nothing about sparsity. */
const RARE_SHARE = 0.01;

const VERSION = 4;

/** How much of every layer is exactly zero: methods C1. */
export const zeroSparsity: Pass<PerLayer<LayerZeros>> = {
  id: 'zero-sparsity',
  version: VERSION,
  title: 'Zero sparsity',
  question: 'How much of every layer is exactly zero, so that the weights it meets next need not be read?',
  method:
    'Entries that are exactly 0 after the activation function (−0 counts) are counted over every position of every ' +
    'input. For sequences, aggregated sparsity agg(g) is the share of units that are 0 on all of tokens 1 to g; beside it ' +
    'stand what units with the layer’s mean rate (sᵍ) and units with their own rates (mean of (1 − pᵢ)ᵍ) would give if ' +
    'tokens were independent. The reuse what-if freezes the units that the last w tokens used for the next g tokens and ' +
    'tells how much of Σ|h| is then missed. Hot units are those that fire most. Smooth functions such as GELU are never exactly zero: their share is near 0 by this measure. ' +
    'Source: “ReLU Strikes Back” (Mirzadeh et al., ICLR 2024).',
  applies: needsActivationLayers,
  plan: (layers) =>
    layers.flatMap((layer): Observation[] => [
      { layer: layer.value, kind: 'zero-count' },
      ...(isZeroableSequence(layer)
        ? [
            { layer: layer.value, kind: 'zero-count-by-position' as const },
            { layer: layer.value, kind: 'first-nonzero-position' as const },
            { layer: layer.value, kind: 'values' as const },
          ]
        : []),
    ]),
  start(layers, _watched, _inputs, first) {
    const examples = examplesKept(layers.reduce((sum, { units }) => sum + units, 0));
    return perLayer(layers, (layer) => createLayerZeros(layer, examples, first?.get(layer.value)));
  },
  fold(state, batch) {
    for (const layer of batch.layers) {
      const zeros = state.get(layer.value);
      if (zeros !== undefined) foldZeros(zeros, layer, batch);
    }
  },
  merge: (state, other) => mergePerLayer(state, other, mergeLayerZeros),
  finish(state, facts): PassResult {
    const [first] = state.values();
    const spreads = firingSpreads(state, facts);
    const aggregates = aggregateLayers(state);
    const examples = first === undefined ? new Int32Array() : keptIndices(first.shares);
    return {
      pass: 'zero-sparsity',
      passVersion: VERSION,
      answer: answer(state, facts),
      headlines: [zeroShare(state)],
      findings: findings(state, aggregates, facts),
      layerMetrics: [
        {
          id: 'layer-zero-share',
          label: 'Zero share',
          definition: 'Share of the layer’s entries (units × positions × inputs) that are exactly 0.',
          format: 'share',
          scale: 'sequential',
          values: layerValues(state, ({ zeros, entries }) => total(zeros) / total(entries)),
        },
        ...reuseMetrics(state, aggregates),
        ...hotMetrics(spreads),
      ],
      unitMetrics: [
        {
          id: 'unit-zero-share',
          label: 'Zero share',
          definition: 'Share of the unit’s entries (positions × inputs) that are exactly 0.',
          format: 'share',
          scale: 'sequential',
          values: unitValues(state, ({ zeros, entries }) =>
            zeros.map((count, unit) => count / (entries[unit] as number)),
          ),
        },
      ],
      exampleMetrics:
        first === undefined
          ? []
          : [
              {
                id: 'example-zero-share',
                label: 'Zero share',
                definition: 'Share of the unit’s positions in one input that are exactly 0.',
                format: 'share',
                scale: 'sequential',
                examples,
                values: Object.fromEntries(
                  [...state].map(([layer, { shares }]) => [layer, exampleMatrix(shares, examples)]),
                ),
              },
            ],
      curves: [...tokenCurves(state, aggregates, facts), ...hotCurve(spreads)],
      tables: hotTable(spreads, facts),
    };
  },
};

function overallShare(state: PerLayer<LayerZeros>): number {
  const all = [...state.values()];
  return (
    all.reduce((sum, { zeros }) => sum + total(zeros), 0) / all.reduce((sum, { entries }) => sum + total(entries), 0)
  );
}

function zeroShare(state: PerLayer<LayerZeros>): Headline {
  const interval = intervalOf(pooledResamples([...state.values()].map(({ resamples }) => resamples)));
  return {
    id: 'zero-share',
    label: 'Zero share',
    definition: 'Share of all activation entries (units × positions × inputs, all layers) that are exactly 0.',
    format: 'share',
    value: overallShare(state),
    ...(interval === undefined ? {} : { interval }),
  };
}

function answer(state: PerLayer<LayerZeros>, facts: RunFacts): string {
  const share = overallShare(state);
  const zeroable = facts.layers.filter(({ family }) => family === 'rectifier');
  if (zeroable.length === 0) {
    const measured = `${sentence(percent(share))} of all activation entries are exactly zero (${facts.onInputs})`;
    const caution = oneInputCaution(facts.inputsSeen);
    return share < RARE_SHARE
      ? `${measured}: none of this model’s activation functions is flat at zero, so sparsity must be measured by magnitude instead.${caution}`
      : `${measured}, although none of this model’s activation functions is flat at zero: far from 0 they round to it.${caution}`;
  }
  const shares = zeroable
    .map(({ value, label }) => {
      const { zeros, entries } = state.get(value) as LayerZeros;
      return { label, share: total(zeros) / total(entries) };
    })
    .sort((a, b) => a.share - b.share);
  const low = shares[0] as { label: string; share: number };
  const high = shares.at(-1) as { label: string; share: number };
  const spread =
    shares.length > 1 ? `, from ${percent(low.share)} in ${low.label} to ${percent(high.share)} in ${high.label}` : '';
  return `${sentence(percent(share))} of all activation entries are exactly zero${spread} (${facts.onInputs}).${oneInputCaution(facts.inputsSeen)}`;
}

function findings(state: PerLayer<LayerZeros>, aggregates: Aggregates, facts: RunFacts): Finding[] {
  return facts.layers.flatMap(({ value, label }): Finding[] => {
    const layer = state.get(value) as LayerZeros;
    const share = total(layer.zeros) / total(layer.entries);
    const found: Finding[] = [];
    if (share >= NOTABLE_SHARE && share < 1) {
      found.push({
        severity: 'information',
        kind: 'sparse',
        weight: share,
        sentence: `${label}: ${percent(share)} of its entries are exactly zero ${facts.onInputs}.${oneInputCaution(facts.inputsSeen)}`,
        layer: value,
        advice: 'The layer after it could skip most of its weights for each input; a narrower layer may do as well.',
      });
    }
    const aggregated = aggregates.get(value);
    const tokens = Math.min(16, aggregated?.observed.length ?? 0);
    if (aggregated !== undefined && tokens > 1) {
      const silent = aggregated.observed[tokens - 1] as number;
      const gain = silent - (aggregated.independent[tokens - 1] as number);
      if (gain >= 0.05) {
        found.push({
          severity: 'information',
          kind: 'reuse',
          weight: gain,
          sentence:
            `${label}: ${percent(silent)} of its units stay zero over the first ${amount(tokens)} tokens of an input; ` +
            `independent tokens would give ${percent(aggregated.independent[tokens - 1] as number)} ` +
            `(${facts.onInputs}).${oneInputCaution(facts.inputsSeen)}`,
          layer: value,
          advice: 'Neighbouring tokens reuse the same units, so weights that were read once serve several tokens.',
        });
      }
    }
    return found;
  });
}
