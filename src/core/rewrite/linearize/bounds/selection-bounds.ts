/** Bounds of what takes the largest or smallest of several numbers: ends go to ends; the line of a winner where there is one. */
import { compose } from '../linear-map.js';
import { expand, move, scale } from '../maps.js';
import type { Linear, Site } from '../rule.js';
import { rectified } from './piecewise-bounds.js';
import { again, level, type BoundsRule, type Interval, type Lines, type Relax } from './relaxation.js';

/** Of two values the one that always wins is the result; whichever it is, the result is on its side of both. */
const extreme =
  (site: Site): Relax =>
  (intervals) => {
    const { calc, node, to } = site;
    const spread = (at: number) => expand(calc, site.shape(site.input(at)), to);
    const all = node.inputs.map((value, at): Interval => {
      if (!site.isActive(at)) {
        const same = calc.op('Expand', value, calc.writer.ints([1, ...to]));
        return { lower: same, upper: same };
      }
      const { lower, upper } = intervals(at);
      return { lower: spread(at).forward(lower), upper: spread(at).forward(upper) };
    });
    const interval = {
      lower: calc.op(node.opType, ...all.map(({ lower }) => lower)),
      upper: calc.op(node.opType, ...all.map(({ upper }) => upper)),
    };
    const [a, b, third] = all;
    if (a === undefined || b === undefined || third !== undefined) return { interval };
    /** The operands where their masks hold, and a constant elsewhere. */
    const taken = (masks: readonly [string, string], otherwise: string): Linear => {
      const free = calc.op('Where', calc.op('Or', ...masks), 0, otherwise);
      const held = masks.reduce(
        (sum, mask, at) =>
          site.isActive(at) ? sum : calc.op('Add', sum, calc.op('Where', mask, all[at]?.lower ?? '', 0)),
        free,
      );
      const terms = masks.flatMap((mask, at) =>
        site.isActive(at)
          ? [{ input: at, map: compose(spread(at), scale(calc, calc.op('Where', mask, 1, 0), to)) }]
          : [],
      );
      return { terms, offset: () => held };
    };
    const lines = (): Lines => {
      const isMax = node.opType === 'Max';
      const over = isMax ? 'GreaterOrEqual' : 'LessOrEqual';
      const [near, far] = isMax ? (['lower', 'upper'] as const) : (['upper', 'lower'] as const);
      const first = calc.op(over, a[near], b[far]);
      const second = calc.op('And', calc.op('Not', first), calc.op(over, b[near], a[far]));
      const better = calc.op(over, a[near], b[near]);
      const beside = taken([better, calc.op('Not', better)], interval[near]);
      const beyond = taken([first, second], interval[far]);
      return isMax ? { upper: beyond, lower: beside } : { upper: beside, lower: beyond };
    };
    return { interval, lines };
  };

/** The largest of a window: it is not under the value that has the highest lower end. */
const maxPool: BoundsRule = (site) => (intervals) => {
  const { calc, node, from, to } = site;
  const x = intervals(0);
  const interval = { lower: again(site, x.lower), upper: again(site, x.upper) };
  const lines = (): Lines => {
    const proto = { ...node.proto, attribute: node.proto.attribute.filter(({ name }) => name !== 'storage_order') };
    const winners = calc.writer.copy(proto, [calc.reshape(x.lower, from)], 2)[1] ?? '';
    return {
      upper: level(interval.upper),
      lower: { terms: [{ input: 0, map: move(calc, winners, from, to) }] },
    };
  };
  return { interval, lines };
};

/** Never falls where one of its numbers rises. */
const rising: BoundsRule = (site: Site) => (intervals) => {
  const x = intervals(0);
  return { interval: { lower: again(site, x.lower), upper: again(site, x.upper) } };
};

/** Ends of what a choice is made of, spread over all of it; of what does not move, itself twice. */
function choices(site: Site, intervals: (input: number) => Interval): readonly [Interval, Interval] {
  const { calc, to } = site;
  return [1, 2].map((at): Interval => {
    if (!site.isActive(at)) {
      const same = calc.op('Expand', site.input(at), calc.writer.ints([1, ...to]));
      return { lower: same, upper: same };
    }
    const spread = expand(calc, site.shape(site.input(at)), to);
    return { lower: spread.forward(intervals(at).lower), upper: spread.forward(intervals(at).upper) };
  }) as [Interval, Interval];
}

/**
 * A condition that depends on the input leaves both open. One that does not chooses between ends, as they are: a mask puts
 * −∞ in the place of scores, which no sum would survive.
 */
const where =
  (site: Site): Relax =>
  (intervals) => {
    const { calc, to } = site;
    const [yes, no] = choices(site, intervals);
    if (site.dependsOnStart(site.input(0))) {
      return {
        interval: { lower: calc.op('Min', yes.lower, no.lower), upper: calc.op('Max', yes.upper, no.upper) },
      };
    }
    const condition = site.input(0);
    const interval = {
      lower: calc.op('Where', condition, yes.lower, no.lower),
      upper: calc.op('Where', condition, yes.upper, no.upper),
    };
    const lines = (): Lines => {
      const [taken, left] = [calc.op('Where', condition, 1, 0), calc.op('Where', condition, 0, 1)];
      const terms = [taken, left].flatMap((share, at) =>
        site.isActive(at + 1)
          ? [{ input: at + 1, map: compose(expand(calc, site.shape(site.input(at + 1)), to), scale(calc, share, to)) }]
          : [],
      );
      const held = [yes, no].map(({ lower }, at) => (site.isActive(at + 1) ? 0 : lower));
      const same: Linear = { terms, offset: () => calc.op('Where', condition, held[0] ?? 0, held[1] ?? 0) };
      return { upper: same, lower: same };
    };
    return { interval, lines };
  };

/** A rectifier that ends here is bounded as the one function of one value that it is; all others by their own rule. */
function unlessRectifier(otherwise: (site: Site) => Relax): BoundsRule {
  return (site) => rectified(site) ?? otherwise(site);
}

export const SELECTION_BOUNDS: Readonly<Record<string, BoundsRule>> = {
  Max: unlessRectifier(extreme),
  Min: extreme,
  MaxPool: maxPool,
  GlobalMaxPool: rising,
  ReduceMax: rising,
  ReduceMin: rising,
  Where: unlessRectifier(where),
};
