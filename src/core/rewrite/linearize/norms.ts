/**
 * Normalisations and softmax. Frozen: the spread σ is held still, and taking off the mean stays linear. Tangent: what the
 * spread takes away, the part along the normalised value itself, is taken away too.
 */
import { attributeFloat, attributeInt, attributeInts } from '../../graph/attributes.js';
import type { Calculator } from './calculator.js';
import { compose, IDENTITY, selfAdjoint, type LinearMap, type Shape } from './linear-map.js';
import { lazy, perChannel } from './linear.js';
import { centre, expand, pad, plus, reshape, scale, shifted, sum, withoutDirection } from './maps.js';
import { HELD, only, remainder, withFixed, type Linear, type Reading, type Rule, type Site } from './rule.js';

interface Normalisation {
  readonly value: string;
  readonly shape: Shape;
  readonly axes: readonly number[];
  readonly epsilon: number;
  /** RMSNormalization divides by the root of the mean square, without taking off the mean. */
  readonly centred: boolean;
  /** Where ε is added: to the variance, or to its root. */
  readonly epsilonOnRoot?: boolean;
}

/** v ↦ (v − mean v) / σ, or its derivative at the value. */
function normalise(calc: Calculator, reading: Reading, given: Normalisation): LinearMap {
  const { value, shape, axes, epsilon, centred, epsilonOnRoot = false } = given;
  const mean = (of: string): string => calc.reduce('ReduceMean', of, axes, true);
  const middle = centred ? centre(calc, axes) : IDENTITY;
  return lazy(() => {
    const rest = centred ? calc.op('Sub', value, mean(value)) : value;
    const variance = mean(calc.op('Mul', rest, rest));
    const sigma = epsilonOnRoot
      ? calc.op('Add', calc.op('Sqrt', variance), epsilon)
      : calc.op('Sqrt', calc.op('Add', variance, epsilon));
    const held = compose(middle, scale(calc, calc.op('Reciprocal', sigma), shape));
    if (reading === 'frozen') return held;
    // With ε on the root, σ moves along the value over its own root: x̂ is scaled to it.
    const direction = epsilonOnRoot
      ? calc.op('Div', rest, calc.op('Sqrt', calc.op('Mul', sigma, calc.op('Sqrt', variance))))
      : calc.op('Div', rest, sigma);
    return compose(middle, withoutDirection(calc, direction, axes), held);
  });
}

/** The offset of a rule whose frozen reading has none. */
function derivativeOffset(site: Site, reading: Reading, linear: Linear): Linear {
  return reading === 'frozen' ? linear : { ...linear, offset: remainder(site, linear.terms) };
}

function axesFrom(rank: number, axis: number): number[] {
  const first = axis < 0 ? axis + rank : axis;
  return Array.from({ length: rank - first }, (_, at) => first + at);
}

/** γ (x − μ) / σ + β over the last axes. */
function lastAxes(centred: boolean): Rule {
  return (site, reading) => {
    const { calc, node, from, to } = site;
    const value = site.input(0);
    const axes = axesFrom(from.length, attributeInt(node, 'axis') ?? -1);
    const epsilon = attributeFloat(node, 'epsilon') ?? 1e-5;
    const gain = site.input(1) === '' ? IDENTITY : scale(calc, site.input(1), to);
    const map = compose(normalise(calc, reading, { value, shape: from, axes, epsilon, centred }), gain);
    const shift = site.input(2) === '' ? [] : [{ input: 2, map: expand(calc, site.shape(site.input(2)), to) }];
    const result = derivativeOffset(site, reading, { terms: [{ input: 0, map }, ...shift] });
    return [result, ...statistics(site, reading, axes)].slice(0, node.outputs.length);
  };
}

/** The mean, and 1 / σ: held still, or moved by −⟨c, v⟩ / (n σ³), c the value without its mean. */
function statistics({ calc, node, from, input }: Site, reading: Reading, axes: readonly number[]): readonly Linear[] {
  const [, mean = '', inverse = ''] = node.outputs;
  const kept = reduced(from, axes);
  const share = 1 / axes.reduce((count, axis) => count * (from[axis] ?? 1), 1);
  const averaged = compose(sum(calc, from, axes, true), scale(calc, share, kept));
  if (reading === 'frozen') return [only(0, averaged), HELD];
  const moved = lazy(() =>
    compose(
      scale(calc, calc.op('Sub', input(0), mean), from),
      averaged,
      scale(calc, calc.op('Neg', calc.op('Pow', inverse, 3)), kept),
    ),
  );
  const atValue = (): string => calc.reshape(moved.forward(calc.reshape(input(0), [1, ...from])), kept);
  return [only(0, averaged), only(0, moved, () => calc.op('Sub', inverse, atValue()))];
}

