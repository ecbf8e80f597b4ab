/**
 * Arithmetic operations that a node takes: one addition, multiplication, comparison, division or elementary function on
 * numbers counts one, so a multiply-add counts two. Moving numbers about counts nothing. What an operator computes: ONNX
 * operator specifications.
 */
import { attributeInt, attributeInts, attributeString } from '../graph/attributes.js';
import type { GraphNode } from '../graph/graph.js';
import type { ConcreteShapes } from '../rewrite/infer-shapes.js';
import { elementCount } from '../tensor/tensor.js';

/** A node with the shapes of what goes in and out, as far as they are known. */
interface Counted {
  readonly node: GraphNode;
  readonly input: (position: number) => readonly number[] | undefined;
  readonly output: readonly number[] | undefined;
}

/** Undefined where a shape that is needed is not known. */
type Rule = (counted: Counted) => number | undefined;

/**
 * @returns undefined where the operator has no rule (subgraphs, functions, custom operators), or a shape is not known.
 */
export function operationsOf(node: GraphNode, shapes: ConcreteShapes): number | undefined {
  const rule = (node.domain === '' ? STANDARD : node.domain === 'com.microsoft' ? MICROSOFT : {})[node.opType];
  return rule?.({
    node,
    input: (position) => shapes.shapeOf(node.inputs[position] ?? ''),
    output: shapes.shapeOf(node.outputs[0] ?? ''),
  });
}

const nothing: Rule = () => 0;
const size = (shape: readonly number[] | undefined): number | undefined => shape && elementCount(shape);

const perOutput =
  (operations: number): Rule =>
  ({ output }) =>
    times(size(output), operations);
const perInput =
  (operations: number): Rule =>
  ({ input }) =>
    times(size(input(0)), operations);

function times(count: number | undefined, operations: number): number | undefined {
  return count === undefined ? undefined : count * operations;
}

/** One operation for each pair of operands: an operator of n inputs takes n − 1. */
const joining: Rule = ({ node, output }) => times(size(output), Math.max(0, node.inputs.length - 1));

/** Each output is a sum over the kernel and the input channels of its group; a bias adds one more. */
const convolution =
  (weights: number, bias: number): Rule =>
  ({ node, input, output }) => {
    // [output channels, input channels per group, kernel…]
    const kernel = input(weights);
    if (kernel === undefined || output === undefined) return undefined;
    const hasBias = (node.inputs[bias] ?? '') !== '';
    return elementCount(output) * (2 * elementCount(kernel.slice(1)) + (hasBias ? 1 : 0));
  };

/** Each input is spread over the kernel and the output channels of its group. */
const transposedConvolution: Rule = ({ node, input, output }) => {
  const [data, kernel] = [input(0), input(1)];
  if (data === undefined || kernel === undefined || output === undefined) return undefined;
  const hasBias = (node.inputs[2] ?? '') !== '';
  return 2 * elementCount(data) * elementCount(kernel.slice(1)) + (hasBias ? elementCount(output) : 0);
};

/** Each output is a sum over the inner axis: the last one of the first operand. */
const product =
  (first: number): Rule =>
  ({ input, output }) => {
    const inner = input(first)?.at(-1);
    return inner === undefined ? undefined : times(size(output), 2 * inner);
  };

const gemm: Rule = ({ node, input, output }) => {
  const a = input(0);
  if (a === undefined || output === undefined) return undefined;
  const inner = attributeInt(node, 'transA') === 1 ? a[0] : a[1];
  const hasBias = (node.inputs[2] ?? '') !== '';
  return inner === undefined ? undefined : elementCount(output) * (2 * inner + (hasBias ? 1 : 0));
};

/** A product of all operands for each combination of indices, summed: "bij,bjk->bik" runs over b, i, j and k. */
const einsum: Rule = ({ node, input }) => {
  const equation = attributeString(node, 'equation')?.replaceAll(' ', '');
  const terms = equation?.split('->')[0]?.split(',');
  if (terms === undefined || equation?.includes('.') === true) return undefined;
  const sizes = new Map<string, number>();
  for (const [position, term] of terms.entries()) {
    const shape = input(position);
    if (shape === undefined || shape.length !== term.length) return undefined;
    [...term].forEach((letter, axis) => sizes.set(letter, Math.max(sizes.get(letter) ?? 1, shape[axis] ?? 1)));
  }
  return elementCount([...sizes.values()]) * Math.max(1, terms.length);
};

const pooling: Rule = ({ node, output }) => {
  const kernel = attributeInts(node, 'kernel_shape');
  return kernel === undefined ? undefined : times(size(output), elementCount(kernel));
};

