/**
 * Operators that are linear piece by piece: the piece that the input is on, under every reading. Boundaries as in methods,
 * section 0: a unit is active where z > 0, the slope at the kink is 0, and of equal values the first wins.
 */
import { attributeFloat } from '../../graph/attributes.js';
import { compose, IDENTITY, type LinearMap } from './linear-map.js';
import { lazy } from './linear.js';
import { expand, scale, select } from './maps.js';
import { declined, HELD, only, withFixed, type Rule, type Site } from './rule.js';

/** Slope g where the input is; the rest of the output is booked, except where every piece goes through 0. */
function pieces(slope: (site: Site, x: string) => string, throughZero: boolean): Rule {
  return (site) => {
    const { calc, to } = site;
    const x = site.input(0);
    let made: string | undefined;
    const gain = (): string => (made ??= slope(site, x));
    const offset = (): string => calc.op('Sub', site.output, calc.op('Mul', gain(), x));
    return only(
      0,
      lazy(() => scale(calc, gain(), to)),
      throughZero ? undefined : offset,
    );
  };
}

/** 1 where a condition holds, `otherwise` elsewhere. */
function where(site: Site, condition: string, otherwise: number): string {
  return site.calc.op('Where', condition, 1, otherwise);
}

/** The values that pass are copied, all others are 0. */
function passing(condition: (site: Site, x: string) => string): Rule {
  return (site) =>
    only(
      0,
      lazy(() => select(site.calc, condition(site, site.input(0)))),
    );
}

const positive = ({ calc }: Site, x: string): string => calc.op('Greater', x, 0);

const leaky = pieces((site, x) => where(site, positive(site, x), attributeFloat(site.node, 'alpha') ?? 0.01), true);

const prelu: Rule = (site) => {
  const { calc, to } = site;
  const x = site.input(0);
  const spread = expand(calc, site.shape(x), to);
  const gain = (): string => calc.op('Where', positive(site, x), 1, site.input(1));
  return only(
    0,
    compose(
      spread,
      lazy(() => scale(calc, gain(), to)),
    ),
  );
};

/** Between the bounds the value passes; on and beyond them the bound is booked. */
const clip: Rule = (site) => {
  const { calc } = site;
  const x = site.input(0);
  const tests = [
    ...(site.input(1) === '' ? [] : [['Greater', site.input(1)]]),
    ...(site.input(2) === '' ? [] : [['Less', site.input(2)]]),
  ].map(([test = '', bound = '']) => calc.op(test, x, bound));
  const [first, second] = tests;
  if (first === undefined) return only(0, IDENTITY);
  const inside = second === undefined ? first : calc.op('And', first, second);
  return only(0, select(calc, inside), () => calc.op('Where', inside, 0, site.output));
};

/** αx + β between 0 and 1. */
const hardSigmoid = pieces(({ calc, node, output }) => {
  const inside = calc.op('And', calc.op('Greater', output, 0), calc.op('Less', output, 1));
  return calc.op('Where', inside, attributeFloat(node, 'alpha') ?? 0.2, 0);
}, false);

/** x − λ' or x + λ' beyond ±λ, else 0. */
const shrink = pieces((site, x) => {
  const outside = site.calc.op('Greater', site.calc.op('Abs', x), attributeFloat(site.node, 'lambd') ?? 0.5);
  return where(site, outside, 0);
}, false);

/** Of several operands the one that is taken, element by element. */
const extreme: Rule = (site) => {
  const { calc, node, to } = site;
  if (node.inputs.length === 1) return only(0, IDENTITY);
  let taken: string | undefined;
  const terms = node.inputs.map((value, input) => {
    const equal = calc.op('Equal', value, site.output);
    const mask = taken === undefined ? equal : calc.op('And', equal, calc.op('Not', taken));
    taken = taken === undefined ? equal : calc.op('Or', taken, equal);
    return { input, map: compose(expand(calc, site.shape(value), to), select(calc, mask)) };
  });
  return { terms };
};

/** The condition is held still. */
const choose: Rule = (site) => {
  const { calc, to } = site;
  const condition = site.input(0);
  const not = lazy(() => select(calc, calc.op('Not', condition)));
  const spread = (position: number): LinearMap => expand(calc, site.shape(site.input(position)), to);
  return {
    terms: [
      { input: 1, map: compose(spread(1), select(calc, condition)) },
      { input: 2, map: compose(spread(2), not) },
    ],
  };
};

/** a − b ⌊a / b⌋: slope 1 in a, and the multiple of b that is taken off is booked. */
const modulo: Rule = (site) => {
  const { calc, to } = site;
  const a = site.input(0);
  const spread = expand(calc, site.shape(a), to);
  return only(0, spread, () => calc.op('Sub', site.output, a));
};

/** Steps: the slope is 0 everywhere. */
const step: Rule = () => HELD;

export const PIECEWISE_RULES: Readonly<Record<string, Rule>> = {
  Relu: passing(positive),
  ThresholdedRelu: passing(({ calc, node }, x) => calc.op('Greater', x, attributeFloat(node, 'alpha') ?? 1)),
  LeakyRelu: leaky,
  PRelu: withFixed(1, prelu),
  Abs: pieces(({ calc }, x) => calc.op('Sign', x), true),
  Clip: withFixed(1, clip),
  HardSigmoid: hardSigmoid,
  Shrink: shrink,
  Max: extreme,
  Min: extreme,
  Where: choose,
  Mod: withFixed(1, modulo),
  Sign: step,
  Floor: step,
  Ceil: step,
  Round: step,
  Hardmax: step,
  Binarizer: step,
  OneHot: (site) => (site.isActive(2) ? declined('its values depend on the input') : HELD),
};
