/** Products and quotients element by element, and sums of products. */
import { attributeString } from '../../graph/attributes.js';
import { scalarConstant } from '../../graph/constants.js';
import type { LinearMap, Shape } from './linear-map.js';
import { lazy } from './linear.js';
import { scale } from './maps.js';
import { unitVectors } from './probed.js';
import { product } from './product-rule.js';
import { declined, HELD, only, remainder, type Rule, type Site, type Term } from './rule.js';

const multiply: Rule = (site, reading) => {
  const { calc, to } = site;
  const [a, b] = [site.input(0), site.input(1)];
  return product(site, reading, [scale(calc, b, site.shape(a), to), scale(calc, a, site.shape(b), to)]);
};

/** exp z / Σ exp z: a softmax, spelled out. */
function isPattern({ graph, input }: Site): boolean {
  const total = graph.producerOf(input(1));
  return total?.opType === 'ReduceSum' && total.inputs[0] === input(0) && graph.producerOf(input(0))?.opType === 'Exp';
}

/** a / b: the denominator is held still; its derivative is −y / b. */
const divide: Rule = (site, reading) => {
  const { calc, to } = site;
  const [a, b] = [site.input(0), site.input(1)];
  const share = lazy(() => scale(calc, calc.op('Reciprocal', b), site.shape(a), to));
  if (reading === 'frozen' && isPattern(site)) return HELD;
  if (reading === 'frozen' || !site.isActive(1)) return site.isActive(0) ? only(0, share) : HELD;
  const slope = lazy(() => scale(calc, calc.op('Neg', calc.op('Div', site.output, b)), site.shape(b), to));
  const denominator: Term = { input: 1, map: slope };
  // y = a / b, and −(y / b) b = −y: with a moving, y is missing; without, 2 y.
  if (site.isActive(0)) return { terms: [{ input: 0, map: share }, denominator], offset: () => site.output };
  return { terms: [denominator], offset: () => calc.op('Mul', site.output, 2) };
};

/** 1 / x is a denominator: held still, or −y². */
const reciprocal: Rule = (site, reading) => {
  if (reading === 'frozen') return HELD;
  const { calc, to } = site;
  const slope = lazy(() => scale(calc, calc.op('Neg', calc.op('Mul', site.output, site.output)), to));
  return only(0, slope, () => calc.op('Mul', site.output, 2));
};

/**
 * x^e. A negative power is a denominator. Otherwise frozen is the secant through 0: x^(e−1), where |x| is small the
 * derivative at 0, which is 0 or, for e = 1, 1; a root has none, and its value is booked.
 */
const power: Rule = (site, reading) => {
  const { calc, to } = site;
  const [x, e] = [site.input(0), site.input(1)];
  const constant = scalarConstant(site.graph, e);
  const exponent = calc.cast(e);
  const base: Term[] = [];
  if (site.isActive(0) && (reading === 'tangent' || constant === undefined || constant > 0)) {
    const slope = (): string =>
      reading === 'tangent'
        ? calc.op('Mul', exponent, calc.op('Pow', x, calc.op('Sub', exponent, 1)))
        : calc.op(
            'Where',
            calc.op('And', calc.op('Greater', calc.op('Abs', x), 1e-6), calc.op('Greater', exponent, 0)),
            calc.op('Div', site.output, x),
            calc.cast(calc.op('Equal', exponent, 1)),
          );
    base.push({ input: 0, map: lazy(() => scale(calc, slope(), site.shape(x), to)) });
  }
  if (!site.isActive(1)) return base.length === 0 ? HELD : { terms: base, offset: remainder(site, base) };
  if (reading === 'frozen') return declined('its exponent depends on the input');
  const inExponent = lazy(() => scale(calc, calc.op('Mul', site.output, calc.op('Log', x)), site.shape(e), to));
  const terms: readonly Term[] = [...base, { input: 1, map: inExponent }];
  return { terms, offset: remainder(site, terms) };
};

const SEEDS = 'S';