/** Gates of each recurrent operator. */
const recurrent =
  (gates: number): Rule =>
  ({ node, input }) => {
    const [data, weights] = [input(0), input(1)];
    const [steps, batch, width] = data ?? [];
    const [directions] = weights ?? [];
    const hidden = attributeInt(node, 'hidden_size');
    if ([steps, batch, width, directions, hidden].some((value) => value === undefined)) return undefined;
    const [s, b, w, d, h] = [steps, batch, width, directions, hidden] as number[] as [
      number,
      number,
      number,
      number,
      number,
    ];
    // Per gate and hidden unit: two dot products, two biases, one function; five more for mixing the states.
    return s * b * d * h * (gates * (2 * w + 2 * h + 3) + 5);
  };

/** Nearest neighbours are copied; linear interpolation mixes pairs along each axis that is resized. */
const resize: Rule = ({ node, input, output }) => {
  const mode = attributeString(node, 'mode') ?? 'nearest';
  if (mode === 'nearest') return 0;
  const data = input(0);
  if (mode !== 'linear' || data === undefined || output === undefined) return undefined;
  const axes = output.filter((length, axis) => length !== data[axis]).length;
  return elementCount(output) * 3 * (2 ** axes - 1);
};

const rows = (names: string, rule: Rule): Record<string, Rule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

const STANDARD: Readonly<Record<string, Rule>> = {
  ...rows(
    'Identity Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Gather GatherElements GatherND Expand ' +
      'Tile Pad Scatter ScatterElements ScatterND Cast CastLike Constant ConstantOfShape Shape Size DepthToSpace ' +
      'SpaceToDepth Dropout EyeLike OneHot ReverseSequence Trilu Compress NonZero Upsample Range Where Unique ' +
      'SequenceConstruct SequenceAt SequenceEmpty SequenceInsert SequenceErase SequenceLength SplitToSequence ' +
      'ConcatFromSequence Optional OptionalGetElement OptionalHasElement StringNormalizer RandomNormal ' +
      'RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial Col2Im BitCast',
    nothing,
  ),
  ...rows('Conv', convolution(1, 2)),
  ...rows('ConvInteger', convolution(1, -1)),
  ...rows('QLinearConv', convolution(3, 8)),
  ConvTranspose: transposedConvolution,
  ...rows('MatMul MatMulInteger', product(0)),
  QLinearMatMul: product(0),
  Gemm: gemm,
  Einsum: einsum,
  LSTM: recurrent(4),
  GRU: recurrent(3),
  RNN: recurrent(1),
  ...rows('Sum Mean Max Min', joining),
  ...rows(
    'Add Sub Mul Div Pow Mod And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual BitShift BitwiseAnd ' +
      'BitwiseOr BitwiseXor BitwiseNot Neg Abs Sign Ceil Floor Round Reciprocal Sqrt Exp Log Erf Sin Cos Tan Asin Acos ' +
      'Atan Sinh Cosh Tanh Asinh Acosh Atanh Relu IsNaN IsInf',
    perOutput(1),
  ),
  ...rows('LeakyRelu PRelu ThresholdedRelu Clip Sigmoid', perOutput(2)),
  ...rows('HardSigmoid Elu Selu Celu Softplus Softsign Shrink', perOutput(3)),
  ...rows('HardSwish Swish', perOutput(4)),
  ...rows('Mish Gelu', perOutput(5)),
  ...rows('QuantizeLinear DequantizeLinear', perOutput(2)),
  DynamicQuantizeLinear: perInput(4),
  BatchNormalization: perOutput(2),
  // Mean, deviation, its square, their sum, division, scale and shift.
  ...rows('LayerNormalization InstanceNormalization GroupNormalization', perOutput(7)),
  ...rows('RMSNormalization', perOutput(4)),
  ...rows('MeanVarianceNormalization', perOutput(5)),
  ...rows('LpNormalization', perInput(3)),
  LRN: ({ node, output }) => times(size(output), (attributeInt(node, 'size') ?? 1) * 2 + 3),
  // Maximum, difference, exponential, sum, division.
  ...rows('Softmax LogSoftmax Hardmax', perOutput(5)),
  ...rows(
    'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ArgMax ArgMin CumSum GlobalAveragePool GlobalMaxPool',
    perInput(1),
  ),
  ...rows('ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp GlobalLpPool', perInput(2)),
  ...rows('MaxPool AveragePool', pooling),
  Resize: resize,
};

const MICROSOFT: Readonly<Record<string, Rule>> = {
  ...rows('Gelu FastGelu QuickGelu', perOutput(5)),
  ...rows('BiasGelu', perOutput(6)),
  FusedMatMul: product(0),
  FusedConv: convolution(1, 2),
  ...rows('SkipLayerNormalization', perOutput(8)),
  ...rows('SimplifiedLayerNormalization', perOutput(4)),
  ...rows('SkipSimplifiedLayerNormalization', perOutput(5)),
};
