/** Operators with weights: they make units of one kind from units of another. */
import { safeTensorDims } from '../../../formats/onnx/tensor-proto.js';
import { attributeInt } from '../../../graph/attributes.js';
import type { Graph, GraphNode } from '../../../graph/graph.js';
import type { ConstantRule } from '../constants.js';
import type { Coupler } from '../coupling.js';
import type { UnitRule } from '../rules.js';

function dimsOf(graph: Graph, value: string): readonly number[] | undefined {
  const tensor = graph.initializer(value);
  return tensor === undefined ? undefined : safeTensorDims(tensor);
}

function blockAll(node: GraphNode, coupler: Coupler, reason: string): void {
  for (const value of [...node.inputs, ...node.outputs]) coupler.block(value, reason);
}

/** Its units are read through weights, each through a slice of them. */
function read(node: GraphNode, coupler: Coupler, value: string, own: number, position: number, axis: number): void {
  const known = coupler.axisOf(value);
  if (known === undefined) return;
  if (known === own) coupler.edit({ kind: 'reading', node, value, position, axis });
  else coupler.block(value, `${node.opType} works along other axes than its units`);
}

/** Its units are made by weights; a bias has one number for each. */
function make(node: GraphNode, coupler: Coupler, own: number, position: number, axis: number): void {
  const output = node.outputs[0] ?? '';
  const known = coupler.axisOf(output);
  if (known === undefined) return;
  if (known !== own) return coupler.block(output, `${node.opType} works along other axes than its units`);
  coupler.edit({ kind: 'slice', node, position, axis, by: output });
  const bias = node.opType === 'MatMul' ? '' : (node.inputs[2] ?? '');
  if (bias === '') return;
  const dims = dimsOf(coupler.graph, bias);
  if (dims === undefined) coupler.block(output, `the bias of ${node.opType} is computed`);
  else if ((dims.at(-1) ?? 1) !== 1) {
    coupler.edit({ kind: 'slice', node, position: 2, axis: dims.length - 1, by: output });
  }
}

/** Whether an operand other than the one that is worked on is followed. */
function othersFollowed(node: GraphNode, coupler: Coupler, operand: number): boolean {
  return node.inputs.some((value, position) => position !== operand && coupler.axisOf(value) !== undefined);
}

function coupleConvolution(node: GraphNode, coupler: Coupler): void {
  const input = node.inputs[0] ?? '';
  const dims = dimsOf(coupler.graph, node.inputs[1] ?? '');
  const transposed = node.opType === 'ConvTranspose';
  if (dims === undefined || dims.length < 3 || othersFollowed(node, coupler, 0)) {
    return blockAll(node, coupler, `the weights of ${node.opType} are computed`);
  }
  const groups = attributeInt(node, 'group') ?? 1;
  if (groups === 1) {
    read(node, coupler, input, 1, 1, transposed ? 0 : 1);
    make(node, coupler, 1, 1, transposed ? 1 : 0);
  } else if (!transposed && dims[1] === 1 && (dims[0] ?? 0) % groups === 0) coupleDepthwise(node, coupler, groups);
  else blockAll(node, coupler, 'a convolution in groups needs as many units in each of them');
}

/** One channel, one group: what comes in and what goes out leave together. */
function coupleDepthwise(node: GraphNode, coupler: Coupler, groups: number): void {
  const [input = '', output = ''] = [node.inputs[0] ?? '', node.outputs[0] ?? ''];
  const fits = [input, output].every((value) => [undefined, 1].includes(coupler.axisOf(value)));
  if (!fits) return blockAll(node, coupler, 'Conv works along other axes than its units');
  coupler.begin(input, 1);
  const units = dimsOf(coupler.graph, node.inputs[1] ?? '')?.[0] ?? 0;
  coupler.tie(input, output, 1, { spread: { outer: 1, inner: units / groups } });
  make(node, coupler, 1, 1, 0);
  coupler.edit({ kind: 'groups', node, by: input });
}

/** A depthwise convolution of zeros is its bias, at the borders too. */
const depthwise: ConstantRule = (node, { graph, constantsOf, numbersOf, output }) => {
  const input = constantsOf(node.inputs[0] ?? '');
  const groups = attributeInt(node, 'group') ?? 1;
  if (input === undefined || groups === 1) return undefined;
  const perGroup = (dimsOf(graph, node.inputs[1] ?? '')?.[0] ?? 0) / groups;
  const bias = (node.inputs[2] ?? '') === '' ? undefined : numbersOf(node.inputs[2] ?? '');
  return output(node, (unit) =>
    input[Math.floor(unit / perGroup)] === 0 ? ((node.inputs[2] ?? '') === '' ? 0 : (bias?.[unit] ?? NaN)) : NaN,
  );
};

function coupleGemm(node: GraphNode, coupler: Coupler): void {
  const dims = dimsOf(coupler.graph, node.inputs[1] ?? '');
  if (dims?.length !== 2 || othersFollowed(node, coupler, 0)) {
    return blockAll(node, coupler, 'the weights of Gemm are computed');
  }
  const [outputs, inputs] = attributeInt(node, 'transB') === 1 ? [0, 1] : [1, 0];
  read(node, coupler, node.inputs[0] ?? '', attributeInt(node, 'transA') === 1 ? 0 : 1, 1, inputs);
  make(node, coupler, 1, 1, outputs);
}

/** With a constant matrix on one side: x W, or W x. */
function coupleProduct(node: GraphNode, coupler: Coupler): void {
  const constant = [1, 0].find((position) => dimsOf(coupler.graph, node.inputs[position] ?? '')?.length === 2);
  const operand = node.inputs[constant === 1 ? 0 : 1] ?? '';
  const rank = coupler.shapeOf(operand)?.length;
  const outputRank = coupler.shapeOf(node.outputs[0] ?? '')?.length;
  if (constant === undefined || rank === undefined || outputRank === undefined || (constant === 0 && rank < 2)) {
    return blockAll(node, coupler, 'MatMul multiplies computed values');
  }
  read(node, coupler, operand, constant === 1 ? rank - 1 : rank - 2, constant, constant === 1 ? 0 : 1);
  make(node, coupler, constant === 1 ? outputRank - 1 : outputRank - 2, constant, constant === 1 ? 1 : 0);
}

export const weighted: Readonly<Record<string, UnitRule>> = {
  Conv: { couple: coupleConvolution, constant: depthwise },
  ConvTranspose: { couple: coupleConvolution },
  Gemm: { couple: coupleGemm },
  MatMul: { couple: coupleProduct },
};
