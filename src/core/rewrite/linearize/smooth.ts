/**
 * Smooth functions of one value: the secant from (0, f(0)) under `frozen`, the derivative under `tangent`. Where |z| is
 * under 1e-6 the secant is the derivative at 0 (methods, section 0.1).
 */
import { attributeFloat, attributeString } from '../../graph/attributes.js';
import type { Calculator } from './calculator.js';
import { lazy } from './linear.js';
import { scale } from './maps.js';
import { only, remainder, type Rule, type Site } from './rule.js';

/** The secant is not taken closer to 0 than this. */
const SMALLEST_SECANT = 1e-6;

interface Smooth {
  /** f'(x), from x and y = f(x). */
  readonly slope: (calc: Calculator, x: string, y: string, site: Site) => string;
  /** f(0) and f'(0); undefined where the function has no value there: then both readings are the derivative. */
  readonly atZero: { readonly value: number; readonly slope: (site: Site) => number } | undefined;
}

function smooth({ slope, atZero }: Smooth): Rule {
  return (site, reading) => {
    const { calc, to, output } = site;
    const x = site.input(0);
    if (reading === 'frozen' && atZero !== undefined) {
      const near = (): string => calc.op('Less', calc.op('Abs', x), SMALLEST_SECANT);
      const rise = (): string => (atZero.value === 0 ? output : calc.op('Sub', output, atZero.value));
      const gain = (): string => calc.op('Where', near(), atZero.slope(site), calc.op('Div', rise(), x));
      return only(
        0,
        lazy(() => scale(calc, gain(), to)),
        atZero.value === 0 ? undefined : () => calc.number(atZero.value),
      );
    }
    const map = lazy(() => scale(calc, slope(calc, x, output, site), to));
    return only(0, map, remainder(site, [{ input: 0, map }]));
  };
}

function at(value: number, slope: number | ((site: Site) => number)): Smooth['atZero'] {
  return { value, slope: typeof slope === 'number' ? () => slope : slope };
}

/** √: its secant is 1/√z; at 0 the slope has no value, and nothing passes. */
const squareRoot: Rule = (site, reading) => {
  const { calc, to, output } = site;
  const gain = (): string => {
    const slope = calc.op('Div', reading === 'frozen' ? 1 : 0.5, output);
    return calc.op('Where', calc.op('Greater', site.input(0), 0), slope, 0);
  };
  const half = (): string => calc.op('Mul', output, 0.5);
  return only(
    0,
    lazy(() => scale(calc, gain(), to)),
    reading === 'frozen' ? undefined : half,
  );
};

/** 1 for x > 0, else what the other side says. */
function positiveOr(calc: Calculator, x: string, positive: number, otherwise: string): string {
  return calc.op('Where', calc.op('Greater', x, 0), positive, otherwise);
}

function alpha(site: Site, standard: number): number {
  return attributeFloat(site.node, 'alpha') ?? standard;
}

const SELU = { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 };

function seluSlope(site: Site): number {
  return attributeFloat(site.node, 'gamma') ?? SELU.gamma;
}

/** 1 / √(1 + sign x²), and its like. */
function inverseRoot(calc: Calculator, radicand: string): string {
  return calc.op('Reciprocal', calc.op('Sqrt', radicand));
}

function square(calc: Calculator, x: string): string {
  return calc.op('Mul', x, x);
}

