/**
 * What rounding is measured against (methods, section 0): beside each output the sum of the absolute values of the terms
 * that its last matrix product or convolution adds up.
 */
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import { attributeFloat } from '../graph/attributes.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import { graphWriter, type GraphWriter } from '../rewrite/graph-writer.js';
import { prune } from '../rewrite/prune.js';

export interface WithSums {
  readonly model: ModelProto;
  /** By output: the value with its sums, of the same size and order. Absent where no sum of terms ends there. */
  readonly sums: ReadonlyMap<string, string>;
}

/** Functions that bring two numbers no further apart, and views: |f(a) − f(b)| ≤ |a − b|. */
const NEARER: ReadonlySet<string> = new Set(
  'Identity Reshape Flatten Squeeze Unsqueeze Dropout Relu LeakyRelu Clip Sigmoid Tanh HardSigmoid Softplus Abs Neg'.split(
    ' ',
  ),
);

export function withTermSums(graph: Graph): WithSums {
  const writer = graphWriter(graph.model);
  const sums = new Map<string, string>();
  for (const { name } of graph.outputs) {
    const sum = sumOf(graph, writer, name);
    if (sum !== undefined) sums.set(name, sum);
  }
  const outputs = graph.outputs.map(({ name }) => name);
  return { model: prune(writer.extend(graph.model), [...outputs, ...sums.values()]), sums };
}

function sumOf(graph: Graph, writer: GraphWriter, output: string): string | undefined {
  let at = output;
  for (let node = graph.producerOf(at); node !== undefined && node.domain === ''; node = graph.producerOf(at)) {
    if (['Gemm', 'MatMul', 'Conv', 'ConvTranspose'].includes(node.opType)) return absoluteNode(writer, node);
    if (node.opType === 'Add' && node.inputs.length === 2) return absoluteAddition(graph, writer, node);
    if (!NEARER.has(node.opType)) return undefined;
    at = node.inputs[0] ?? '';
  }
  return undefined;
}

/** The node over the absolute values of all it reads. */
function absoluteNode(writer: GraphWriter, node: GraphNode): string | undefined {
  const isNegative = (attributeFloat(node, 'alpha') ?? 1) < 0 || (attributeFloat(node, 'beta') ?? 1) < 0;
  if (isNegative) return undefined;
  const inputs = node.inputs.map((value) => (value === '' ? '' : writer.node('Abs', [value])));
  return writer.copy(node.proto, inputs)[0];
}

/** A bias that stands in a node of its own. */
function absoluteAddition(graph: Graph, writer: GraphWriter, node: GraphNode): string | undefined {
  const position = node.inputs.findIndex((value) => graph.initializer(value) !== undefined);
  const product = graph.producerOf(node.inputs[1 - position] ?? '');
  if (position < 0 || product === undefined || product.domain !== '' || !['MatMul', 'Conv'].includes(product.opType)) {
    return undefined;
  }
  const sum = absoluteNode(writer, product);
  return sum && writer.node('Add', [sum, writer.node('Abs', [node.inputs[position] ?? ''])]);
}
