/** Colours for the graph: at the node that gives the pattern. */
import { byNode } from '../node-numbers.js';
import type { NodeMetric } from '../result.js';
import { DEFINITIONS, labelOf, measuredShares, type Examined, type Share } from './examined.js';

/** What a layer shows of its heads: the strongest where one head is what matters, else their mean. */
const STRONGEST: ReadonlySet<Share> = new Set(['previous', 'induction', 'self']);

export function headMetrics(examined: Examined): NodeMetric[] {
  return measuredShares(examined).map((share): NodeMetric => {
    const strongest = STRONGEST.has(share);
    return {
      id: `node-head-${share}`,
      label: `Attention heads: ${labelOf(share, examined).toLowerCase()}, ${strongest ? 'strongest head' : 'mean over heads'}`,
      definition: `${DEFINITIONS[share]} Shown is ${strongest ? 'the highest of' : 'the mean over'} the layer’s heads.`,
      format: 'share',
      scale: 'sequential',
      aggregate: 'maximum',
      values: byNode(
        examined.graph,
        examined.blocks.map(({ pattern, heads }) => [
          pattern.value,
          overHeads(
            heads.map((each) => each[share]),
            strongest,
          ),
        ]),
      ),
    };
  });
}

/** NaN where no head has the number. */
export function overHeads(values: readonly number[], strongest: boolean): number {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return NaN;
  if (strongest) return finite.reduce((most, value) => Math.max(most, value));
  return finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

export function isStrongest(share: Share): boolean {
  return STRONGEST.has(share);
}
