/** How scores are spread over the heads, and how they go with depth. */
import type { Curve } from '../result.js';
import { DEFINITIONS, headsOf, labelOf, measuredShares, type Examined } from './examined.js';
import { isStrongest, overHeads } from './metrics.js';

const STEPS = 100;

export function headCurves(examined: Examined): Curve[] {
  const shares = measuredShares(examined);
  if (shares.length === 0) return [];
  const heads = headsOf(examined);
  const x = Float32Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
  const spread: Curve = {
    id: 'heads-by-score',
    title: 'Heads with at least this score',
    xLabel: 'Score',
    xFormat: 'share',
    yLabel: 'Share of heads',
    definition: `Share of the ${heads.length} heads whose score is at least so high. ${shares.map((share) => `${labelOf(share, examined)}: ${DEFINITIONS[share]}`).join(' ')}`,
    format: 'share',
    series: shares.map((share) => {
      const own = heads.map(({ scores }) => scores[share]).filter(Number.isFinite);
      return {
        label: labelOf(share, examined),
        x,
        y: Float32Array.from(
          { length: STEPS + 1 },
          (_, step) => own.filter((value) => value >= step / STEPS).length / own.length,
        ),
      };
    }),
  };
  const { blocks } = examined;
  if (blocks.length < 2) return [spread];
  const depth: Curve = {
    id: 'heads-by-depth',
    title: 'What heads look at by depth',
    xLabel: 'Attention, in the order of computation',
    yLabel: 'Score',
    definition:
      'Of previous, induction and self the strongest head of each layer, of sink mass and normalised entropy the mean over ' +
      'its heads; defined as in the chart of all heads (formats 3.6, methods J6).',
    format: 'share',
    series: shares.map((share) => ({
      label: `${labelOf(share, examined)}, ${isStrongest(share) ? 'strongest head' : 'mean'}`,
      x: Float32Array.from(blocks, (_, at) => at),
      y: Float32Array.from(blocks, ({ heads: own }) =>
        overHeads(
          own.map((each) => each[share]),
          isStrongest(share),
        ),
      ),
    })),
  };
  return [spread, depth];
}
