/**
 * Rectifiers however a file spells them: Relu, max(x, 0), a clip that is open above, where(x > 0, x, 0), x · (x > 0).
 * `spelled-out.ts` finds functions by comparing numbers, which is no proof; here the nodes themselves are read, so that
 * certificates may rest on it.
 */
import { attributeFloat } from '../attributes.js';
import { scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';

/** A bound from here on is none: exporters write "open" as the largest float, to as many digits as they like. */
const OPEN = 3.4e38;

/**
 * The position of x among the inputs of a node that gives max(x, 0) for every finite x, element by element; undefined for
 * any other node. Constants may have more axes than x: whether the output has the shape of x is for the caller to ask.
 */
export function rectifiedInput(graph: Graph, node: GraphNode): number | undefined {
  if (node.domain !== '') return undefined;
  const { opType, inputs } = node;
  const [first = '', second = '', third = ''] = inputs;
  switch (opType) {
    case 'Relu':
      return 0;
    case 'Clip':
      return isOpenClip(graph, node) ? 0 : undefined;
    case 'Max':
      if (inputs.length !== 2) return undefined;
      return isZero(graph, second) ? 0 : isZero(graph, first) ? 1 : undefined;
    case 'Where':
      if (isZero(graph, third) && isPositive(graph, first, second, true)) return 1;
      return isZero(graph, second) && isPositive(graph, first, third, false) ? 2 : undefined;
    case 'Mul':
      if (isMask(graph, second, first)) return 0;
      return isMask(graph, first, second) ? 1 : undefined;
    default:
      return undefined;
  }
}

/**
 * The node that rectifies a value, where nothing else comes of the value: comparisons with 0 on the way to that node are
 * part of it.
 */
export function onlyRectifier(graph: Graph, value: string): GraphNode | undefined {
  const readers = graph.consumersOf(value);
  const found = readers.find((node) => node.inputs[rectifiedInput(graph, node) ?? -1] === value);
  if (found === undefined || graph.isOutput(value)) return undefined;
  const leadsThere = (node: GraphNode, steps = MOST_STEPS): boolean => {
    if (node === found) return true;
    const output = node.outputs[0] ?? '';
    if (steps === 0 || !CONDITIONS.has(node.opType) || graph.isOutput(output)) return false;
    return graph.consumersOf(output).every((reader) => leadsThere(reader, steps - 1));
  };
  return readers.every((node) => leadsThere(node)) ? found : undefined;
}

const CONDITIONS = new Set(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'Cast', 'CastLike', 'Where']);
/** Comparison, not, cast. */
const MOST_STEPS = 3;

function isZero(graph: Graph, value: string): boolean {
  return scalarConstant(graph, value) === 0;
}

function isOpenClip(graph: Graph, node: GraphNode): boolean {
  // Bounds were attributes before opset 11.
  const bound = (position: number, attribute: string, open: number): number | undefined => {
    const input = node.inputs[position] ?? '';
    return input === '' ? (attributeFloat(node, attribute) ?? open) : scalarConstant(graph, input);
  };
  return bound(1, 'min', -Infinity) === 0 && (bound(2, 'max', Infinity) ?? NaN) >= OPEN;
}

/** Whether a condition says that x > 0, or (`wanted` false) that it is not; at 0 itself it may say either. */
function isPositive(graph: Graph, condition: string, x: string, wanted: boolean, steps = MOST_STEPS): boolean {
  const node = graph.producerOf(condition);
  // A file may hold a cycle.
  if (node?.domain !== '' || steps === 0) return false;
  const [first = '', second = ''] = node.inputs;
  if (node.opType === 'Not') return isPositive(graph, first, x, !wanted, steps - 1);
  const isGreater = node.opType === 'Greater' || node.opType === 'GreaterOrEqual';
  const isLess = node.opType === 'Less' || node.opType === 'LessOrEqual';
  if (first === x && isZero(graph, second)) return wanted ? isGreater : isLess;
  return second === x && isZero(graph, first) && (wanted ? isLess : isGreater);
}

/** Whether a value is 1 where x > 0 and 0 where x < 0. */
function isMask(graph: Graph, value: string, x: string): boolean {
  const node = graph.producerOf(value);
  if (node?.domain !== '') return false;
  const [first = '', second = '', third = ''] = node.inputs;
  if (node.opType === 'Cast' || node.opType === 'CastLike') return isPositive(graph, first, x, true);
  if (node.opType !== 'Where') return false;
  const [yes, no] = [scalarConstant(graph, second), scalarConstant(graph, third)];
  if (yes === 1 && no === 0) return isPositive(graph, first, x, true);
  return yes === 0 && no === 1 && isPositive(graph, first, x, false);
}
