/** Operators that work on each channel by itself, over all of its positions. */
import { attributeFloat, attributeInt, attributeInts, attributeString } from '../../../graph/attributes.js';
import { integerConstants, scalarConstant } from '../../../graph/constants.js';
import type { GraphNode } from '../../../graph/graph.js';
import type { ConstantRule } from '../constants.js';
import type { Coupler, CouplingRule } from '../coupling.js';
import type { UnitRule } from '../rules.js';

/** Channels are axis 1; the axis stays where it is. */
function coupleChannels(node: GraphNode, coupler: Coupler): void {
  coupleAlong(node, coupler, 1, 1);
}

function coupleAlong(node: GraphNode, coupler: Coupler, inAxis: number, outAxis: number): void {
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  const further = node.outputs.slice(1).some((value) => value !== '' && coupler.graph.consumersOf(value).length > 0);
  const fits =
    !further &&
    fitsAxis(coupler, input, inAxis) &&
    fitsAxis(coupler, output, outAxis) &&
    coupler.axisOf(node.inputs[1] ?? '') === undefined;
  if (!fits) {
    for (const value of [...node.inputs, ...node.outputs])
      coupler.block(value, `${node.opType} works across its units`);
    return;
  }
  coupler.tie(input, output, outAxis);
  coupler.tie(output, input, inAxis);
}

function fitsAxis(coupler: Coupler, value: string, axis: number): boolean {
  const known = coupler.axisOf(value);
  return known === undefined || known === axis;
}

/** Constants that have one number for each channel. */
const withParameters =
  (positions: readonly number[]): CouplingRule =>
  (node, coupler) => {
    const missing = positions.some((position) => coupler.graph.initializer(node.inputs[position] ?? '') === undefined);
    const training = attributeInt(node, 'training_mode') === 1;
    const operands = node.inputs.slice(1).some((value) => coupler.axisOf(value) !== undefined);
    if (missing || training || operands) {
      for (const value of [...node.inputs, ...node.outputs])
        coupler.block(value, `${node.opType} has parameters that are computed`);
      return;
    }
    coupleChannels(node, coupler);
    const by = coupler.axisOf(node.inputs[0] ?? '') === undefined ? undefined : node.inputs[0];
    if (by === undefined) return;
    for (const position of positions) coupler.edit({ kind: 'slice', node, position, axis: 0, by });
  };

const normalised: ConstantRule = (node, { operand, output, numbersOf }) => {
  const x = operand(node, 0);
  const [scale, shift, mean, variance] = node.inputs.slice(1, 5).map(numbersOf);
  const epsilon = attributeFloat(node, 'epsilon') ?? 1e-5;
  return output(
    node,
    (unit) =>
      ((x(unit) - (mean?.[unit] ?? NaN)) * (scale?.[unit] ?? NaN)) / Math.sqrt((variance?.[unit] ?? NaN) + epsilon) +
      (shift?.[unit] ?? NaN),
  );
};

/** The mean of a constant is itself, and its deviation 0. */
const instanceNormalised: ConstantRule = (node, { operand, output, numbersOf }) => {
  const x = operand(node, 0);
  const shift = numbersOf(node.inputs[2] ?? '');
  return output(node, (unit) => (Number.isNaN(x(unit)) ? NaN : (shift?.[unit] ?? NaN)));
};

const same: ConstantRule = (node, { operand, output }) => output(node, operand(node, 0));

const zeroOnly: ConstantRule = (node, { operand, output }) => {
  const x = operand(node, 0);
  return output(node, (unit) => (x(unit) === 0 ? 0 : NaN));
};

/** Padding that counts is 0. */
const averaged: ConstantRule = (node, context) => {
  const counts = attributeInt(node, 'count_include_pad') === 1;
  const pads = attributeInts(node, 'pads')?.some((pad) => pad !== 0) ?? false;
  const automatic = (attributeString(node, 'auto_pad') ?? 'NOTSET').startsWith('SAME');
  return counts && (pads || automatic) ? zeroOnly(node, context) : same(node, context);
};

