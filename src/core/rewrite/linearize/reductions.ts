/** Reductions over axes. */
import { attributeInt, attributeInts } from '../../graph/attributes.js';
import { integerConstants } from '../../graph/constants.js';
import { elementCount } from '../../tensor/tensor.js';
import { compose, type Shape } from './linear-map.js';
import { lazy } from './linear.js';
import { move, positions, reshape, scale, sum } from './maps.js';
import { declined, only, remainder, type Declined, type Reading, type Rule, type Site } from './rule.js';

interface Reduction {
  readonly axes: readonly number[];
  readonly keep: boolean;
  /** Sizes with the reduced axes kept as 1. */
  readonly kept: Shape;
}

/** Where axes are not written down, a reduction that keeps them shows which they are. */
function reductionOf({ graph, node, input, from, to }: Site): Reduction | Declined {
  const keep = attributeInt(node, 'keepdims') !== 0;
  const given = attributeInts(node, 'axes') ?? (input(1) === '' ? undefined : integerConstants(graph, input(1)));
  const every = from.map((_, axis) => axis);
  const reduced = (axes: readonly number[]): Reduction => ({
    axes,
    keep,
    kept: from.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  });
  if (given !== undefined && given.length > 0)
    return reduced(given.map((axis) => (axis < 0 ? axis + from.length : axis)));
  if (input(1) !== '' && given === undefined) {
    if (!keep) return declined('which axes it reduces is computed');
    return reduced(every.filter((axis) => from[axis] !== to[axis]));
  }
  return reduced(attributeInt(node, 'noop_with_empty_axes') === 1 ? [] : every);
}

/** Σ over axes of gain ⊙ v, times a factor per result. */
type Weighted = (
  site: Site,
  reading: Reading,
  /** The node's result with the reduced axes kept. */
  result: () => string,
) => { readonly gain?: () => string; readonly after?: () => string | number; readonly offset?: 'remainder' };

function weighted(weights: Weighted): Rule {
  return (site, reading) => {
    const reduction = reductionOf(site);
    if ('declined' in reduction) return reduction;
    const { calc, from, to } = site;
    const { axes, keep, kept } = reduction;
    const { gain, after, offset } = weights(site, reading, () => calc.reshape(site.output, kept));
    const map = compose(
      lazy(() => (gain === undefined ? reshape(calc, from, from) : scale(calc, gain(), from))),
      sum(calc, from, axes, true),
      lazy(() => (after === undefined ? reshape(calc, kept, kept) : scale(calc, after(), kept))),
      keep ? reshape(calc, kept, kept) : reshape(calc, kept, to),
    );
    return only(0, map, offset === undefined ? undefined : remainder(site, [{ input: 0, map }]));
  };
}

const total = weighted(() => ({}));

const mean: Rule = weighted((site) => {
  const reduction = reductionOf(site);
  const axes = 'declined' in reduction ? [] : reduction.axes;
  return { after: () => 1 / axes.reduce((product, axis) => product * (site.from[axis] ?? 1), 1) };
});

/** Σ |x|: the sign is the slope. */
const absoluteSum = weighted(({ calc, input }) => ({ gain: () => calc.op('Sign', input(0)) }));

/** ‖x‖ = Σ x · x / ‖x‖: secant and derivative are one, and 0 where there is nothing to measure. */
const euclidean = weighted(({ calc, input }, _, result) => ({
  gain: () => input(0),
  after: () => calc.op('Where', calc.op('Greater', result(), 0), calc.op('Reciprocal', result()), 0),
}));

/** Σ x²: secant x, derivative 2 x. */
const squares = weighted(({ calc, input }, reading) =>
  reading === 'frozen' ? { gain: () => input(0) } : { gain: () => calc.op('Mul', input(0), 2), offset: 'remainder' },
);

/** log Σ x: has no value at 0, so both readings are the derivative. */
const logOfSum = weighted(({ calc }, _, result) => ({
  after: () => calc.op('Exp', calc.op('Neg', result())),
  offset: 'remainder',
}));

