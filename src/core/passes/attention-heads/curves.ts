/** How scores are spread over the heads, and how they go with depth. */
import type { Curve } from '../result.js';
import { DEFINITIONS, headsOf, labelOf, measuredShares, type Examined, type Share } from './examined.js';
import { isStrongest, overHeads } from './metrics.js';

const STEPS = 100;

/** Entropy is on a scale of its own: it stands apart from what takes attention. */
export function headCurves(examined: Examined): Curve[] {
  const shares = measuredShares(examined);
  const [scores, entropy] = [false, true].map((wanted) => shares.filter((share) => (share === 'evenness') === wanted));
  const groups = [
    { id: 'score', title: 'score', shares: scores ?? [] },
    { id: 'entropy', title: 'normalised entropy', shares: entropy ?? [] },
  ].filter((group) => group.shares.length > 0);
  const isDeep = examined.blocks.length > 1;
  return groups.flatMap((group) => [spread(examined, group), ...(isDeep ? [byDepth(examined, group)] : [])]);
}

interface Group {
  readonly id: string;
  readonly title: string;
  readonly shares: readonly Share[];
}

function spread(examined: Examined, { id, title, shares }: Group): Curve {
  const heads = headsOf(examined);
  const of = (share: Share): readonly number[] =>
    heads.map(({ scores }) => scores[share]).filter((value) => Number.isFinite(value));
  // To the next 10 % above the highest: past it there is no head.
  const highest = shares.flatMap(of).reduce((most, value) => Math.max(most, value), 0);
  const end = Math.min(1, Math.max(0.1, Math.ceil(highest * 10) / 10));
  const x = Float32Array.from({ length: STEPS + 1 }, (_, step) => (end * step) / STEPS);
  return {
    id: `heads-by-${id}`,
    title: `Heads with at least this ${title}`,
    xLabel: title.charAt(0).toUpperCase() + title.slice(1),
    xFormat: 'share',
    yLabel: 'Share of heads',
    definition: `Share of the ${heads.length} heads that reach so much. ${definitionsOf(examined, shares)}`,
    format: 'share',
    series: shares.map((share) => {
      const own = of(share);
      return {
        label: labelOf(share, examined),
        x,
        y: x.map((least) => own.filter((value) => Math.fround(value) >= least).length / own.length),
      };
    }),
  };
}

function byDepth(examined: Examined, { id, title, shares }: Group): Curve {
  const { blocks } = examined;
  return {
    id: `heads-${id}-by-depth`,
    title: id === 'score' ? 'What heads look at, by depth' : 'Normalised entropy of heads, by depth',
    xLabel: 'Attention block, in the order of computation',
    yLabel: title.charAt(0).toUpperCase() + title.slice(1),
    definition: `${id === 'score' ? 'The strongest head of each layer; of sink mass the mean over its heads.' : 'Mean over the heads of each layer.'} ${definitionsOf(examined, shares)}`,
    format: 'share',
    series: shares.map((share) => ({
      label: `${labelOf(share, examined)}, ${isStrongest(share) ? 'strongest head' : 'mean'}`,
      x: Float32Array.from(blocks, (_, at) => at),
      y: Float32Array.from(blocks, ({ heads }) =>
        overHeads(
          heads.map((each) => each[share]),
          isStrongest(share),
        ),
      ),
    })),
  };
}

function definitionsOf(examined: Examined, shares: readonly Share[]): string {
  return shares.map((share) => `${labelOf(share, examined)}: ${DEFINITIONS[share]}`).join(' ');
}
