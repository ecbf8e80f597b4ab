import { attributeInt } from '../graph/attributes.js';
import { scalarConstant } from '../graph/constants.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import { safeTensorDims } from '../formats/onnx/tensor-proto.js';
import type { InputHint, InputHints } from './model-input.js';

/** Operators that hand their first input on, value by value. */
const PASSES_ON = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Transpose',
  'Slice',
  'Split',
  'Expand',
]);
const PARTS = new Set(['Slice', 'Split']);
/** Nodes looked at per input: the answer is among the first or it is not worth having. */
const MAXIMUM_NODES = 64;
/** A graph that divides by this or more (255, 256, 127.5) takes pixels as they are stored. */
const LEAST_PIXEL_DIVISOR = 64;

/** What the first nodes behind each input say of it: the table that ids index, a division that brings pixels to range. */
export function inputHints(graph: Graph): InputHints {
  return new Map(graph.inputs.map(({ name }) => [name, hintOf(graph, name)]));
}

function hintOf(graph: Graph, input: string): InputHint {
  const values = [input];
  const seen = new Set(values);
  // Of the others a part is handed on.
  const whole = new Set(values);
  for (let at = 0; at < values.length && seen.size < MAXIMUM_NODES; at++) {
    const value = values[at] as string;
    for (const node of graph.consumersOf(value)) {
      const vocabulary = vocabularyOf(graph, node, value);
      if (vocabulary !== undefined)
        return { vocabulary, ...(node.opType === 'Gather' && whole.has(value) ? { looksUp: true } : {}) };
      if (dividesPixels(graph, node, value)) return { rescales: true };
      if (!PASSES_ON.has(node.opType) || node.inputs[0] !== value) continue;
      for (const output of node.outputs.filter((name) => name !== '' && !seen.has(name))) {
        seen.add(output);
        values.push(output);
        if (whole.has(value) && !PARTS.has(node.opType)) whole.add(output);
      }
    }
  }
  return {};
}

/**
 * Rows of the table in which `value` looks things up, or classes of a one-hot code: the operator OneHot, or (as JAX
 * writes it) a comparison with 0, 1, 2, … along a last axis.
 */
function vocabularyOf(graph: Graph, node: GraphNode, value: string): number | undefined {
  if (node.opType === 'Equal') {
    const classes = tableBehind(graph, node.inputs.find((name) => name !== value) ?? '')?.at(-1);
    return classes !== undefined && classes > 1 ? classes : undefined;
  }
  if (node.opType === 'OneHot' && node.inputs[0] === value) return scalarConstant(graph, node.inputs[1] ?? '');
  if (node.opType !== 'Gather' || node.inputs[1] !== value) return undefined;
  const table = tableBehind(graph, node.inputs[0] ?? '');
  if (table === undefined || table.length < 2) return undefined;
  const axis = attributeInt(node, 'axis') ?? 0;
  return table[axis < 0 ? axis + table.length : axis];
}

/** Dimensions of a constant, also of one that is stored in another type. */
function tableBehind(graph: Graph, value: string): readonly number[] | undefined {
  let name = value;
  for (let step = 0; step < 4; step++) {
    const tensor = graph.initializer(name);
    if (tensor !== undefined) return safeTensorDims(tensor);
    const producer = graph.producerOf(name);
    if (producer === undefined || !['Identity', 'Cast', 'DequantizeLinear'].includes(producer.opType)) return undefined;
    name = producer.inputs[0] ?? '';
  }
  return undefined;
}

function dividesPixels(graph: Graph, node: GraphNode, value: string): boolean {
  const other = node.inputs.find((name) => name !== value) ?? '';
  if (node.opType === 'Div' && node.inputs[0] === value) {
    return Math.abs(scalarConstant(graph, other) ?? 0) >= LEAST_PIXEL_DIVISOR;
  }
  const factor = node.opType === 'Mul' ? Math.abs(scalarConstant(graph, other) ?? 1) : 1;
  return factor > 0 && factor <= 1 / LEAST_PIXEL_DIVISOR;
}