/** log Σ exp x: the derivative is the softmax. */
const logOfExponentials = weighted(({ calc, input }, _, result) => ({
  gain: () => calc.op('Exp', calc.op('Sub', input(0), result())),
  offset: 'remainder',
}));

/** The first of the largest (or smallest) values is taken. */
function extreme(search: 'ArgMax' | 'ArgMin'): Rule {
  return (site) => {
    const reduction = reductionOf(site);
    if ('declined' in reduction) return reduction;
    const { calc, from, to } = site;
    const stay = from.map((_, axis) => axis).filter((axis) => !reduction.axes.includes(axis));
    const [rows, inner] = [stay, reduction.axes].map((axes) => elementCount(axes.map((axis) => from[axis] ?? 1)));
    const order = [...stay, ...reduction.axes];
    return only(
      0,
      lazy(() => move(calc, winners(site, order, [rows ?? 1, inner ?? 1], search), from, to)),
    );
  };
}

/** Flat position in the input of the winner of each row. */
function winners({ calc, from, input }: Site, order: readonly number[], rows: Shape, search: string): string {
  const asRows = (value: string): string => calc.reshape(calc.with('Transpose', [value], { perm: order }), rows);
  const winner = calc.with(search, [asRows(input(0))], { axis: 1, keepdims: 1 });
  return calc.with('GatherElements', [asRows(positions(calc, from)), winner], { axis: 1 });
}

/** Π x: each factor's slope is the product of the others; frozen shares the product out evenly. */
const productOf: Rule = (site, reading) => {
  const reduction = reductionOf(site);
  if ('declined' in reduction) return reduction;
  const { calc, from, to } = site;
  const { axes, kept } = reduction;
  const count = axes.reduce((all, axis) => all * (from[axis] ?? 1), 1);
  // 0 has nothing to divide by: the others are multiplied apart from it, and with a second 0 they are 0, too.
  const others = (): string => {
    const x = site.input(0);
    const isZero = calc.op('Equal', x, 0);
    const product = calc.reduce('ReduceProd', calc.op('Where', isZero, 1, x), axes, true);
    const zeros = calc.reduce('ReduceSum', calc.cast(isZero), axes, true);
    const where = (holds: string, value: string): string => calc.op('Where', holds, value, 0);
    return calc.op(
      'Where',
      isZero,
      where(calc.op('Equal', zeros, 1), product),
      where(calc.op('Equal', zeros, 0), calc.op('Div', product, x)),
    );
  };
  const share = reading === 'frozen' ? 1 / count : 1;
  const map = compose(
    lazy(() => scale(calc, calc.op('Mul', others(), share), from)),
    sum(calc, from, axes, true),
    reshape(calc, kept, to),
  );
  return only(0, map, remainder(site, [{ input: 0, map }]));
};

const globalAverage: Rule = (site) => {
  const { calc, from, to } = site;
  const axes = from.map((_, axis) => axis).slice(2);
  const count = axes.reduce((product, axis) => product * (from[axis] ?? 1), 1);
  return only(0, compose(sum(calc, from, axes, true), scale(calc, 1 / count, to)));
};

const globalMaximum: Rule = (site) => {
  const { calc, from, to } = site;
  const order = from.map((_, axis) => axis);
  const rows = (from[0] ?? 1) * (from[1] ?? 1);
  const inner = from.slice(2).reduce((product, size) => product * size, 1);
  return only(
    0,
    lazy(() => move(calc, winners(site, order, [rows, inner], 'ArgMax'), from, to)),
  );
};

export const REDUCTION_RULES: Readonly<Record<string, Rule>> = {
  ReduceSum: total,
  ReduceMean: mean,
  ReduceL1: absoluteSum,
  ReduceL2: euclidean,
  ReduceSumSquare: squares,
  ReduceLogSum: logOfSum,
  ReduceLogSumExp: logOfExponentials,
  ReduceMax: extreme('ArgMax'),
  ReduceMin: extreme('ArgMin'),
  ReduceProd: productOf,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMaximum,
};