const instance: Rule = (site, reading) => {
  const { calc, node, from, to } = site;
  const axes = axesFrom(from.length, 2);
  const epsilon = attributeFloat(node, 'epsilon') ?? 1e-5;
  const channel = calc.reshape(site.input(1), [from[1] ?? 1, ...axes.map(() => 1)]);
  const normal = normalise(calc, reading, { value: site.input(0), shape: from, axes, epsilon, centred: true });
  const map = compose(normal, scale(calc, channel, to));
  return derivativeOffset(site, reading, { terms: [{ input: 0, map }, perChannel(site, site.input(2), 2)] });
};

/** Channels in groups; γ and β are per channel, before version 21 per group. */
const groups: Rule = (site, reading) => {
  const { calc, node, from, to } = site;
  const [examples = 1, channels = 1] = from;
  const count = attributeInt(node, 'num_groups') ?? 1;
  const grouped = [examples, count, from.slice(1).reduce((product, size) => product * size, 1) / count];
  const epsilon = attributeFloat(node, 'epsilon') ?? 1e-5;
  const value = calc.reshape(site.input(0), grouped);
  const perGroup = (site.shape(site.input(1))[0] ?? 1) !== channels;
  const own: Shape = perGroup ? grouped : from;
  const column = [perGroup ? count : channels, ...own.slice(2).map(() => 1)];
  const normal = normalise(calc, reading, { value, shape: grouped, axes: [2], epsilon, centred: true });
  const spread = compose(
    reshape(calc, site.shape(site.input(2)), column),
    expand(calc, column, own),
    reshape(calc, own, to),
  );
  const map = compose(
    reshape(calc, from, grouped),
    normal,
    reshape(calc, grouped, own),
    scale(calc, calc.reshape(site.input(1), column), own),
    reshape(calc, own, to),
  );
  return derivativeOffset(site, reading, {
    terms: [
      { input: 0, map },
      { input: 2, map: spread },
    ],
  });
};

/** (x − μ) / σ over examples and positions. */
const meanVariance: Rule = (site, reading) => {
  const { calc, node, from } = site;
  const axes = attributeInts(node, 'axes') ?? [0, 2, 3];
  const given = { value: site.input(0), shape: from, axes, epsilon: 1e-9, centred: true, epsilonOnRoot: true };
  return derivativeOffset(site, reading, only(0, normalise(calc, reading, given)));
};

/** x / ‖x‖ along one axis. */
const lpNormalization: Rule = (site, reading) => {
  const { calc, node, from, output } = site;
  const x = site.input(0);
  const axis = attributeInt(node, 'axis') ?? -1;
  const axes = [axis < 0 ? axis + from.length : axis];
  const isOne = attributeInt(node, 'p') === 1;
  const norm = (): string => calc.reduce(isOne ? 'ReduceL1' : 'ReduceL2', x, axes, true);
  // Nothing has no direction: the operator makes it 0.
  const share = lazy(() => {
    const length = norm();
    return scale(calc, calc.op('Where', calc.op('Greater', length, 0), calc.op('Reciprocal', length), 0), from);
  });
  if (reading === 'frozen') return only(0, share);
  // The norm moves by ⟨sign x, v⟩ or by ⟨y, v⟩, and y with it.
  const along = (): string => (isOne ? calc.op('Sign', x) : output);
  const inNorm = lazy(() =>
    compose(
      scale(calc, along(), from),
      sum(calc, from, axes, true),
      expand(calc, reduced(from, axes), from),
      scale(calc, calc.op('Neg', output), from),
    ),
  );
  return derivativeOffset(site, reading, only(0, compose(plus(calc, IDENTITY, inNorm), share)));
};