/** Σ over what the result does not name of the product of all operands; exact in one, a product in two. */
const einsum: Rule = (site, reading) => {
  const equation = (attributeString(site.node, 'equation') ?? '').replaceAll(' ', '');
  const [left = '', right] = equation.split('->');
  const inputs = left.split(',');
  const letters = [...left].filter((each) => /[A-Za-z]/.test(each));
  const once = [...new Set(letters)].filter((each) => letters.indexOf(each) === letters.lastIndexOf(each)).sort();
  const result = right ?? `${left.includes('...') ? '...' : ''}${once.join('')}`;
  if (equation.includes(SEEDS)) return declined('its equation has no letter left for the seeds');
  const maps = inputs.map((_, position) => einsumMap(site, inputs, result, position));
  const moving = maps.flatMap((map, input) => (site.isActive(input) ? [{ input, map }] : []));
  const [first, second, third] = moving;
  if (first === undefined) return HELD;
  if (second === undefined) return { terms: [first] };
  if (third !== undefined || maps.length > 2) return declined('several of more than two operands depend on the input');
  return product(site, reading, [first.map, second.map]);
};

/** The sum as a map of one operand. Letters that only this operand has are summed away: backwards they spread again. */
function einsumMap(site: Site, inputs: readonly string[], result: string, position: number): LinearMap {
  const { calc } = site;
  const { labels: own, diagonals } = withoutRepeats(site, inputs.join(''), inputs[position] ?? '', position);
  const rest = inputs.flatMap((labels, each) => (each === position ? [] : [{ labels, value: site.input(each) }]));
  const shape = site.shape(site.input(position));
  const others = [...rest, ...diagonals];
  const known = result + others.map(({ labels }) => labels).join('');
  const lost = [...own.replace('...', '')].filter((letter) => !known.includes(letter));
  const sizes: Shape = lost.map((letter) => axisSize(own, letter, shape));
  const spread = lost.length === 0 ? [] : [{ labels: lost.join(''), value: filled(site, sizes) }];
  const run = (from: string, value: string, beside: typeof others, to: string): string => {
    const labels = [`${SEEDS}${from}`, ...beside.map((each) => each.labels)];
    const equation = `${labels.join(',')}->${SEEDS}${to}`;
    return calc.with('Einsum', [value, ...beside.map((each) => each.value)], { equation });
  };
  return {
    forward: (v) => run(own, v, others, result),
    transpose: (u) => run(result, u, [...others, ...spread], own),
  };
}

/** A letter that an operand has twice takes its diagonal: the second gets a letter of its own, and a unit matrix ties both. */
function withoutRepeats(
  { calc, shape, input }: Site,
  taken: string,
  labels: string,
  position: number,
): { readonly labels: string; readonly diagonals: readonly { readonly labels: string; readonly value: string }[] } {
  const free = [...FREE_LETTERS].filter((letter) => !taken.includes(letter));
  const diagonals: { labels: string; value: string }[] = [];
  const apart = [...labels].map((letter, at) => {
    if (letter === '.' || labels.indexOf(letter) === at) return letter;
    const own = free.pop() ?? letter;
    diagonals.push({
      labels: `${letter}${own}`,
      value: unitVectors(calc, axisSize(labels, letter, shape(input(position)))),
    });
    return own;
  });
  return { labels: apart.join(''), diagonals };
}

const FREE_LETTERS = 'ABCDEFGHIJKLMNOPQR';

function axisSize(labels: string, letter: string, shape: Shape): number {
  const [before = '', after] = labels.split('...');
  const at = before.indexOf(letter);
  if (at >= 0 || after === undefined) return shape[at] ?? 1;
  return shape[shape.length - after.length + after.indexOf(letter)] ?? 1;
}

function filled({ calc }: Site, sizes: Shape): string {
  return calc.op('Expand', 1, calc.writer.ints(sizes));
}

export const PRODUCT_RULES: Readonly<Record<string, Rule>> = {
  Mul: multiply,
  Div: divide,
  Reciprocal: reciprocal,
  Pow: power,
  Einsum: einsum,
};
