/** One number per layer of its health: columns of the table, colours of the graph. */
import type { ObservedLayer } from '../../graph/layers.js';
import type { RunFacts } from '../pass.js';
import type { LayerMetric } from '../result.js';
import { CORRELATED, LEAST_FIRINGS } from './spectra.js';
import type { LayerHealth } from './state.js';

export function layerMetrics(
  state: LayerHealth,
  { layers, unitWeights }: RunFacts,
  sums: ReadonlyMap<string, Float64Array>,
): LayerMetric[] {
  const perLayer = (of: (layer: ObservedLayer) => number | undefined): Record<string, number> =>
    Object.fromEntries(
      layers.flatMap((layer) => {
        const value = of(layer);
        return value === undefined ? [] : [[layer.value, value]];
      }),
    );
  const spectrum = (of: 'effectiveRank' | 'rank99') =>
    perLayer(({ value }) => state.spectra.get(value)?.spectrum?.[of]);
  const metrics: LayerMetric[] = [
    {
      id: 'layer-effective-rank',
      label: 'Effective rank',
      definition:
        'exp(−Σ p ln p), p = σ / Σσ, over the singular values σ of up to 1,000 rows of the layer, not centred. Between 1 and the smaller of rows and units.',
      format: 'number',
      scale: 'sequential',
      values: spectrum('effectiveRank'),
    },
    {
      id: 'layer-effective-rank-share',
      label: 'Effective rank, share of possible',
      definition:
        'Effective rank over the smaller of rows and units: near 0, the layer has collapsed to few directions.',
      format: 'share',
      scale: 'sequential',
      values: perLayer((layer) => {
        const found = state.spectra.get(layer.value);
        return found?.spectrum && found.spectrum.effectiveRank / largestRank(layer, found.rows);
      }),
    },
    {
      id: 'layer-rank99',
      label: 'rank99',
      definition:
        'The fewest largest singular values of the same rows whose sum is at least 99 % of all (called stable rank in the authors’ code).',
      format: 'count',
      scale: 'sequential',
      values: spectrum('rank99'),
    },
    {
      id: 'layer-multiple-share',
      label: 'Multiples of other units',
      definition: `Share of the layer’s units whose rows correlate with those of a unit before them by at least ${CORRELATED} in size; units that are not 0 on fewer than ${LEAST_FIRINGS} rows are not compared.`,
      format: 'share',
      scale: 'sequential',
      values: perLayer(({ value, units }) => {
        const multiples = state.spectra.get(value)?.multiples;
        return multiples && multiples.length / units;
      }),
    },
    {
      id: 'layer-least-tenth-share',
      label: 'Utility of the least tenth',
      definition:
        'Share of the layer’s whole contribution utility (sum) that the tenth of its units with the least of it has; an even layer would give 10 %.',
      format: 'share',
      scale: 'sequential',
      values: perLayer(({ value }) => {
        const utility = sums.get(value);
        return utility && leastTenth(utility);
      }),
    },
    {
      id: 'layer-outgoing-magnitude',
      label: 'Mean outgoing |weight|',
      definition: 'Mean |w| over the weights that read the layer’s units.',
      format: 'number',
      scale: 'sequential',
      values: perLayer(({ value }) => {
        const outgoing = unitWeights?.outgoing.get(value);
        return outgoing && outgoing.sums.reduce((sum, each) => sum + each, 0) / (outgoing.count * outgoing.sums.length);
      }),
    },
  ];
  return metrics.filter(({ values }) => Object.keys(values).length > 0);
}

/** Ranks can be no larger. */
export function largestRank({ units }: ObservedLayer, rows: number): number {
  return Math.min(rows, units);
}

/** Undefined where no unit contributes anything. */
export function leastTenth(utility: Float64Array): number | undefined {
  const sorted = utility.slice().sort();
  const whole = sorted.reduce((sum, each) => sum + each, 0);
  const tenth = sorted.subarray(0, Math.max(1, Math.round(sorted.length / 10)));
  return whole > 0 ? tenth.reduce((sum, each) => sum + each, 0) / whole : undefined;
}
