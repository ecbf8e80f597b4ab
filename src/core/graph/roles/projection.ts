/** Linear layers with constant weights: MatMul, Gemm and Conv, with the bias that follows them. */
import { attributeFloat, attributeInt } from '../attributes.js';
import type { Graph, GraphNode } from '../graph.js';
import { constantWeight, isConstantValue, type ConstantWeight } from './constant-weight.js';
import { isHandedOn } from './pass-through.js';

export interface Projection {
  /** Index of the node that multiplies. */
  readonly node: number;
  readonly kind: 'dense' | 'convolution';
  /** The value that the node multiplies with its weight. */
  readonly input: string;
  readonly weight: ConstantWeight;
  /**
   * Which axis of the value `weight.value` names what comes in and which what goes out; `weight.tensorAxes` says which
   * axes of the file's tensor these are.
   */
  readonly inputAxis: number;
  readonly outputAxis: number;
  /** Features (channels) that come in and go out. */
  readonly inputs: number;
  readonly outputs: number;
  /** Groups of a convolution; 1 where every output reads every input. */
  readonly groups: number;
  /** Kernel sizes of a convolution; empty for dense layers. */
  readonly kernel: readonly number[];
  /** The constant that is added, as the Add, Gemm or Conv node reads it. */
  readonly bias?: string;
  /** What the node gives. */
  readonly product: string;
  /** The value after the bias; the product where there is none. */
  readonly output: string;
}

const MAXIMUM_STEPS = 6;

/** The linear layer that a node is, with the constant that is added next; undefined where it is none. */
export function projectionOf(graph: Graph, node: GraphNode): Projection | undefined {
  const own = linearNode(graph, node);
  if (own === undefined) return undefined;
  const bias = own.bias === undefined ? followingBias(graph, own.product) : undefined;
  return bias === undefined ? { ...own, output: own.product } : { ...own, ...bias };
}

/** Whether a convolution treats each channel on its own. */
export function isDepthwise({ kind, groups, inputs, outputs }: Projection): boolean {
  return kind === 'convolution' && groups > 1 && groups === inputs && outputs === inputs;
}

/** Whether a convolution looks at one position at a time and mixes all channels. */
export function isPointwise({ kind, groups, kernel }: Projection): boolean {
  return kind === 'convolution' && groups === 1 && kernel.every((size) => size === 1);
}

function linearNode(graph: Graph, node: GraphNode): Omit<Projection, 'output'> | undefined {
  const isFused = node.domain === 'com.microsoft' && ['FusedConv', 'FusedGemm'].includes(node.opType);
  if (node.domain !== '' && !isFused) return undefined;
  switch (node.opType) {
    case 'MatMul':
      return matrixProduct(graph, node);
    case 'Gemm':
    case 'FusedGemm':
      return gemm(graph, node);
    case 'Conv':
    case 'FusedConv':
      return convolution(graph, node);
    default:
      return undefined;
  }
}

/** x · W, or W · x with the features in front of the last axis. */
function matrixProduct(graph: Graph, node: GraphNode): Omit<Projection, 'output'> | undefined {
  const [left = '', right = '', product = ''] = [...node.inputs.slice(0, 2), node.outputs[0] ?? ''];
  const onRight = constantWeight(graph, right);
  const weight = onRight ?? constantWeight(graph, left);
  if (weight?.dims.length !== 2) return undefined;
  const input = onRight === undefined ? right : left;
  if (isConstantValue(graph, input)) return undefined;
  const inputAxis = onRight === undefined ? 1 : 0;
  return dense(node, input, weight, inputAxis, product, undefined);
}

function gemm(graph: Graph, node: GraphNode): Omit<Projection, 'output'> | undefined {
  const [input = '', factor = '', bias = ''] = node.inputs;
  const weight = constantWeight(graph, factor);
  const isPlain = attributeInt(node, 'transA') !== 1 && (attributeFloat(node, 'alpha') ?? 1) === 1;
  if (weight?.dims.length !== 2 || !isPlain || isConstantValue(graph, input)) return undefined;
  if (bias !== '' && (!isConstantValue(graph, bias) || (attributeFloat(node, 'beta') ?? 1) !== 1)) return undefined;
  const inputAxis = attributeInt(node, 'transB') === 1 ? 1 : 0;
  return dense(node, input, weight, inputAxis, node.outputs[0] ?? '', bias === '' ? undefined : bias);
}

function dense(
  node: GraphNode,
  input: string,
  weight: ConstantWeight,
  inputAxis: 0 | 1,
  product: string,
  bias: string | undefined,
): Omit<Projection, 'output'> {
  const outputAxis = 1 - inputAxis;
  return {
    node: node.index,
    kind: 'dense',
    input,
    weight,
    inputAxis,
    outputAxis,
    inputs: weight.dims[inputAxis] ?? 0,
    outputs: weight.dims[outputAxis] ?? 0,
    groups: 1,
    kernel: [],
    product,
    ...(bias === undefined ? {} : { bias }),
  };
}

/** Weights of a convolution are [channels out, channels in of one group, ...kernel]. */
function convolution(graph: Graph, node: GraphNode): Omit<Projection, 'output'> | undefined {
  const [input = '', factor = '', bias = ''] = node.inputs;
  const weight = constantWeight(graph, factor);
  if (weight === undefined || weight.dims.length < 3 || isConstantValue(graph, input)) return undefined;
  const groups = attributeInt(node, 'group') ?? 1;
  const [outputs = 0, perGroup = 0, ...kernel] = weight.dims;
  return {
    node: node.index,
    kind: 'convolution',
    input,
    weight,
    inputAxis: 1,
    outputAxis: 0,
    inputs: perGroup * groups,
    outputs,
    groups,
    kernel,
    product: node.outputs[0] ?? '',
    ...(bias === '' ? {} : { bias }),
  };
}

/** The constant that the only reader of a product adds to it, also after a change of layout. */
export function followingBias(
  graph: Graph,
  product: string,
): { readonly bias: string; readonly output: string } | undefined {
  let value = product;
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const [reader, ...others] = graph.consumersOf(value);
    if (reader === undefined || others.length > 0 || graph.isOutput(value) || reader.domain !== '') return undefined;
    const [output = ''] = reader.outputs;
    if (reader.opType === 'Add') {
      const bias = reader.inputs.find((input) => input !== value);
      return bias !== undefined && isConstantValue(graph, bias) ? { bias, output } : undefined;
    }
    if (!isHandedOn(reader, value)) return undefined;
    value = output;
  }
  return undefined;
}
