/** Operators that are linear in one operand, or in several that they add up: exact under every reading. */
import { attributeFloat, attributeInt, attributeInts } from '../../graph/attributes.js';
import { FLOAT_TYPES } from './calculator.js';
import { compose, IDENTITY, transposed, type LinearMap, type Shape } from './linear-map.js';
import { convolve, expand, matrixTimes, negate, permute, reshape, scale, timesMatrix } from './maps.js';
import { product } from './product-rule.js';
import { declined, HELD, only, remainder, withFixed, type Rule, type Site, type Term } from './rule.js';
import { windowOf } from './window.js';

/** Each operand spread over the result. */
function operands(site: Site, signed: (map: LinearMap, position: number) => LinearMap = (map) => map): Term[] {
  return site.node.inputs.flatMap((value, input) =>
    value === '' ? [] : [{ input, map: signed(expand(site.calc, site.shape(value), site.to), input) }],
  );
}

const add: Rule = (site) => ({ terms: operands(site) });

const subtract: Rule = (site) => ({
  terms: operands(site, (map, position) => (position === 1 ? compose(map, negate(site.calc)) : map)),
});

const mean: Rule = (site) => {
  const share = scale(site.calc, 1 / site.node.inputs.length, site.to);
  return { terms: operands(site, (map) => compose(map, share)) };
};

/** A spread over axes 1: one number per channel. */
export function perChannel(site: Site, value: string, input: number): Term {
  const { calc, to } = site;
  const channels = site.shape(value)[0] ?? 1;
  const column = [channels, ...to.slice(2).map(() => 1)];
  return { input, map: compose(reshape(calc, [channels], column), expand(calc, column, to)) };
}

function bias(site: Site, input: number): readonly Term[] {
  return site.input(input) === '' ? [] : [perChannel(site, site.input(input), input)];
}

/** y = W ∗ x + b; the transpose is the transposed convolution. */
const conv: Rule = (site) => {
  const weights = site.input(1);
  const group = attributeInt(site.node, 'group') ?? 1;
  const window = windowOf(site, site.shape(weights).slice(2));
  const map = convolve(site.calc, weights, { group, ...window }, site.from, site.to);
  return { terms: [{ input: 0, map }, ...bias(site, 2)] };
};

/** The transpose of the convolution that would make the input of the output. */
const convTranspose: Rule = (site) => {
  const weights = site.input(1);
  const kernel = site.shape(weights).slice(2);
  const group = attributeInt(site.node, 'group') ?? 1;
  const map = transposed(convolve(site.calc, weights, { group, ...outputWindow(site, kernel) }, site.to, site.from));
  return { terms: [{ input: 0, map }, ...bias(site, 2)] };
};

/** Pads of ConvTranspose follow from its `output_shape` where that is given, the odd one at the end unless upper. */
function outputWindow(site: Site, kernel: Shape): ReturnType<typeof windowOf> {
  const { node, from, to } = site;
  const window = windowOf(site, kernel, { from: to, to: from });
  if (attributeInts(node, 'output_shape') === undefined) return window;
  const extra = attributeInts(node, 'output_padding') ?? [];
  const totals = kernel.map((size, axis) => {
    const reach = ((from[axis + 2] ?? 1) - 1) * (window.strides[axis] ?? 1);
    const whole = reach + (extra[axis] ?? 0) + (window.dilations[axis] ?? 1) * (size - 1) + 1;
    return Math.max(0, whole - (to[axis + 2] ?? 0));
  });
  const half = totals.map((total) => Math.floor(total / 2));
  const rest = totals.map((total, axis) => total - (half[axis] ?? 0));
  return { ...window, pads: [...half, ...rest] };
}

/** α op(A) op(B) + β C: A and B one product, C spread over the rows. */
const gemm: Rule = (site, reading) => {
  const { calc, node, to } = site;
  const [alpha, beta] = [attributeFloat(node, 'alpha') ?? 1, attributeFloat(node, 'beta') ?? 1];
  const side = (position: number, attribute: string) => {
    const value = site.input(position);
    const shape = site.shape(value);
    const turned = attributeInt(node, attribute) === 1;
    return { value, shape, turned, turn: turned ? permute(calc, [1, 0]) : IDENTITY };
  };
  const [a, b] = [side(0, 'transA'), side(1, 'transB')];
  const straight = ({ shape, turned }: typeof a): Shape => (turned ? [...shape].reverse() : shape);
  const factor = alpha === 1 ? IDENTITY : scale(calc, alpha, to);
  // x Wᵀ by a Gemm that reads W as it lies, backwards by a plain product.
  const timesTurned: LinearMap = {
    forward: (v) =>
      calc.reshape(calc.with('Gemm', [calc.reshape(v, [-1, straight(a)[1] ?? 1]), b.value], { transB: 1 }), [
        -1,
        ...to,
      ]),
    transpose: (u) => calc.op('MatMul', u, b.value),
  };
  const byB = b.turned ? timesTurned : timesMatrix(calc, b.value, b.shape, straight(a), to);
  const left = (): string => (a.turned ? calc.with('Transpose', [a.value], { perm: [1, 0] }) : a.value);
  const byA: LinearMap = {
    forward: (v) => matrixTimes(calc, left(), straight(a), straight(b), to).forward(v),
    transpose: (u) => matrixTimes(calc, left(), straight(a), straight(b), to).transpose(u),
  };
  const multiplied = product(site, reading, [compose(a.turn, byB, factor), compose(b.turn, byA, factor)]);
  const c = site.input(2);
  if (c === '' || beta === 0) return multiplied;
  const spread = compose(expand(calc, site.shape(c), to), beta === 1 ? IDENTITY : scale(calc, beta, to));
  return {
    ...multiplied,
    terms: [...multiplied.terms, { input: 2, map: spread }],
    ...offsetOf(site, multiplied.offset),
  };
};