/** Φ(x) + x φ(x), or the derivative of the approximation by tanh. */
const geluSlope: Smooth['slope'] = (calc, x, _, { node }) => {
  if (attributeString(node, 'approximate') === 'tanh') {
    const root = Math.sqrt(2 / Math.PI);
    const cubic = calc.op('Mul', calc.op('Mul', square(calc, x), x), 0.044715);
    const t = calc.op('Tanh', calc.op('Mul', calc.op('Add', x, cubic), root));
    const inner = calc.op('Mul', calc.op('Add', calc.op('Mul', square(calc, x), 3 * 0.044715), 1), root);
    const bell = calc.op('Mul', calc.op('Mul', x, calc.op('Sub', 1, square(calc, t))), inner);
    return calc.op('Mul', calc.op('Add', calc.op('Add', t, 1), bell), 0.5);
  }
  const cumulative = calc.op('Mul', calc.op('Add', calc.op('Erf', calc.op('Mul', x, Math.SQRT1_2)), 1), 0.5);
  const density = calc.op('Mul', calc.op('Exp', calc.op('Mul', square(calc, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return calc.op('Add', cumulative, calc.op('Mul', x, density));
};

/** x σ(αx). */
const swishSlope: Smooth['slope'] = (calc, x, y, site) => {
  const factor = alpha(site, 1);
  const gate = calc.op('Sigmoid', calc.op('Mul', x, factor));
  return calc.op('Add', gate, calc.op('Mul', calc.op('Mul', y, factor), calc.op('Sub', 1, gate)));
};

/** x tanh(softplus x). */
const mishSlope: Smooth['slope'] = (calc, x) => {
  const t = calc.op('Tanh', calc.op('Softplus', x));
  const bell = calc.op('Mul', calc.op('Mul', x, calc.op('Sigmoid', x)), calc.op('Sub', 1, square(calc, t)));
  return calc.op('Add', t, bell);
};

/** x times a piece of its sigmoid: 0 below −3, 1 above 3, x/3 + ½ between. */
const hardSwishSlope: Smooth['slope'] = (calc, x) => {
  const inside = calc.op('Add', calc.op('Div', x, 3), 0.5);
  const outside = calc.op('Where', calc.op('Greater', x, 0), 1, 0);
  return calc.op('Where', calc.op('Less', calc.op('Abs', x), 3), inside, outside);
};

const FUNCTIONS: Readonly<Record<string, Smooth>> = {
  Tanh: { slope: (calc, _, y) => calc.op('Sub', 1, square(calc, y)), atZero: at(0, 1) },
  Sigmoid: { slope: (calc, _, y) => calc.op('Mul', y, calc.op('Sub', 1, y)), atZero: at(0.5, 0.25) },
  Erf: {
    slope: (calc, x) => calc.op('Mul', calc.op('Exp', calc.op('Neg', square(calc, x))), 2 / Math.sqrt(Math.PI)),
    atZero: at(0, 2 / Math.sqrt(Math.PI)),
  },
  Gelu: { slope: geluSlope, atZero: at(0, 0.5) },
  Swish: { slope: swishSlope, atZero: at(0, 0.5) },
  Mish: { slope: mishSlope, atZero: at(0, 0.6) },
  HardSwish: { slope: hardSwishSlope, atZero: at(0, 0.5) },
  Softplus: { slope: (calc, x) => calc.op('Sigmoid', x), atZero: at(Math.LN2, 0.5) },
  Softsign: {
    slope: (calc, x) => calc.op('Reciprocal', square(calc, calc.op('Add', calc.op('Abs', x), 1))),
    atZero: at(0, 1),
  },
  Elu: {
    slope: (calc, x, y, site) => positiveOr(calc, x, 1, calc.op('Add', y, alpha(site, 1))),
    atZero: at(0, (site) => alpha(site, 1)),
  },
  Selu: {
    slope: (calc, x, y, site) =>
      positiveOr(calc, x, seluSlope(site), calc.op('Add', y, seluSlope(site) * alpha(site, SELU.alpha))),
    atZero: at(0, (site) => seluSlope(site) * alpha(site, SELU.alpha)),
  },
  Celu: {
    slope: (calc, x, _, site) => positiveOr(calc, x, 1, calc.op('Exp', calc.op('Div', x, alpha(site, 1)))),
    atZero: at(0, 1),
  },
  Exp: { slope: (_, __, y) => y, atZero: at(1, 1) },
  Log: { slope: (calc, x) => calc.op('Reciprocal', x), atZero: undefined },
  Sin: { slope: (calc, x) => calc.op('Cos', x), atZero: at(0, 1) },
  Cos: { slope: (calc, x) => calc.op('Neg', calc.op('Sin', x)), atZero: at(1, 0) },
  Tan: { slope: (calc, _, y) => calc.op('Add', square(calc, y), 1), atZero: at(0, 1) },
  Sinh: { slope: (calc, x) => calc.op('Cosh', x), atZero: at(0, 1) },
  Cosh: { slope: (calc, x) => calc.op('Sinh', x), atZero: at(1, 0) },
  Asin: { slope: (calc, x) => inverseRoot(calc, calc.op('Sub', 1, square(calc, x))), atZero: at(0, 1) },
  Acos: {
    slope: (calc, x) => calc.op('Neg', inverseRoot(calc, calc.op('Sub', 1, square(calc, x)))),
    atZero: at(Math.PI / 2, -1),
  },
  Atan: { slope: (calc, x) => calc.op('Reciprocal', calc.op('Add', square(calc, x), 1)), atZero: at(0, 1) },
  Asinh: { slope: (calc, x) => inverseRoot(calc, calc.op('Add', square(calc, x), 1)), atZero: at(0, 1) },
  Acosh: { slope: (calc, x) => inverseRoot(calc, calc.op('Sub', square(calc, x), 1)), atZero: undefined },
  Atanh: { slope: (calc, x) => calc.op('Reciprocal', calc.op('Sub', 1, square(calc, x))), atZero: at(0, 1) },
};

export const SMOOTH_RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.entries(FUNCTIONS).map(([name, entry]) => [name, smooth(entry)])),
  Sqrt: squareRoot,
};
