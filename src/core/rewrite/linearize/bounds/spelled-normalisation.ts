/**
 * Normalisations that a graph spells as several nodes: x / √(mean(x²) + ε). Bounded one node at a time they are lost, since
 * intervals forget that both sides hold the same x; together, no element of n is larger than √n, whatever x is.
 */
import { attributeInt, attributeInts } from '../../../graph/attributes.js';
import { integerConstants, scalarConstant } from '../../../graph/constants.js';
import type { Graph, GraphNode } from '../../../graph/graph.js';
import type { Shape } from '../linear-map.js';
import type { Site } from '../rule.js';

export interface SpelledNormalisation {
  /** Position of x among the inputs of the node that divides, or multiplies with the inverse. */
  readonly input: number;
  /** n: how many numbers the mean is taken of. */
  readonly count: number;
}

/** With less, squares that single precision takes for 0 could leave a quotient of any size. */
const LEAST_EPSILON = 1e-30;

/** @returns undefined where the node is no such quotient. */
export function spelledNormalisation({ graph, node, shape }: Site): SpelledNormalisation | undefined {
  const [a = '', b = ''] = node.inputs;
  const candidates =
    node.opType === 'Div'
      ? ([[0, a, b]] as const)
      : ([
          [0, a, b],
          [1, b, a],
        ] as const);
  for (const [input, x, factor] of candidates) {
    const root = node.opType === 'Div' ? factor : rootInverted(graph, factor);
    const count = root === undefined ? undefined : countBelow(graph, root, x, shape(x));
    if (count !== undefined) return { input, count };
  }
  return undefined;
}

/** r of 1 / r. */
function rootInverted(graph: Graph, value: string): string | undefined {
  const node = standard(graph, value);
  if (node?.opType === 'Reciprocal') return node.inputs[0];
  const isInverse = node?.opType === 'Div' && scalarConstant(graph, node.inputs[0] ?? '') === 1;
  return isInverse ? node.inputs[1] : undefined;
}

/** n, where a value is √(mean(x²) + ε) over the last of x's axes. */
function countBelow(graph: Graph, root: string, x: string, shape: Shape): number | undefined {
  const sum = standard(graph, operand(graph, root, 'Sqrt') ?? '');
  if (sum?.opType !== 'Add') return undefined;
  const mean = sum.inputs.find((_, at) => (scalarConstant(graph, sum.inputs[1 - at] ?? '') ?? 0) >= LEAST_EPSILON);
  const node = standard(graph, mean ?? '');
  if (node?.opType !== 'ReduceMean' || attributeInt(node, 'keepdims') === 0) return undefined;
  const axes = attributeInts(node, 'axes') ?? integerConstants(graph, node.inputs[1] ?? '');
  const [axis] = axes ?? [];
  const isLast = axes?.length === 1 && (axis === -1 || axis === shape.length - 1);
  return isLast && isSquare(graph, node.inputs[0] ?? '', x) ? shape.at(-1) : undefined;
}

function isSquare(graph: Graph, value: string, x: string): boolean {
  const node = standard(graph, value);
  const [base, exponent = ''] = node?.inputs ?? [];
  if (base !== x) return false;
  return node?.opType === 'Mul' ? exponent === x : node?.opType === 'Pow' && scalarConstant(graph, exponent) === 2;
}

function operand(graph: Graph, value: string, opType: string): string | undefined {
  const node = standard(graph, value);
  return node?.opType === opType ? node.inputs[0] : undefined;
}

function standard(graph: Graph, value: string): GraphNode | undefined {
  const node = graph.producerOf(value);
  return node?.domain === '' ? node : undefined;
}
