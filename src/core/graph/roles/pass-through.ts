/** Nodes that hand their first input on, in another layout or precision: roles are looked for through them. */
import type { Graph, GraphNode } from '../graph.js';

const HANDING_ON = new Set([
  'Identity',
  'Cast',
  'CastLike',
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Dropout',
  'QuantizeLinear',
  'DequantizeLinear',
]);

const MAXIMUM_STEPS = 12;

/** Whether the node gives the numbers of `value` again, each once and in their order within a row of features. */
export function isHandedOn(node: GraphNode, value: string): boolean {
  return node.domain === '' && HANDING_ON.has(node.opType) && node.inputs[0] === value;
}

/** What a value was before nodes that hand it on. */
export function sourceOf(graph: Graph, value: string): string {
  let name = value;
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const producer = graph.producerOf(name);
    const [input = ''] = producer?.inputs ?? [];
    if (producer === undefined || !isHandedOn(producer, input)) return name;
    name = input;
  }
  return name;
}

/** The only node that reads a value, behind nodes that hand it on, and under which name; undefined where there are more. */
export function onlyReader(
  graph: Graph,
  value: string,
): { readonly node: GraphNode; readonly reads: string } | undefined {
  let name = value;
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const [node, ...others] = graph.consumersOf(name);
    if (node === undefined || others.length > 0) return undefined;
    if (!isHandedOn(node, name)) return { node, reads: name };
    name = node.outputs[0] ?? '';
  }
  return undefined;
}
