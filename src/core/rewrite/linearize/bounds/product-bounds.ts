/** Bounds of products of two values that both depend on the input, of softmax, and of normalisations. */
import { attributeInt } from '../../../graph/attributes.js';
import { elementCount } from '../../../tensor/tensor.js';
import { compose } from '../linear-map.js';
import { expand, scale } from '../maps.js';
import { declined, type Linear, type Site } from '../rule.js';
import { rectified } from './piecewise-bounds.js';
import {
  outward,
  widened,
  type BoundsRule,
  type Interval,
  type Lines,
  type Relax,
  type RelaxOf,
  type Relaxation,
} from './relaxation.js';
import { reciprocalOf, valleyOf, type SmoothFunction } from './smooth-bounds.js';
import { spelledActivation } from './spelled-activation.js';
import { spelledNormalisation } from './spelled-normalisation.js';

function spreadOver(site: Site, at: number, { lower, upper }: Interval): Interval {
  const spread = expand(site.calc, site.shape(site.input(at)), site.to);
  return { lower: spread.forward(lower), upper: spread.forward(upper) };
}

/** All four corners. */
function corners(site: Site, a: Interval, b: Interval): Interval {
  const { calc } = site;
  const all = [a.lower, a.upper].flatMap((one) => [b.lower, b.upper].map((other) => calc.op('Mul', one, other)));
  return widened(calc, { lower: calc.op('Min', ...all), upper: calc.op('Max', ...all) });
}

/** A normalisation that ends here: bounded as a whole, so that of its inputs only the normalised value counts. */
function withinRoot(site: Site): RelaxOf | undefined {
  const found = spelledNormalisation(site);
  if (found === undefined) return undefined;
  const { input, count } = found;
  const relax: Relax = (intervals) => {
    const { calc } = site;
    // Squares, their sum and its root are rounded by no more than n units of the last place.
    const largest = Math.sqrt(count) * (1 + 1e-5 + count * 2 ** -24);
    const none = calc.op('Mul', spreadOver(site, input, intervals(input)).lower, 0);
    return { interval: { lower: calc.op('Sub', none, largest), upper: calc.op('Add', none, largest) } };
  };
  return { relax, inputs: [input] };
}

/** A GELU or SiLU that ends here, or is half of what ends here: bounded as the one function of one value that it is. */
function gated(site: Site): RelaxOf | undefined {
  const found = spelledActivation(site);
  if (found === undefined) return undefined;
  const { input, gate, slope, cubic, shift, scale, lowest, curvature } = found;
  const { calc } = site;
  const smooth: SmoothFunction = {
    input,
    of(p) {
      const linear = calc.op('Mul', p, slope);
      const cube = (): string => calc.op('Mul', calc.op('Mul', p, p), calc.op('Mul', p, cubic));
      const inner = cubic === 0 ? linear : calc.op('Add', linear, cube());
      return calc.op('Mul', p, calc.op('Add', calc.op('Mul', calc.op(gate, inner), scale), shift));
    },
  };
  const relax: Relax = (intervals) => {
    const x = intervals(input);
    const { interval, lines } = valleyOf(site, x, lowest, { curvature }, smooth);
    // The gate is rounded by a few units of the last place of 1, and that times p is what the product is off by.
    const size = calc.op('Max', calc.op('Abs', x.lower), calc.op('Abs', x.upper));
    const wide = {
      lower: outward(calc, interval.lower, 'down', size),
      upper: outward(calc, interval.upper, 'up', size),
    };
    return { interval: wide, ...(lines === undefined ? {} : { lines }) };
  };
  return { relax, inputs: [input] };
}

/** a b, with the lines of McCormick through one corner each. */
const multiply: BoundsRule = (site) => {
  if (!(site.isActive(0) && site.isActive(1))) return 'affine';
  const whole = withinRoot(site) ?? gated(site) ?? rectified(site);
  if (whole !== undefined) return whole;
  return (intervals): Relaxation => {
    const { calc, to } = site;
    const [a, b] = [spreadOver(site, 0, intervals(0)), spreadOver(site, 1, intervals(1))];
    const through = (slopeA: string, slopeB: string, direction: 'up' | 'down'): Linear => {
      const corner = calc.op('Mul', slopeA, slopeB);
      const largest = [a, b].map(({ lower, upper }) => calc.op('Max', calc.op('Abs', lower), calc.op('Abs', upper)));
      const size = calc.op('Mul', largest[0] ?? '', largest[1] ?? '');
      const offset = outward(calc, calc.op('Neg', corner), direction, size, size, size, size);
      const term = (input: number, slope: string) => ({
        input,
        map: compose(expand(calc, site.shape(site.input(input)), to), scale(calc, slope, to)),
      });
      return { terms: [term(0, slopeA), term(1, slopeB)], offset: () => offset };
    };
    const lines = (): Lines => ({
      upper: through(b.upper, a.lower, 'up'),
      lower: through(b.lower, a.lower, 'down'),
    });
    return { interval: corners(site, a, b), lines };
  };
};

