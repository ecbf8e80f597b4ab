/** Which values hold numbers of their own, and which only repeat or prepare those of another value. */
import type { Graph, GraphNode } from './graph.js';

/** Operators whose result holds entries of their data inputs and nothing else, in another layout or selection. */
const VIEWS = new Set([
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Identity',
  'Expand',
  'Split',
  'Slice',
  'Concat',
]);

const PRODUCTS = new Set(['MatMul', 'Conv']);

/**
 * Whether every number of the node's outputs is one of a value that is told of elsewhere.
 * @param isKnown whether a value is observed, is an input or is a constant.
 */
export function isView(node: GraphNode, isKnown: (value: string) => boolean): boolean {
  if (node.domain !== '' || !VIEWS.has(node.opType)) return false;
  return (node.opType === 'Concat' ? node.inputs : node.inputs.slice(0, 1)).every(isKnown);
}

/** Whether the node is a product that only waits for its constant bias: the sum is the layer's value. */
export function awaitsBias(graph: Graph, node: GraphNode): boolean {
  const [value = ''] = node.outputs;
  if (node.domain !== '' || !PRODUCTS.has(node.opType) || graph.isOutput(value)) return false;
  const [reader, ...others] = graph.consumersOf(value);
  if (reader === undefined || others.length > 0 || reader.opType !== 'Add' || reader.domain !== '') return false;
  return reader.inputs.some((input) => input !== value && graph.initializer(input) !== undefined);
}
