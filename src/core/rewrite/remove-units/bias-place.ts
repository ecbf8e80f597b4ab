import { safeTensorDims } from '../../formats/onnx/tensor-proto.js';
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { attributeFloat, attributeInts, attributeString } from '../../graph/attributes.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import type { Reading } from './coupling.js';

/** A vector with one number for each output of the reading node, which is added to them. */
export interface BiasPlace {
  readonly node: GraphNode;
  readonly position: number;
  /** What one unit of its number adds to the output is 1; the share of a unit that is c is c · scale · weights. */
  readonly scale: number;
}

/**
 * Where the share of a constant unit can go exactly: never into a convolution with padding, at whose borders the share is
 * another. Only numbers of single and double precision are changed.
 */
export function biasPlace(graph: Graph, reading: Reading): BiasPlace | undefined {
  const { node, position } = reading;
  switch (node.opType) {
    case 'Conv': {
      const padded = attributeInts(node, 'pads')?.some((pad) => pad !== 0) ?? false;
      const automatic = (attributeString(node, 'auto_pad') ?? 'NOTSET').startsWith('SAME');
      return padded || automatic ? undefined : placeAt(graph, reading, node, 2, 1);
    }
    case 'Gemm': {
      const beta = attributeFloat(node, 'beta') ?? 1;
      return beta === 0 ? undefined : placeAt(graph, reading, node, 2, (attributeFloat(node, 'alpha') ?? 1) / beta);
    }
    case 'MatMul': {
      const output = node.outputs[0] ?? '';
      const [addition, ...others] = graph.consumersOf(output);
      if (addition === undefined || others.length > 0 || graph.isOutput(output)) return undefined;
      if (addition.opType !== 'Add' || addition.domain !== '' || position !== 1) return undefined;
      return placeAt(graph, reading, addition, addition.inputs[0] === output ? 1 : 0, 1);
    }
    default:
      return undefined;
  }
}

function placeAt(
  graph: Graph,
  reading: Reading,
  node: GraphNode,
  position: number,
  scale: number,
): BiasPlace | undefined {
  const bias = graph.initializer(node.inputs[position] ?? '');
  const weights = graph.initializer(reading.node.inputs[reading.position] ?? '');
  const dims = bias === undefined ? undefined : safeTensorDims(bias);
  // The axis of the weights that is not the one that counts the units it reads.
  const outputs = weights === undefined ? undefined : safeTensorDims(weights)?.[1 - reading.axis];
  const isVector = dims !== undefined && dims.at(-1) === outputs && dims.slice(0, -1).every((size) => size === 1);
  const fits = bias?.dataType === DataType.FLOAT || bias?.dataType === DataType.DOUBLE;
  return isVector && fits ? { node, position, scale } : undefined;
}
