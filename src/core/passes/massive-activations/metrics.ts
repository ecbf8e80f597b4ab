/** Colours for the graph: at the node whose output a point of the residual stream is. */
import type { Graph } from '../../graph/graph.js';
import { byNode } from '../node-numbers.js';
import { meanOf, RULE, type PointMagnitudes } from '../point-magnitudes.js';
import type { NodeMetric, Quantity } from '../result.js';

const LOGARITHMIC = { format: 'number', spread: 'logarithmic' } as const;
const SHARE = { format: 'share' } as const;
const RANKS = ['largest', 'second', 'third'] as const;

export function massiveMetrics(points: readonly PointMagnitudes[], graph: Graph): NodeMetric[] {
  const metric = (
    id: string,
    label: string,
    definition: string,
    kind: Pick<Quantity, 'format' | 'spread'>,
    of: (point: PointMagnitudes) => number,
  ): NodeMetric => ({
    ...kind,
    id,
    label: `Residual stream: ${label}`,
    definition: `${definition}${kind.spread === 'logarithmic' ? ' The colour is logarithmic.' : ''}`,
    scale: 'sequential',
    aggregate: 'maximum',
    values: byNode(
      graph,
      points.map((point) => [point.point.value, of(point)]),
    ),
  });
  return [
    metric(
      'node-residual-ratio',
      'largest ÷ median',
      'Largest |h| over the median of |h| of one input, averaged over inputs.',
      LOGARITHMIC,
      (point) => meanOf(point.ratios, point),
    ),
    metric(
      'node-residual-peak',
      'largest |h| of any input',
      'Largest |h| over all inputs, tokens and dimensions.',
      LOGARITHMIC,
      ({ peak }) => peak,
    ),
    ...RANKS.map((rank, at) =>
      metric(
        `node-residual-${rank}`,
        `${rank} |h|`,
        `${at === 0 ? 'Largest' : `The ${rank} largest`} |h| over all tokens and dimensions of one input, averaged over inputs.`,
        LOGARITHMIC,
        (point) => meanOf(point.largest[at] ?? NaN, point),
      ),
    ),
    metric(
      'node-residual-median',
      'median |h|',
      'Median of |h| over all tokens and dimensions of one input, averaged over inputs.',
      LOGARITHMIC,
      (point) => meanOf(point.medians, point),
    ),
    metric(
      'node-residual-massive',
      'inputs with massive entries',
      `Share of the inputs on which an entry is massive: ${RULE}.`,
      SHARE,
      (point) => meanOf(point.massiveInputs, point),
    ),
  ];
}
