/**
 * How nodes are read for relevance (methods H2). The LN-rule and the identity rule are the frozen reading of the rule
 * table (σ held still, secants), and gates get half of their products. A softmax, and the products that only stand around
 * one, follow their derivative, unless patterns are frozen (the AH-rule).
 */
import type { Graph, GraphNode } from '../graph/graph.js';
import type { Reading } from '../rewrite/linearize/rule.js';

export type PatternRule = 'tangent' | 'frozen';

/** Matrix products of two values that move are those of attention; a derivative of one that moves is the product itself. */
const FOLLOWED: ReadonlySet<string> = new Set(['Softmax', 'Attention', 'MatMul', 'Gemm', 'Einsum']);

/** Steps that a pattern is followed back through. */
const PATTERN_STEPS = 16;

/** Operators after which a pattern is still one. */
const KEEPS_PATTERN: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Dropout',
  'Reshape',
  'Transpose',
  'Unsqueeze',
  'Squeeze',
  'Slice',
]);

export function relevanceReading(graph: Graph, patterns: PatternRule): (node: GraphNode) => Reading {
  if (patterns === 'frozen') return () => 'frozen';
  return (node) => {
    if (node.domain !== '') return 'frozen';
    if (FOLLOWED.has(node.opType) || isSpelledSoftmax(graph, node)) return 'tangent';
    return node.opType === 'Mul' && node.inputs.some((input) => isPattern(graph, input)) ? 'tangent' : 'frozen';
  };
}

/** exp z and exp z / Σ exp z, one of both. */
function isSpelledSoftmax(graph: Graph, node: GraphNode): boolean {
  if (node.opType === 'Exp') {
    return graph.consumersOf(node.outputs[0] ?? '').some((each) => isShare(graph, each));
  }
  return isShare(graph, node);
}

function isShare(graph: Graph, { opType, inputs }: GraphNode): boolean {
  if (opType !== 'Div') return false;
  const [part = '', whole = ''] = inputs;
  const total = producerBehind(graph, whole);
  return total?.opType === 'ReduceSum' && total.inputs[0] === part && graph.producerOf(part)?.opType === 'Exp';
}

/** What makes a sum, before it is spread over what it was taken of. */
function producerBehind(graph: Graph, value: string): GraphNode | undefined {
  let node = graph.producerOf(value);
  for (let step = 0; step < PATTERN_STEPS && node !== undefined && SPREADS.has(node.opType); step++) {
    node = graph.producerOf(node.inputs[0] ?? '');
  }
  return node;
}

const SPREADS: ReadonlySet<string> = new Set(['Reshape', 'Unsqueeze', 'Expand', 'Identity', 'Cast']);

function isPattern(graph: Graph, value: string): boolean {
  let name = value;
  for (let step = 0; step < PATTERN_STEPS; step++) {
    const node = graph.producerOf(name);
    if (node === undefined || node.domain !== '') return false;
    if (node.opType === 'Softmax' || isShare(graph, node)) return true;
    if (!KEEPS_PATTERN.has(node.opType)) return false;
    name = node.inputs[0] ?? '';
  }
  return false;
}
