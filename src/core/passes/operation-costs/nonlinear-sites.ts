/**
 * How often a graph leaves the linear: sites of activation functions, rows of softmax, square roots of normalisations
 * and comparisons of max-pooling, for one input (methods M1).
 */
import { attributeInt, attributeInts } from '../../graph/attributes.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import type { ActivationLayer } from '../../graph/layers.js';
import type { ConcreteShapes } from '../../rewrite/infer-shapes.js';
import { elementCount } from '../../tensor/tensor.js';

export interface NonlinearSites {
  /** What is counted: "Relu", "Softmax rows", "LayerNormalization square roots". */
  readonly kind: string;
  readonly node: GraphNode;
  readonly sites: number;
}

/** Normalisations that take one square root per group of numbers that they normalise. */
const NORMALISATIONS = new Set([
  'LayerNormalization',
  'RMSNormalization',
  'InstanceNormalization',
  'GroupNormalization',
]);

/** Nodes whose shapes are not known are left out. */
export function nonlinearSites(
  graph: Graph,
  layers: readonly ActivationLayer[],
  shapes: ConcreteShapes,
): readonly NonlinearSites[] {
  const found: NonlinearSites[] = [];
  const add = (kind: string, node: GraphNode, sites: number | undefined): void => {
    if (sites !== undefined && sites > 0) found.push({ kind, node, sites });
  };
  for (const { value, operator, family } of layers) {
    const node = graph.producerOf(value);
    const shape = shapes.shapeOf(value);
    if (node === undefined || shape === undefined || family === 'distribution' || family === 'value') continue;
    add(operator, node, elementCount(shape));
  }
  for (const node of graph.order) {
    if (node.domain !== '' && node.domain !== 'com.microsoft') continue;
    const output = shapes.shapeOf(node.outputs[0] ?? '');
    if (output === undefined) continue;
    if (node.opType === 'Softmax' || node.opType === 'LogSoftmax') {
      add(`${node.opType} rows`, node, softmaxRows(graph, node, output));
    } else if (NORMALISATIONS.has(node.opType)) {
      add(`${node.opType} square roots`, node, squareRoots(node, output));
    } else if (node.opType === 'MaxPool') {
      const kernel = attributeInts(node, 'kernel_shape');
      add('MaxPool comparisons', node, kernel && elementCount(output) * (elementCount(kernel) - 1));
    }
  }
  return found;
}

/** Before operator set 13, all axes from the given one on were one row. */
function softmaxRows(graph: Graph, node: GraphNode, output: readonly number[]): number | undefined {
  const together = (graph.opset('') ?? 13) < 13;
  const axis = attributeInt(node, 'axis') ?? (together ? 1 : -1);
  const at = axis < 0 ? axis + output.length : axis;
  if (together) return elementCount(output.slice(0, at));
  const length = output[at];
  return length === undefined || length === 0 ? undefined : elementCount(output) / length;
}

function squareRoots(node: GraphNode, output: readonly number[]): number | undefined {
  switch (node.opType) {
    case 'InstanceNormalization':
      return elementCount(output.slice(0, 2));
    case 'GroupNormalization':
      return (output[0] ?? 1) * (attributeInt(node, 'num_groups') ?? 1);
    default: {
      const axis = attributeInt(node, 'axis') ?? -1;
      return elementCount(output.slice(0, axis < 0 ? axis + output.length : axis));
    }
  }
}