/** −A B, where both move, is short of the output by what C adds, which has a term of its own. */
function offsetOf(site: Site, offset: (() => string) | undefined): { offset?: () => string } {
  if (offset === undefined) return {};
  const { calc } = site;
  const beta = attributeFloat(site.node, 'beta') ?? 1;
  return { offset: () => calc.op('Add', offset(), calc.op('Mul', site.input(2), beta)) };
}

/** A B over the last two axes; vectors are matrices of one row or column. */
const matMul: Rule = (site, reading) => {
  const { calc, to } = site;
  const [a, b] = [site.shape(site.input(0)), site.shape(site.input(1))];
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const rows = a.length === 1 ? [1] : to.slice(b.length === 1 ? -1 : -2, b.length === 1 ? undefined : -1);
  const columns = b.length === 1 ? [1] : to.slice(-1);
  const batch = to.slice(0, to.length - (a.length === 1 ? 0 : 1) - (b.length === 1 ? 0 : 1));
  const whole = [...batch, ...rows, ...columns];
  const valued = (value: string, shape: Shape, matrix: Shape): string =>
    shape.length === 1 ? calc.reshape(value, matrix) : value;
  const byB: LinearMap = lazy(() => timesMatrix(calc, valued(site.input(1), b, right), right, left, whole));
  const byA: LinearMap = lazy(() => matrixTimes(calc, valued(site.input(0), a, left), left, right, whole));
  const result = reshape(calc, whole, to);
  return product(site, reading, [
    compose(reshape(calc, a, left), byB, result),
    compose(reshape(calc, b, right), byA, result),
  ]);
};

/** A map whose coefficients are written when it is first used. */
export function lazy(make: () => LinearMap): LinearMap {
  let made: LinearMap | undefined;
  const map = (): LinearMap => (made ??= make());
  return { forward: (v) => map().forward(v), transpose: (u) => map().transpose(u) };
}

/**
 * g = γ / √(σ² + ε), o = β − μ g. A mean and a variance that are computed from the input make it a normalisation: the mean
 * is taken off, the variance is held still or moves the result by −½ (y − β) / (σ² + ε).
 */
const batchNormalization: Rule = (site, reading) => {
  const { calc, node, to, output } = site;
  if (attributeInt(node, 'training_mode') === 1) return declined('it computes its statistics over the batch');
  const column = [to[1] ?? 1, ...to.slice(2).map(() => 1)];
  const parameter = (position: number) => calc.reshape(calc.cast(site.input(position)), column);
  const spread = (): string => calc.op('Add', parameter(4), attributeFloat(node, 'epsilon') ?? 1e-5);
  let made: string | undefined;
  const gain = (): string => (made ??= calc.op('Div', parameter(1), calc.op('Sqrt', spread())));
  const own: Term = { input: 0, map: lazy(() => scale(calc, gain(), to)) };
  const isFixed = [2, 3, 4].every((position) => !site.isActive(position));
  if (isFixed) {
    return { terms: [own], offset: () => calc.op('Sub', parameter(2), calc.op('Mul', parameter(3), gain())) };
  }
  const through = (input: number, slope: () => string): Term => ({
    input,
    map: compose(
      perChannel(site, site.input(input), input).map,
      lazy(() => scale(calc, slope(), to)),
    ),
  });
  const shift = perChannel(site, site.input(2), 2);
  const mean = through(3, () => calc.op('Neg', gain()));
  if (reading === 'frozen' || !site.isActive(4)) return { terms: [own, shift, mean] };
  const half = (): string => calc.op('Div', calc.op('Sub', output, parameter(2)), calc.op('Mul', spread(), -2));
  const terms = [own, shift, mean, through(4, half)];
  return { terms, offset: remainder(site, terms) };
};

/** Between floating-point types; to anything else it is a step function, whose slope is 0. */
const cast: Rule = (site) => {
  const { calc, node } = site;
  const target = node.opType === 'CastLike' ? undefined : attributeInt(node, 'to');
  if (target !== undefined && !Object.values(FLOAT_TYPES).includes(target)) return HELD;
  const source = site.typeOf(site.input(0));
  if (source === undefined) return HELD;
  return only(0, {
    forward: (v) => calc.cast(v),
    transpose: (u) => calc.with('Cast', [u], { to: source }),
  });
};

const negative: Rule = (site) => only(0, negate(site.calc));

const same: Rule = () => only(0, IDENTITY);

export const LINEAR_RULES: Readonly<Record<string, Rule>> = {
  Add: add,
  Sum: add,
  Sub: subtract,
  Mean: mean,
  Neg: negative,
  Identity: same,
  Dropout: (site) => (site.isActive(2) || site.isTrue(2) ? declined('it drops values at random') : only(0, IDENTITY)),
  Cast: cast,
  CastLike: cast,
  Conv: withFixed(1, conv, 1),
  ConvTranspose: withFixed(1, convTranspose, 1),
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: withFixed(1, batchNormalization, 1),
};
