/** Nodes that are linear (with a bias) in their one varying operand, with constants for the rest. */
import { attributeFloat, attributeInt, attributeInts, attributeString } from '../graph/attributes.js';
import type { Graph, GraphNode } from '../graph/graph.js';

/** A convolution with constant weights. */
export interface ConvolutionStep {
  readonly kind: 'convolution';
  readonly node: GraphNode;
  /** Value names of its constants. */
  readonly weights: string;
  readonly bias?: string;
  /** Sizes of the kernel along the spatial axes. */
  readonly kernel: readonly number[];
  /** Before and after each spatial axis. */
  readonly padsBefore: readonly number[];
  readonly padsAfter: readonly number[];
  readonly strides: readonly number[];
  readonly groups: number;
}

/** Batch normalisation with the statistics that training left. */
export interface NormalisationStep {
  readonly kind: 'normalisation';
  readonly node: GraphNode;
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
  readonly epsilon: number;
}

/** A product with a constant matrix from the right: x W (+ b), or x Wᵀ (+ b). */
export interface ProductStep {
  readonly kind: 'product';
  readonly node: GraphNode;
  readonly weights: string;
  readonly transposed: boolean;
  readonly bias?: string;
}

export type LinearStep = ConvolutionStep | NormalisationStep | ProductStep;

/** The node as a linear step, if it is one. Its operand is its first input. */
export function linearStep(graph: Graph, node: GraphNode): LinearStep | undefined {
  if (node.domain !== '') return undefined;
  const [operand = '', ...constants] = node.inputs;
  const given = constants.filter((value) => value !== '');
  if (operand === '' || graph.initializer(operand) !== undefined) return undefined;
  if (given.length === 0 || !given.every((value) => graph.initializer(value) !== undefined)) return undefined;
  switch (node.opType) {
    case 'Conv':
      return convolution(graph, node);
    case 'BatchNormalization':
      return normalisation(node);
    case 'MatMul':
      return rankOf(graph, node.inputs[1]) === 2
        ? { kind: 'product', node, weights: node.inputs[1] ?? '', transposed: false }
        : undefined;
    case 'Gemm':
      return gemm(graph, node);
    default:
      return undefined;
  }
}

function convolution(graph: Graph, node: GraphNode): ConvolutionStep | undefined {
  const weights = node.inputs[1] ?? '';
  const shape = shapeOf(graph, weights);
  const autoPad = attributeString(node, 'auto_pad') ?? 'NOTSET';
  if (shape === undefined || shape.length < 3 || (autoPad !== 'NOTSET' && autoPad !== 'VALID')) return undefined;
  const kernel = shape.slice(2);
  if ((attributeInts(node, 'dilations') ?? []).some((dilation) => dilation !== 1)) return undefined;
  const pads = autoPad === 'VALID' ? undefined : attributeInts(node, 'pads');
  const bias = node.inputs[2];
  return {
    kind: 'convolution',
    node,
    weights,
    ...(bias === undefined || bias === '' ? {} : { bias }),
    kernel,
    padsBefore: kernel.map((_, axis) => pads?.[axis] ?? 0),
    padsAfter: kernel.map((_, axis) => pads?.[axis + kernel.length] ?? 0),
    strides: kernel.map((_, axis) => attributeInts(node, 'strides')?.[axis] ?? 1),
    groups: attributeInt(node, 'group') ?? 1,
  };
}

function normalisation(node: GraphNode): NormalisationStep | undefined {
  const [, scale, shift, mean, variance] = node.inputs;
  if (scale === undefined || shift === undefined || mean === undefined || variance === undefined) return undefined;
  // In training mode the statistics are those of the batch; further outputs tell so, too.
  if (attributeInt(node, 'training_mode') === 1 || node.outputs.filter((value) => value !== '').length > 1)
    return undefined;
  return {
    kind: 'normalisation',
    node,
    scale,
    shift,
    mean,
    variance,
    epsilon: attributeFloat(node, 'epsilon') ?? 1e-5,
  };
}

function gemm(graph: Graph, node: GraphNode): ProductStep | undefined {
  const plain =
    (attributeFloat(node, 'alpha') ?? 1) === 1 &&
    (attributeFloat(node, 'beta') ?? 1) === 1 &&
    (attributeInt(node, 'transA') ?? 0) === 0;
  const bias = node.inputs[2];
  const biasShape = bias === undefined || bias === '' ? undefined : shapeOf(graph, bias);
  if (!plain || (biasShape !== undefined && biasShape.length > 1)) return undefined;
  return {
    kind: 'product',
    node,
    weights: node.inputs[1] ?? '',
    transposed: attributeInt(node, 'transB') === 1,
    ...(bias === undefined || bias === '' ? {} : { bias }),
  };
}

/** Dimensions of a constant, as the file states them. */
export function shapeOf(graph: Graph, value: string): readonly number[] | undefined {
  const shape = graph.initializer(value) === undefined ? undefined : graph.valueInfo(value)?.shape;
  return shape?.every((size) => typeof size === 'number') ? (shape as readonly number[]) : undefined;
}

function rankOf(graph: Graph, value: string | undefined): number | undefined {
  return value === undefined ? undefined : shapeOf(graph, value)?.length;
}
