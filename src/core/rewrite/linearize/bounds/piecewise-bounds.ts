/**
 * Bounds of functions that are linear piece by piece. A rectifier that changes sides within its interval stays under the
 * chord and over one of its pieces, the one that leaves the smaller triangle (methods, D3: adaptive). Where it stays on
 * one piece it is that piece.
 */
import { rectifiedInput } from '../../../graph/activations/rectifier.js';
import { attributeFloat } from '../../../graph/attributes.js';
import type { Calculator } from '../calculator.js';
import { expand } from '../maps.js';
import { declined, type Linear, type Site } from '../rule.js';
import {
  again,
  line,
  outward,
  type BoundsRule,
  type Interval,
  type Lines,
  type Relax,
  type RelaxOf,
} from './relaxation.js';

/** a where a condition holds, else b. */
function choose(calc: Calculator, condition: string, a: string | number, b: string | number): string {
  return calc.op('Where', condition, a, b);
}

/** The slopes of a bent function left of 0, and which of the node's inputs it is of. */
interface Bent {
  /** Spreads to the output. */
  readonly a: string;
  readonly input: number;
  /** Its pieces are exact; a product with another slope is rounded by the model itself. */
  readonly isRelu: boolean;
}

/**
 * Lines of y = max(x, a x), or of min(x, a x) where a > 1: convex or concave with its kink at 0.
 */
function kinkLines(site: Site, { lower: l, upper: u }: Interval, { a, input, isRelu }: Bent): Lines {
  const { calc } = site;
  const left = calc.op('LessOrEqual', u, 0);
  const right = calc.op('GreaterOrEqual', l, 0);
  const bent = calc.op('Not', calc.op('Or', left, right));
  const piece = choose(calc, left, a, 1);
  const width = calc.op('Sub', u, l);
  const chord = calc.op('Div', calc.op('Sub', u, calc.op('Mul', a, l)), width);
  const slope = choose(calc, bent, chord, piece);
  const foot = calc.op('Sub', calc.op('Mul', a, l), calc.op('Mul', chord, l));
  const zero = calc.op('Mul', width, 0);
  const size = calc.op('Mul', calc.op('Add', calc.op('Abs', a), 1), calc.op('Add', width, calc.op('Abs', l)));
  const through = (direction: 'up' | 'down'): string => (isRelu ? zero : outward(calc, zero, direction, size));
  const onChord = (direction: 'up' | 'down'): string =>
    choose(calc, bent, outward(calc, foot, direction, size), through(direction));
  const isConvex = calc.op('LessOrEqual', a, 1);
  const [from1, fromA] = [1, a].map((end) => calc.op('Abs', calc.op('Sub', chord, end)));
  const nearer = choose(calc, calc.op('Less', from1 ?? '', fromA ?? ''), 1, a);
  const tangent = choose(calc, bent, nearer, piece);
  return {
    upper: line(
      site,
      choose(calc, isConvex, slope, tangent),
      choose(calc, isConvex, onChord('up'), through('up')),
      input,
    ),
    lower: line(
      site,
      choose(calc, isConvex, tangent, slope),
      choose(calc, isConvex, through('down'), onChord('down')),
      input,
    ),
  };
}

/** y = x for x > 0, else a x. */
function kink(slope: (site: Site) => string): BoundsRule {
  return (site) => (intervals) => {
    const { calc, from, to } = site;
    const given = intervals(0);
    const spread = expand(calc, from, to);
    const x = { lower: spread.forward(given.lower), upper: spread.forward(given.upper) };
    const a = slope(site);
    const at = (value: string): string => choose(calc, calc.op('Greater', value, 0), value, calc.op('Mul', a, value));
    const [low, high] = [at(x.lower), at(x.upper)];
    const crossing = calc.op('And', calc.op('Less', x.lower, 0), calc.op('Greater', x.upper, 0));
    const least = calc.op('Min', low, high);
    // For a < 0 the kink itself is the lowest point.
    const interval: Interval = {
      lower: outward(calc, choose(calc, crossing, calc.op('Min', least, 0), least), 'down', least),
      upper: outward(calc, calc.op('Max', low, high), 'up', high, low),
    };
    return { interval, lines: () => throughSpread(site, kinkLines(site, x, { a, input: 0, isRelu: false })) };
  };
}

