/**
 * Bounds of smooth functions. Those that never fall go from end to end; those with one valley have its depth besides.
 * Lines (methods, D3): the slope of the chord, and how far the function strays from it, seen on a grid over the interval;
 * between two points of the grid it strays at most max|f''| s² / 8 further, s being the step.
 */
import { attributeFloat, attributeString } from '../../../graph/attributes.js';
import { scalarConstant } from '../../../graph/constants.js';
import type { Calculator } from '../calculator.js';
import { declined, type Site } from '../rule.js';
import {
  again,
  line,
  outward,
  widened,
  type BoundsRule,
  type Interval,
  type Lines,
  type Relaxation,
} from './relaxation.js';

/** Steps of the grid. */
const STEPS = 32;

/** How far a function strays from its chord between two points that are s apart, at most. */
interface Stray {
  /** max |f''|, where it is smooth. */
  readonly curvature: number;
  /** How much the slope jumps at a kink. */
  readonly kink?: number;
}

/** A function of one of the node's inputs, element by element. */
export interface SmoothFunction {
  /** Position of that input. */
  readonly input: number;
  /** Writes the function of a value of any shape. */
  of(value: string): string;
}

/** What the node itself computes of its first input. */
function ownFunction({ calc, node }: Site): SmoothFunction {
  return { input: 0, of: (value) => calc.writer.copy(node.proto, [value, ...node.inputs.slice(1)])[0] ?? '' };
}

function chordLines(
  site: Site,
  { lower: l, upper: u }: Interval,
  { curvature, kink = 0 }: Stray,
  { input, of } = ownFunction(site),
): Lines {
  const { calc, to } = site;
  const { writer } = calc;
  const width = calc.op('Sub', u, l);
  const [low, high] = [of(l), of(u)];
  const rise = calc.op('Sub', high, low);
  const steep = calc.op('Div', rise, calc.op('Max', width, 1e-6));
  const slope = calc.op('Where', calc.op('Greater', width, 1e-6), steep, 0);
  const column = (value: string): string => calc.reshape(value, [1, ...to, 1]);
  const range = writer.node('Range', [writer.int(0), writer.int(STEPS + 1), writer.int(1)]);
  const parts = calc.op('Mul', calc.cast(range), 1 / STEPS);
  // [1, ...to, points]; the last one may not pass the end.
  const grid = calc.op('Min', calc.op('Add', column(l), calc.op('Mul', column(width), parts)), column(u));
  const apart = calc.op('Sub', of(grid), calc.op('Mul', column(slope), grid));
  const step = calc.op('Mul', width, 1 / STEPS);
  const bow = calc.op('Mul', calc.op('Mul', step, step), curvature / 8);
  const stray = calc.op('Add', bow, calc.op('Mul', step, kink / 4));
  const largest = calc.op('Max', calc.op('Abs', l), calc.op('Abs', u));
  const sizes = [low, high, largest, calc.op('Mul', slope, largest), calc.number(1)];
  const end = (reduction: 'ReduceMin' | 'ReduceMax'): string => {
    const found = calc.reduce(reduction, apart, [to.length + 1], false);
    const isMax = reduction === 'ReduceMax';
    return outward(calc, calc.op(isMax ? 'Add' : 'Sub', found, stray), isMax ? 'up' : 'down', ...sizes);
  };
  return { upper: line(site, slope, end('ReduceMax'), input), lower: line(site, slope, end('ReduceMin'), input) };
}

/** @param stray undefined where the slope has no bound: then the ends alone are known. */
function rising(stray?: Stray | ((site: Site) => Stray | undefined)): BoundsRule {
  return (site) => (intervals) => {
    const x = intervals(0);
    const found = typeof stray === 'function' ? stray(site) : stray;
    return {
      interval: widened(site.calc, { lower: again(site, x.lower), upper: again(site, x.upper) }),
      ...(found === undefined ? {} : { lines: () => chordLines(site, x, found) }),
    };
  };
}

/** Falls to one lowest point and rises from there. */
function valley(at: number, depth: number, stray?: Stray): BoundsRule {
  return (site) => (intervals) => valleyOf(site, intervals(0), { at, depth }, stray, ownFunction(site));
}