function couplePad(node: GraphNode, coupler: Coupler): void {
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  const axis = coupler.axisOf(input) ?? coupler.axisOf(output) ?? 0;
  const pads = attributeInts(node, 'pads') ?? integerConstants(coupler.graph, node.inputs[1] ?? '');
  const rank = (pads?.length ?? 0) / 2;
  // A list of axes, or pads that are not known, may touch the units.
  const touches = pads === undefined || (node.inputs[3] ?? '') !== '' || pads[axis] !== 0 || pads[axis + rank] !== 0;
  if (touches) for (const value of [input, output]) coupler.block(value, 'Pad may add units to it');
  else coupleAlong(node, coupler, axis, axis);
}

const padded: ConstantRule = (node, context) => {
  const { graph, operand, output } = context;
  if ((attributeString(node, 'mode') ?? 'constant') !== 'constant') return same(node, context);
  const given = node.inputs[2] ?? '';
  const filling = given === '' ? (attributeFloat(node, 'value') ?? 0) : scalarConstant(graph, given);
  const x = operand(node, 0);
  return output(node, (unit) => (x(unit) === filling ? x(unit) : NaN));
};

/** With sizes or scales that are 1 along the units. */
function coupleResize(node: GraphNode, coupler: Coupler): void {
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  const axis = coupler.axisOf(input) ?? coupler.axisOf(output) ?? 0;
  const [from, to] = [coupler.shapeOf(input)?.[axis], coupler.shapeOf(output)?.[axis]];
  const states =
    (node.inputs[3] ?? '') !== '' || attributeString(node, 'coordinate_transformation_mode') === 'tf_crop_and_resize';
  if (states || from === undefined || from !== to) {
    for (const value of [input, output]) coupler.block(value, `${node.opType} states how many units there are`);
  } else coupleAlong(node, coupler, axis, axis);
}

function coupleReduction(node: GraphNode, coupler: Coupler): void {
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  const rank = coupler.shapeOf(input)?.length;
  const axes = reducedAxes(node, coupler);
  const block = (): void => {
    for (const value of [input, output]) coupler.block(value, `${node.opType} runs over its units`);
  };
  if (rank === undefined || axes === undefined) return block();
  const dropped = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const keeps = (attributeInt(node, 'keepdims') ?? 1) === 1;
  const left = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => keeps || !dropped.has(axis));
  const known = coupler.axisOf(input);
  const inAxis = known ?? left[coupler.axisOf(output) ?? -1];
  if (inAxis === undefined || dropped.has(inAxis)) return block();
  coupleAlong(node, coupler, inAxis, left.indexOf(inAxis));
}

function reducedAxes(node: GraphNode, { graph }: Coupler): readonly number[] | undefined {
  const given = node.inputs[1] ?? '';
  return attributeInts(node, 'axes') ?? (given === '' ? undefined : integerConstants(graph, given));
}

const rows = (names: string, couple: CouplingRule, constant?: ConstantRule): Record<string, UnitRule> =>
  Object.fromEntries(
    names.split(' ').map((name) => [name, { couple, ...(constant === undefined ? {} : { constant }) }]),
  );

export const channelWise: Readonly<Record<string, UnitRule>> = {
  ...rows('BatchNormalization', withParameters([1, 2, 3, 4]), normalised),
  ...rows('InstanceNormalization', withParameters([1, 2]), instanceNormalised),
  ...rows('MaxPool GlobalAveragePool GlobalMaxPool', coupleChannels, same),
  ...rows('AveragePool', coupleChannels, averaged),
  ...rows('LpPool GlobalLpPool', coupleChannels, zeroOnly),
  ...rows('Pad', couplePad, padded),
  ...rows('Resize Upsample', coupleResize, zeroOnly),
  ...rows('ReduceMean ReduceMax ReduceMin', coupleReduction, same),
  ...rows('ReduceSum ReduceL1 ReduceL2 ReduceSumSquare', coupleReduction, zeroOnly),
};
