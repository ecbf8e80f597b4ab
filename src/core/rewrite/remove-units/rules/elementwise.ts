/** Operators that make each number from those at its own place, with broadcasting. */
import { attributeFloat } from '../../../graph/attributes.js';
import { scalarConstant } from '../../../graph/constants.js';
import type { Graph, GraphNode } from '../../../graph/graph.js';
import { safeTensorDims } from '../../../formats/onnx/tensor-proto.js';
import type { ConstantRule } from '../constants.js';
import type { Coupler } from '../coupling.js';
import type { UnitRule } from '../rules.js';

/** Axes are counted from the last: what an operand lacks, or has once, is the same for all units. */
function coupleBroadcast(node: GraphNode, coupler: Coupler): void {
  const [output = '', ...others] = node.outputs;
  const rank = coupler.shapeOf(output)?.length;
  const followed = [output, ...node.inputs].find((value) => coupler.axisOf(value) !== undefined);
  if (rank === undefined || followed === undefined || others.some((value) => isRead(coupler.graph, value))) {
    for (const value of [...node.inputs, ...node.outputs]) coupler.block(value, `of ${node.opType} no shape is known`);
    return;
  }
  const ownRank = coupler.shapeOf(followed)?.length ?? 0;
  const axis = (coupler.axisOf(followed) ?? 0) + rank - ownRank;
  const size = coupler.shapeOf(output)?.[axis];
  if (followed !== output) {
    if (coupler.shapeOf(followed)?.[axis - rank + ownRank] !== size) {
      coupler.block(followed, `${node.opType} spreads it over many units`);
      return;
    }
    coupler.tie(followed, output, axis);
  }
  for (const [position, value] of node.inputs.entries()) {
    if (value === '') continue;
    const tensor = coupler.graph.initializer(value);
    const shape = tensor === undefined ? coupler.shapeOf(value) : safeTensorDims(tensor);
    if (shape === undefined) {
      coupler.block(output, `of ${node.opType} no shape is known`);
      continue;
    }
    const own = axis - rank + shape.length;
    if (own < 0 || shape[own] !== size) {
      coupler.block(value, `${node.opType} spreads it over many units`);
    } else if (tensor === undefined) coupler.tie(output, value, own);
    else coupler.edit({ kind: 'slice', node, position, axis: own, by: output });
  }
}

function isRead(graph: Graph, value: string): boolean {
  return value !== '' && (graph.consumersOf(value).length > 0 || graph.isOutput(value));
}

/** f of one operand; the node gives its parameters. */
const unary =
  (f: (node: GraphNode) => (x: number) => number): ConstantRule =>
  (node, { operand, output }) => {
    const [x, compute] = [operand(node, 0), f(node)];
    return output(node, (unit) => compute(x(unit)));
  };

const plain = (f: (x: number) => number): ConstantRule => unary(() => f);
/** Functions with f(0) = 0, of which only this is needed. */
const zeroOnly = plain((x) => (x === 0 ? 0 : NaN));

const binary =
  (f: (a: number, b: number) => number): ConstantRule =>
  (node, { operand, output }) => {
    const operands = node.inputs.map((_, position) => operand(node, position));
    return output(node, (unit) => operands.map((each) => each(unit)).reduce(f));
  };

/** What is multiplied by 0 is 0, unless it is infinite or no number. */
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

const clip: ConstantRule = (node, context) => {
  const limit = (name: string, position: number, none: number): number => {
    const value = node.inputs[position] ?? '';
    return value === '' ? (attributeFloat(node, name) ?? none) : (scalarConstant(context.graph, value) ?? NaN);
  };
  const [low, high] = [limit('min', 1, -Infinity), limit('max', 2, Infinity)];
  const x = context.operand(node, 0);
  return context.output(node, (unit) => Math.min(high, Math.max(low, x(unit))));
};

const parametric: ConstantRule = (node, { operand, output }) => {
  const [x, slope] = [operand(node, 0), operand(node, 1)];
  return output(node, (unit) => (x(unit) >= 0 ? x(unit) : product(x(unit), slope(unit))));
};

const leaky = unary((node) => {
  const slope = attributeFloat(node, 'alpha') ?? 0.01;
  return (x) => (x >= 0 ? x : slope * x);
});

const hardSigmoid = unary((node) => {
  const [alpha, beta] = [attributeFloat(node, 'alpha') ?? 0.2, attributeFloat(node, 'beta') ?? 0.5];
  return (x) => Math.max(0, Math.min(1, alpha * x + beta));
});

const thresholded = unary((node) => {
  const threshold = attributeFloat(node, 'alpha') ?? 1;
  return (x) => (Number.isNaN(x) ? NaN : x > threshold ? x : 0);
});

const rows = (names: string, constant?: ConstantRule): Record<string, UnitRule> =>
  Object.fromEntries(
    names
      .split(' ')
      .map((name) => [name, { couple: coupleBroadcast, ...(constant === undefined ? {} : { constant }) }]),
  );

export const elementwise: Readonly<Record<string, UnitRule>> = {
  ...rows(
    'Identity Cast Dropout',
    plain((x) => x),
  ),
  ...rows(
    'Relu',
    plain((x) => Math.max(0, x)),
  ),
  ...rows('LeakyRelu', leaky),
  ...rows('PRelu', parametric),
  ...rows('ThresholdedRelu', thresholded),
  ...rows('Clip', clip),
  ...rows('HardSigmoid', hardSigmoid),
  ...rows(
    'HardSwish',
    plain((x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  ),
  ...rows(
    'Sigmoid',
    plain((x) => 1 / (1 + Math.exp(-x))),
  ),
  ...rows('Tanh', plain(Math.tanh)),
  ...rows('Exp', plain(Math.exp)),
  ...rows('Sqrt', plain(Math.sqrt)),
  ...rows('Abs', plain(Math.abs)),
  ...rows(
    'Neg',
    plain((x) => -x),
  ),
  ...rows(
    'Softplus',
    plain((x) => Math.log1p(Math.exp(x))),
  ),
  ...rows('Elu Selu Celu Gelu Mish Swish Erf Softsign Sign Ceil Floor Round Sin Sinh Tan Asin Atan Shrink', zeroOnly),
  ...rows(
    'Add Sum',
    binary((a, b) => a + b),
  ),
  ...rows(
    'Sub',
    binary((a, b) => a - b),
  ),
  ...rows('Mul', binary(product)),
  ...rows(
    'Div',
    binary((a, b) => a / b),
  ),
  ...rows('Max', binary(Math.max)),
  ...rows('Min', binary(Math.min)),
  ...rows('Reciprocal Log Pow Where Equal Greater GreaterOrEqual Less LessOrEqual Not And Or Cos Cosh Mean'),
};
