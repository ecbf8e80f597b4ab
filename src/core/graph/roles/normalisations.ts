/** Normalisations, as one operator or spelled as several nodes: what goes in, the value before the gain, what comes out. */
import { attributeInts } from '../attributes.js';
import { integerConstants, scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import { isConstantValue } from './constant-weight.js';
import { onlyReader, sourceOf } from './pass-through.js';

export interface Normalisation {
  readonly kind: 'LayerNorm' | 'RMSNorm' | 'BatchNorm' | 'InstanceNorm' | 'GroupNorm';
  /** The node that gives `output`. */
  readonly node: GraphNode;
  readonly input: string;
  /** Before the gain; absent where one operator does both, or where there is no gain. */
  readonly normalized?: string;
  /** After gain and bias. */
  readonly output: string;
}

const OPERATORS: Readonly<Record<string, Normalisation['kind']>> = {
  LayerNormalization: 'LayerNorm',
  RMSNormalization: 'RMSNorm',
  SimplifiedLayerNormalization: 'RMSNorm',
  BatchNormalization: 'BatchNorm',
  InstanceNormalization: 'InstanceNorm',
  GroupNormalization: 'GroupNorm',
};

/** All normalisations of the main graph, in the order of computation. */
export function findNormalisations(graph: Graph): readonly Normalisation[] {
  return graph.order.flatMap((node) => {
    const kind = Object.hasOwn(OPERATORS, node.opType) ? OPERATORS[node.opType] : undefined;
    if (kind !== undefined) {
      return [{ kind, node, input: node.inputs[0] ?? '', output: node.outputs[0] ?? '' }];
    }
    return spelled(graph, node) ?? [];
  });
}

/**
 * x / √(mean(x²) + ε), of x or of x − mean(x), found from its square root.
 */
function spelled(graph: Graph, root: GraphNode): Normalisation | undefined {
  const isRoot =
    root.opType === 'Sqrt' || (root.opType === 'Pow' && scalarConstant(graph, root.inputs[1] ?? '') === -0.5);
  if (root.domain !== '' || !isRoot) return undefined;
  const squared = squaredBehind(graph, root.inputs[0] ?? '');
  if (squared === undefined) return undefined;
  const centred = graph.producerOf(sourceOf(graph, squared));
  const isCentred = centred?.opType === 'Sub' && isMeanOf(graph, centred.inputs[1] ?? '', centred.inputs[0] ?? '');
  const input = isCentred ? (centred.inputs[0] ?? '') : squared;
  const normalised = dividedBy(graph, root, isCentred ? undefined : squared, input);
  if (normalised === undefined) return undefined;
  const gain = byConstant(graph, normalised, 'Mul');
  const shifted = byConstant(graph, gain ?? normalised, 'Add');
  const output = shifted ?? gain ?? normalised;
  const node = graph.producerOf(output);
  if (node === undefined) return undefined;
  return {
    kind: isCentred ? 'LayerNorm' : 'RMSNorm',
    node,
    input: sourceOf(graph, input),
    ...(gain === undefined ? {} : { normalized: normalised }),
    output,
  };
}

/** y of mean(y²) + ε. */
function squaredBehind(graph: Graph, value: string): string | undefined {
  let name = value;
  for (let step = 0; step < 4; step++) {
    const node = graph.producerOf(name);
    if (node === undefined || node.domain !== '') return undefined;
    if (node.opType === 'ReduceMean')
      return isOverOneAxis(graph, node) ? squareOf(graph, node.inputs[0] ?? '') : undefined;
    if (!['Add', 'Max', 'Clip', 'Cast'].includes(node.opType)) return undefined;
    name = node.inputs.find((input) => !isConstantValue(graph, input)) ?? '';
  }
  return undefined;
}

function squareOf(graph: Graph, value: string): string | undefined {
  const node = graph.producerOf(value);
  const [base = '', exponent = ''] = node?.inputs ?? [];
  if (node?.opType === 'Mul' && base === exponent) return base;
  return node?.opType === 'Pow' && scalarConstant(graph, exponent) === 2 ? base : undefined;
}

function isOverOneAxis(graph: Graph, node: GraphNode): boolean {
  const axes = attributeInts(node, 'axes') ?? integerConstants(graph, node.inputs[1] ?? '');
  return axes?.length === 1;
}

function isMeanOf(graph: Graph, value: string, of: string): boolean {
  const node = graph.producerOf(value);
  return node?.opType === 'ReduceMean' && sourceOf(graph, node.inputs[0] ?? '') === sourceOf(graph, of);
}

/** The quotient of the normalised value (or of a value less its mean) and the root. */
function dividedBy(graph: Graph, root: GraphNode, of: string | undefined, input: string): string | undefined {
  let name = root.outputs[0] ?? '';
  let isInverse = root.opType === 'Pow';
  const inverse = onlyReader(graph, name)?.node;
  if (!isInverse && inverse !== undefined && isReciprocal(graph, inverse, name)) {
    isInverse = true;
    name = inverse.outputs[0] ?? '';
  }
  const reader = onlyReader(graph, name);
  if (reader?.node.opType !== (isInverse ? 'Mul' : 'Div')) return undefined;
  const other = reader.node.inputs.find((each) => each !== reader.reads) ?? '';
  const producer = graph.producerOf(sourceOf(graph, other));
  const fits =
    of === undefined
      ? producer?.opType === 'Sub' && sourceOf(graph, producer.inputs[0] ?? '') === sourceOf(graph, input)
      : sourceOf(graph, other) === sourceOf(graph, of);
  return fits ? reader.node.outputs[0] : undefined;
}

function isReciprocal(graph: Graph, node: GraphNode, value: string): boolean {
  if (node.opType === 'Reciprocal') return true;
  return node.opType === 'Div' && node.inputs[1] === value && scalarConstant(graph, node.inputs[0] ?? '') === 1;
}

/** What the only reader of a value makes of it with a constant. */
function byConstant(graph: Graph, value: string, opType: string): string | undefined {
  const reader = onlyReader(graph, value);
  if (reader?.node.opType !== opType || reader.node.domain !== '') return undefined;
  const other = reader.node.inputs.find((input) => input !== reader.reads) ?? '';
  return isConstantValue(graph, other) ? reader.node.outputs[0] : undefined;
}