/** Bounds of a function that falls to one lowest point and rises from there, over an interval of its input. */
export function valleyOf(
  site: Site,
  x: Interval,
  { at, depth }: { readonly at: number; readonly depth: number },
  stray: Stray | undefined,
  smooth: SmoothFunction,
): Relaxation {
  const { calc } = site;
  const [low, high] = [smooth.of(x.lower), smooth.of(x.upper)];
  const holds = calc.op('And', calc.op('Less', x.lower, at), calc.op('Greater', x.upper, at));
  const interval = {
    lower: calc.op('Where', holds, depth, calc.op('Min', low, high)),
    upper: calc.op('Max', low, high),
  };
  return {
    interval: widened(calc, interval),
    ...(stray === undefined ? {} : { lines: () => chordLines(site, x, stray, smooth) }),
  };
}

/** Anywhere in its range. */
function between(lower: number, upper: number, curvature: number): BoundsRule {
  return (site) => (intervals) => {
    const { calc } = site;
    const x = intervals(0);
    const all = (value: number): string => calc.op('Add', calc.op('Mul', x.lower, 0), value);
    return {
      interval: { lower: all(lower), upper: all(upper) },
      lines: () => chordLines(site, x, { curvature }),
    };
  };
}

/** Rising where the input is above a lowest value; what is not known there is said to be anything. */
function risingAbove(lowest: number): BoundsRule {
  return (site) => (intervals) => {
    const { calc } = site;
    const x = intervals(0);
    const inside = calc.op('Greater', x.lower, lowest);
    const { lower, upper } = widened(calc, { lower: again(site, x.lower), upper: again(site, x.upper) });
    return {
      interval: {
        lower: calc.op('Where', inside, lower, -Infinity),
        upper: calc.op('Where', inside, upper, Infinity),
      },
    };
  };
}

/** 1 / x for an interval without 0; otherwise anything. */
export function reciprocalOf(calc: Calculator, { lower, upper }: Interval): Interval {
  const apart = calc.op('Or', calc.op('Greater', lower, 0), calc.op('Less', upper, 0));
  const found = widened(calc, { lower: calc.op('Reciprocal', upper), upper: calc.op('Reciprocal', lower) });
  return {
    lower: calc.op('Where', apart, found.lower, -Infinity),
    upper: calc.op('Where', apart, found.upper, Infinity),
  };
}

/** x², and x³ by its ends: other powers are not read. */
const power: BoundsRule = (site) => {
  const exponent = site.isActive(1) ? undefined : scalarConstant(site.graph, site.input(1));
  if (exponent === 2) return valley(0, 0, { curvature: 2 })(site);
  return exponent === 3 ? rising()(site) : declined('of powers only the square and the cube are bounded');
};

const isPlain = (site: Site): boolean => (attributeFloat(site.node, 'alpha') ?? 1) === 1;

/** Largest |f''|: of the exact function and of its approximation by tanh, the larger (0.7979 and 0.8025). */
const GELU_CURVATURE = 0.81;

/** The approximation's lowest point lies 0.001 deeper than that of the exact function. */
const gelu: BoundsRule = (site) =>
  attributeString(site.node, 'approximate') === 'tanh'
    ? valley(-0.7524614, -0.1700408, { curvature: GELU_CURVATURE })(site)
    : valley(-0.7517916, -0.1699713, { curvature: GELU_CURVATURE })(site);

/** x σ(x); with a factor the lowest point moves. */
const swish: BoundsRule = (site) => {
  const factor = attributeFloat(site.node, 'alpha') ?? 1;
  if (factor <= 0) return declined('its gate is turned round');
  return valley(-1.2784645 / factor, -0.2784646 / factor, { curvature: 0.5 * factor })(site);
};

export const SMOOTH_BOUNDS: Readonly<Record<string, BoundsRule>> = {
  Sigmoid: rising({ curvature: 0.0963 }),
  Tanh: rising({ curvature: 0.77 }),
  Erf: rising({ curvature: 0.969 }),
  Softplus: rising({ curvature: 0.25 }),
  Atan: rising({ curvature: 0.65 }),
  Softsign: rising({ curvature: 2 }),
  Elu: rising((site) => (isPlain(site) ? { curvature: 1 } : undefined)),
  Selu: rising(),
  Celu: rising(),
  Exp: rising(),
  Sinh: rising(),
  Asinh: rising({ curvature: 0.385 }),
  Sqrt: risingAbove(0),
  Log: risingAbove(0),
  Gelu: gelu,
  Swish: swish,
  Mish: valley(-1.1924313, -0.3088413),
  HardSwish: valley(-1.5, -0.375, { curvature: 1 / 3, kink: 1 }),
  Sin: between(-1, 1, 1),
  Cos: between(-1, 1, 1),
  Pow: power,
  Reciprocal: (site) => (intervals) => ({ interval: reciprocalOf(site.calc, intervals(0)) }),
};