/** max(x, 0) of one of the node's inputs, however it is spelled; undefined where the node is something else. */
export function rectified(site: Site): RelaxOf | undefined {
  const { calc, graph, node, to } = site;
  const input = rectifiedInput(graph, node);
  if (input === undefined || site.shape(site.input(input)).join() !== to.join()) return undefined;
  const relax: Relax = (intervals) => {
    const x = intervals(input);
    return {
      interval: { lower: calc.op('Relu', x.lower), upper: calc.op('Relu', x.upper) },
      lines: () => kinkLines(site, x, { a: calc.number(0), input, isRelu: true }),
    };
  };
  return { relax, inputs: [input] };
}

const relu: BoundsRule = (site) => rectified(site) ?? declined('it changes the shape of what it rectifies');

/** A parameter with more axes than the value spreads the value over the output. */
function throughSpread({ calc, from, to }: Site, lines: Lines): Lines {
  const spread = expand(calc, from, to);
  const through = ({ terms, ...rest }: Linear): Linear => ({
    ...rest,
    terms: terms.map(({ input, map }) => ({
      input,
      map: {
        forward: (v) => map.forward(spread.forward(v)),
        transpose: (u) => spread.transpose(map.transpose(u)),
      },
    })),
  });
  return { upper: through(lines.upper), lower: through(lines.lower) };
}

interface Limits {
  readonly low: string | undefined;
  readonly high: string | undefined;
}

/** y = w between two limits, w = factor · x + shift with a factor that is not negative. */
function clipRelax(site: Site, { low, high }: Limits, factor = 1, shift = 0): Relax {
  const { calc } = site;
  return (intervals) => {
    const given = intervals(0);
    const affineOf = (x: string): string =>
      factor === 1 && shift === 0 ? x : calc.op('Add', calc.op('Mul', x, factor), shift);
    const w =
      factor === 1 && shift === 0
        ? given
        : {
            lower: outward(calc, affineOf(given.lower), 'down', given.lower, calc.number(shift)),
            upper: outward(calc, affineOf(given.upper), 'up', given.upper, calc.number(shift)),
          };
    // Without a limit the interval itself is one, where it does not lie beyond the other.
    const bottom = low ?? (high === undefined ? w.lower : calc.op('Min', w.lower, high));
    const top = high ?? calc.op('Max', w.upper, bottom);
    const within = (x: string): string => calc.op('Min', calc.op('Max', x, bottom), top);
    const interval = { lower: within(w.lower), upper: within(w.upper) };
    const lines = (): Lines => {
      const { upper, lower } = clipLines(calc, w, bottom, top);
      const moved = (slope: string, offset: string, direction: 'up' | 'down'): string =>
        outward(calc, calc.op('Add', offset, calc.op('Mul', slope, shift)), direction, offset, w.lower, w.upper);
      const shifted = ({ slope, offset }: Affine, direction: 'up' | 'down'): Linear =>
        factor === 1 && shift === 0
          ? line(site, slope, offset)
          : line(site, calc.op('Mul', slope, factor), moved(slope, offset, direction));
      return { upper: shifted(upper, 'up'), lower: shifted(lower, 'down') };
    };
    return { interval, lines };
  };
}

interface Affine {
  readonly slope: string;
  readonly offset: string;
}

function clipLines(
  calc: Calculator,
  { lower: l, upper: u }: Interval,
  bottom: string,
  top: string,
): { readonly upper: Affine; readonly lower: Affine } {
  // From the end where it is still flat to where it bends again: nowhere under the function.
  const side = (outer: string, limit: string, bend: string, isBent: string, direction: 'up' | 'down') => {
    const run = calc.op('Sub', bend, outer);
    const slope = calc.op('Div', calc.op('Sub', bend, limit), run);
    const foot = calc.op('Sub', limit, calc.op('Mul', slope, outer));
    const offset = outward(calc, foot, direction, limit, outer, bend);
    const isFlat = calc.op(direction === 'up' ? 'LessOrEqual' : 'GreaterOrEqual', bend, limit);
    // Not bent here, it can only bend at the other limit: x itself or that limit, whichever leaves less.
    const far = direction === 'up' ? top : bottom;
    const [above, below] = [calc.op('Sub', u, far), calc.op('Sub', far, l)];
    const takesLimit = direction === 'up' ? calc.op('Greater', above, below) : calc.op('Greater', below, above);
    return {
      slope: choose(calc, isBent, choose(calc, isFlat, 0, slope), choose(calc, takesLimit, 0, 1)),
      offset: choose(calc, isBent, choose(calc, isFlat, limit, offset), choose(calc, takesLimit, far, 0)),
    };
  };
  return {
    upper: side(l, bottom, calc.op('Min', u, top), calc.op('Less', l, bottom), 'up'),
    lower: side(u, top, calc.op('Max', l, bottom), calc.op('Greater', u, top), 'down'),
  };
}