function reduced(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** x / (k + α/n Σ x²)^β, the sum over n neighbouring channels. */
const localResponse: Rule = (site, reading) => {
  const { calc, node, from } = site;
  const x = site.input(0);
  const size = attributeInt(node, 'size') ?? 1;
  const alpha = (attributeFloat(node, 'alpha') ?? 1e-4) / size;
  const beta = attributeFloat(node, 'beta') ?? 0.75;
  const before = Math.floor((size - 1) / 2);
  const channels = from[1] ?? 1;
  // Channels next to each other, each a copy shifted along the axis.
  const neighbours = Array.from({ length: size }, (_, at) => at - before)
    .filter((offset) => Math.abs(offset) < channels)
    .map((offset) => pad(calc, onChannel(from, -offset), onChannel(from, offset)))
    .reduce((all, each) => plus(calc, all, each));
  const base = lazyValue(() => {
    const squares = calc.reshape(calc.op('Mul', x, x), [1, ...from]);
    return calc.op(
      'Add',
      calc.op('Mul', calc.reshape(neighbours.forward(squares), from), alpha),
      attributeFloat(node, 'bias') ?? 1,
    );
  });
  const share = lazy(() => scale(calc, calc.op('Pow', base(), -beta), from));
  if (reading === 'frozen') return only(0, share);
  const inBase = lazy(() =>
    compose(
      scale(calc, x, from),
      neighbours,
      scale(calc, calc.op('Mul', calc.op('Mul', x, calc.op('Pow', base(), -beta - 1)), -2 * alpha * beta), from),
    ),
  );
  return derivativeOffset(site, reading, only(0, plus(calc, share, inBase)));
};

function onChannel(shape: Shape, count: number): number[] {
  return shape.map((_, axis) => (axis === 1 ? count : 0));
}

function lazyValue(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}

/** p ⊙ (v − Σ p v): symmetric. Where p is 0 nothing passes, whatever v is: masks are −∞. */
export function softmaxDerivative(calc: Calculator, pattern: string, axis: number): LinearMap {
  return selfAdjoint((v) => {
    const open = calc.op('Greater', pattern, 0);
    const [share, seen] = [calc.op('Where', open, pattern, 0), calc.op('Where', open, v, 0)];
    const mean = calc.reduce('ReduceSum', calc.op('Mul', share, seen), shifted([axis]), true);
    return calc.op('Mul', share, calc.op('Sub', seen, mean));
  });
}

/** Frozen: the pattern is held. */
const softmax: Rule = (site, reading) => {
  if (reading === 'frozen') return HELD;
  return derivativeOffset(site, reading, only(0, softmaxDerivative(site.calc, site.output, lastAxis(site))));
};

/** z − log Σ exp z along an axis, and its offset. Frozen: the sum is held, and is booked. */
export function logSoftmax(
  site: Site,
  reading: Reading,
  result: () => string,
  axis: number,
): { readonly map: LinearMap; readonly offset: () => string } {
  const { calc, from } = site;
  if (reading === 'frozen') return { map: IDENTITY, offset: () => calc.op('Sub', result(), site.input(0)) };
  const mean = lazy(() =>
    compose(
      scale(calc, calc.op('Exp', result()), from),
      sum(calc, from, [axis], true),
      expand(calc, reduced(from, [axis]), from),
      scale(calc, -1, from),
    ),
  );
  const map = plus(calc, IDENTITY, mean);
  const value = (): string => calc.reshape(site.input(0), [1, ...from]);
  return { map, offset: () => calc.op('Sub', result(), calc.reshape(map.forward(value()), from)) };
}

const logSoftmaxRule: Rule = (site, reading) => {
  const { map, offset } = logSoftmax(site, reading, () => site.output, lastAxis(site));
  return only(0, map, offset);
};

function lastAxis({ node, from }: Site): number {
  const axis = attributeInt(node, 'axis') ?? -1;
  return axis < 0 ? axis + from.length : axis;
}

export const NORM_RULES: Readonly<Record<string, Rule>> = {
  LayerNormalization: withFixed(1, lastAxes(true), 1),
  RMSNormalization: withFixed(1, lastAxes(false), 1),
  InstanceNormalization: withFixed(1, instance, 1),
  GroupNormalization: withFixed(1, groups, 1),
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
  LRN: localResponse,
  Softmax: softmax,
  LogSoftmax: logSoftmaxRule,
};
