/** What the tokens of a text share: zeros by position, units silent over several tokens, and what reusing them would miss. */
import type { RunFacts } from '../pass.js';
import type { Curve, LayerMetric } from '../result.js';
import type { PerLayer } from '../units.js';
import { AHEAD, createReuseMass, LOOK_BACK, mergeReuseMass, missedShares } from './reuse.js';
import type { Aggregates, LayerZeros } from './state.js';

/** Tokens over which the reuse gain that colours the graph is taken, or as many as the longest text has. */
const GAIN_TOKENS = 16;
/** The policy that colours the graph. */
const [SHOWN_LOOK, SHOWN_AHEAD] = [LOOK_BACK.indexOf(4), AHEAD.indexOf(8)];

export function reuseMetrics(state: PerLayer<LayerZeros>, aggregates: Aggregates): LayerMetric[] {
  const gains: Record<string, number> = {};
  const missed: Record<string, number> = {};
  for (const [layer, zeros] of state) {
    const aggregated = aggregates.get(layer);
    if (aggregated === undefined) continue;
    const at = Math.min(GAIN_TOKENS, aggregated.observed.length) - 1;
    gains[layer] = (aggregated.observed[at] as number) - (aggregated.independent[at] as number);
    const shares = zeros.sequence && missedShares(zeros.sequence.reuse, SHOWN_LOOK);
    if (shares !== undefined) missed[layer] = shares[SHOWN_AHEAD] as number;
  }
  const metrics: LayerMetric[] = [
    {
      id: 'layer-reuse-gain',
      label: 'Reuse gain over 16 tokens',
      definition:
        'agg(16), or of the longest text’s tokens where it is shorter, less what independent tokens with each unit’s own firing rate would give (mean of (1 − pᵢ)ᵍ).',
      format: 'number',
      scale: 'diverging',
      values: gains,
    },
    {
      id: 'layer-reuse-missed',
      label: 'Missed by reuse (4 for 8)',
      definition:
        'Share of Σ|h| that is missed where only the units that the last 4 tokens used are computed for the next 8 (reuse policy).',
      format: 'share',
      scale: 'sequential',
      values: missed,
    },
  ];
  return metrics.filter(({ values }) => Object.keys(values).length > 0);
}

function reuseCurve(state: PerLayer<LayerZeros>, { layers }: RunFacts): Curve[] {
  const x = Float32Array.from(AHEAD);
  const all = createReuseMass();
  for (const { sequence } of state.values()) if (sequence !== undefined) mergeReuseMass(all, sequence.reuse);
  const overall = LOOK_BACK.flatMap((tokens, look) => {
    const y = missedShares(all, look);
    return y === undefined
      ? []
      : [{ label: `all layers, last ${tokens} token${tokens === 1 ? '' : 's'}`, x, y, dashed: true }];
  });
  if (overall.length === 0) return [];
  return [
    {
      id: 'reuse-policy',
      title: 'What reusing neurons would miss',
      xLabel: 'Tokens g that the set is used for',
      yLabel: 'Activation mass missed',
      definition:
        'Every g tokens, the units that were not 0 on the last w tokens are frozen and alone used for the next g. Share of Σ|h| ' +
        'of these tokens that lies in other units, from the 17th token of each text on. Layers with w = 4; dashed, all layers with w = 1, 4 and 16.',
      format: 'share',
      series: [
        ...overall,
        ...layers.flatMap(({ value, label }) => {
          const reuse = state.get(value)?.sequence?.reuse;
          const y = reuse && missedShares(reuse, SHOWN_LOOK);
          return y === undefined ? [] : [{ label, layer: value, x, y }];
        }),
      ],
    },
  ];
}

export function tokenCurves(state: PerLayer<LayerZeros>, aggregates: Aggregates, facts: RunFacts): Curve[] {
  const sequences = facts.layers.flatMap(({ value, label }) => {
    const layer = state.get(value) as LayerZeros;
    const aggregated = aggregates.get(value);
    if (aggregated === undefined || layer.sequence === undefined) return [];
    const { zeros, entries } = layer.sequence;
    const length = entries.findLastIndex((count) => count > 0) + 1;
    const byPosition = Float32Array.from(
      { length },
      (_, position) => (zeros[position] as number) / (entries[position] as number),
    );
    return [{ value, label, aggregated, byPosition }];
  });
  if (sequences.length === 0) return [];
  const from = (start: number, length: number): Float32Array =>
    Float32Array.from({ length }, (_, index) => start + index);
  return [
    {
      id: 'zero-share-by-token',
      title: 'Zero share by token position',
      xLabel: 'Token number, from 1',
      yLabel: 'Zero share',
      definition: 'Share of a layer’s units that are exactly 0 at a token, averaged over inputs.',
      format: 'share',
      series: sequences.map(({ value, label, byPosition }) => ({
        label,
        layer: value,
        x: from(1, byPosition.length),
        y: byPosition,
      })),
    },
    {
      id: 'aggregated-sparsity',
      title: 'Aggregated sparsity',
      xLabel: 'Tokens g',
      yLabel: 'Units silent through token g',
      definition:
        'agg(g): share of (input, unit) pairs that are exactly 0 on all of tokens 1 to g. Dashed, what independent tokens ' +
        'would give: mean over units of (1 − pᵢ)ᵍ with each unit’s own firing rate (“independent tokens”), and sᵍ with the ' +
        'layer’s share of zeros (“alike units”).',
      format: 'share',
      series: sequences.flatMap(({ value, label, aggregated }) => [
        { label, layer: value, x: from(1, aggregated.observed.length), y: aggregated.observed },
        {
          label: `${label}, independent tokens`,
          layer: value,
          x: from(1, aggregated.independent.length),
          y: aggregated.independent,
          dashed: true,
        },
        {
          label: `${label}, alike units`,
          layer: value,
          x: from(1, aggregated.uniform.length),
          y: aggregated.uniform,
          dashed: true,
        },
      ]),
    },
    ...reuseCurve(state, facts),
  ];
}