/** a / b: a times 1 / b. */
const divide: BoundsRule = (site) => {
  if (!site.isActive(1)) return 'affine';
  const whole = withinRoot(site);
  if (whole !== undefined) return whole;
  return (intervals) => {
    const { calc, to } = site;
    const below = reciprocalOf(calc, spreadOver(site, 1, intervals(1)));
    if (site.isActive(0)) return { interval: corners(site, spreadOver(site, 0, intervals(0)), below) };
    const same = calc.op('Expand', site.input(0), calc.writer.ints([1, ...to]));
    return { interval: corners(site, { lower: same, upper: same }, below) };
  };
};

/** What a sum of single precision may be off by, per number. */
const SUM_ROUNDING = 2 ** -22;
/** Stands for minus infinity, of which no difference could be taken. */
const LOWEST = -1e30;

/**
 * 1 / (1 + Σ e^(other − own)) over all others: own lowest with the others highest, and the other way round. The sum is
 * taken relative to the largest of the others, which for the largest of all is the second: nothing then underflows that
 * decides, as where a token attends to itself alone.
 */
function softmaxInterval(site: Site, { lower, upper }: Interval): Interval {
  const { calc, node, from } = site;
  const axis = attributeInt(node, 'axis') ?? -1;
  const place = axis < 0 ? axis + from.length : axis;
  const along = [place + 1];
  const count = from[place] ?? 1;
  const share = (own: string, others: string, direction: 'up' | 'down'): string => {
    const known = calc.op('Max', others, LOWEST);
    const top = calc.writer.node('ArgMax', [known], { axis: place + 1, keepdims: 1 });
    const range = calc.writer.node('Range', [calc.writer.int(0), calc.writer.int(count), calc.writer.int(1)]);
    const places = calc.reshape(range, [1, ...from.map((_, at) => (at === place ? count : 1))]);
    const isTop = calc.op('Equal', places, top);
    const rest = calc.op('Where', isTop, LOWEST, known);
    const [first, second] = [known, rest].map((each) => calc.reduce('ReduceMax', each, along, true)) as [
      string,
      string,
    ];
    const relative = (values: string, to: string): string => calc.op('Exp', calc.op('Sub', values, to));
    const all = relative(known, first);
    const withoutOwn = calc.op('Sub', calc.reduce('ReduceSum', all, along, true), all);
    const withoutTop = calc.reduce('ReduceSum', calc.op('Where', isTop, 0, relative(rest, second)), along, true);
    const sum = calc.op('Where', isTop, withoutTop, withoutOwn);
    // In any sum the largest of the others is 1, so that this is what all of it may be off by.
    const rounding = calc.op('Mul', calc.op('Add', sum, 1), count * SUM_ROUNDING);
    const safe = calc.op('Max', calc.op(direction === 'up' ? 'Sub' : 'Add', sum, rounding), 0);
    const factor = relative(calc.op('Where', isTop, second, first), own);
    // 0 · ∞ is where there are no others, or they are infinitely far above.
    const odds = calc.op('Where', calc.op('Greater', safe, 0), calc.op('Mul', factor, safe), 0);
    return calc.op('Reciprocal', calc.op('Add', odds, 1));
  };
  const { lower: least, upper: most } = widened(calc, {
    lower: share(lower, upper, 'down'),
    upper: share(upper, lower, 'up'),
  });
  return { lower: calc.op('Max', least, 0), upper: calc.op('Min', most, 1.000001) };
}

const softmax: BoundsRule = (site) => (intervals) => ({ interval: softmaxInterval(site, intervals(0)) });

/** Whatever it is of: no element of n normalised ones is larger than √(n − 1), or √n where the mean stays. */
function normalised(centred: boolean): BoundsRule {
  return (site): Relax | ReturnType<typeof declined> => {
    if (site.isActive(1) || site.isActive(2)) return declined('its gain depends on the input');
    return () => {
      const { calc, node, from, to } = site;
      const axis = attributeInt(node, 'axis') ?? -1;
      const count = elementCount(from.slice(axis < 0 ? axis + from.length : axis));
      const largest = Math.sqrt(Math.max(0, centred ? count - 1 : count)) * (1 + 1e-5);
      const spread = (value: string): string => calc.op('Expand', calc.cast(value), calc.writer.ints([1, ...to]));
      const radius = calc.op('Mul', calc.op('Abs', spread(site.input(1))), largest);
      const middle = site.input(2) === '' ? calc.op('Mul', radius, 0) : spread(site.input(2));
      const interval = { lower: calc.op('Sub', middle, radius), upper: calc.op('Add', middle, radius) };
      return { interval: widened(calc, interval) };
    };
  };
}

export const PRODUCT_BOUNDS: Readonly<Record<string, BoundsRule>> = {
  Mul: multiply,
  Div: divide,
  Softmax: softmax,
  LayerNormalization: normalised(true),
  RMSNormalization: normalised(false),
};