const clip: BoundsRule = (site) => {
  const whole = rectified(site);
  if (whole !== undefined) return whole;
  if (site.isActive(1) || site.isActive(2)) return declined('its limits depend on the input');
  const limit = (position: number): string | undefined =>
    site.input(position) === '' ? undefined : site.calc.cast(site.input(position));
  return clipRelax(site, { low: limit(1), high: limit(2) });
};

const hardSigmoid: BoundsRule = (site) => {
  const factor = attributeFloat(site.node, 'alpha') ?? 0.2;
  if (factor < 0) return declined('it falls');
  const { calc } = site;
  return clipRelax(
    site,
    { low: calc.number(0), high: calc.number(1) },
    factor,
    attributeFloat(site.node, 'beta') ?? 0.5,
  );
};

/** 0 up to the threshold, x beyond it: there it jumps. */
const thresholded: BoundsRule = (site) => (intervals) => {
  const { calc, node } = site;
  const x = intervals(0);
  const threshold = attributeFloat(node, 'alpha') ?? 1;
  const interval =
    threshold >= 0
      ? { lower: again(site, x.lower), upper: again(site, x.upper) }
      : { lower: calc.op('Min', x.lower, 0), upper: calc.op('Max', x.upper, 0) };
  const passes = calc.op('Greater', x.lower, threshold);
  const lines = (): Lines => {
    const slope = choose(calc, passes, 1, 0);
    return {
      upper: line(site, slope, choose(calc, passes, 0, interval.upper)),
      lower: line(site, slope, choose(calc, passes, 0, interval.lower)),
    };
  };
  return { interval, lines };
};

/** Functions that never fall and jump: the ends of the interval go to the ends. */
const steps: BoundsRule = (site) => (intervals) => {
  const x = intervals(0);
  return { interval: { lower: again(site, x.lower), upper: again(site, x.upper) } };
};

/** Yes or no as numbers: between 0 and 1 where it depends on the input. Numbers stay what they are. */
const cast: BoundsRule = (site) => {
  const { calc, graph, to } = site;
  const value = site.input(0);
  if (site.typeOf(value) !== undefined || !site.dependsOnStart(value)) return 'affine';
  const producer = graph.producerOf(value);
  if (producer?.domain !== '' || !CONDITIONS.has(producer.opType)) return declined('it makes numbers of whole numbers');
  const all = (number: number): string => calc.op('Expand', calc.number(number), calc.writer.ints([1, ...to]));
  return { relax: () => ({ interval: { lower: all(0), upper: all(1) } }), inputs: [] };
};

const CONDITIONS: ReadonlySet<string> = new Set(
  'Greater GreaterOrEqual Less LessOrEqual Equal Not And Or Xor'.split(' '),
);

export const PIECEWISE_BOUNDS: Readonly<Record<string, BoundsRule>> = {
  Relu: relu,
  LeakyRelu: kink(({ calc, node }) => calc.number(attributeFloat(node, 'alpha') ?? 0.01)),
  PRelu: (site) =>
    site.isActive(1)
      ? declined('its slopes depend on the input')
      : kink(({ calc, input }) => calc.cast(input(1)))(site),
  Abs: kink(({ calc }) => calc.number(-1)),
  Clip: clip,
  HardSigmoid: hardSigmoid,
  Cast: cast,
  CastLike: cast,
  ThresholdedRelu: thresholded,
  Sign: steps,
  Floor: steps,
  Ceil: steps,
  Round: steps,
};
