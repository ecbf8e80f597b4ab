/** Where a linear system can start and end when nobody chose. */
import type { Graph, GraphNode } from '../../graph/graph.js';
import { FLOAT_TYPES } from './calculator.js';
import { valuesRead, type KnownShapes } from './plan.js';

export interface FirstFloats {
  readonly starts: readonly string[];
  /** Nodes that compute with floating-point numbers behind the starts and, besides, read whole numbers of the inputs. */
  readonly mixing: readonly GraphNode[];
}

/**
 * The first floating-point values behind the inputs: the inputs themselves where they are such; for tokens and other
 * whole numbers what the model makes of them, such as their embeddings.
 * @param shapes of all values at the input of the run.
 * @param fixed inputs that are always the same.
 */
export function firstFloats(graph: Graph, shapes: KnownShapes, fixed: ReadonlySet<string> = new Set()): FirstFloats {
  const isFloat = (value: string): boolean => {
    const type = shapes.typeOf(value) ?? graph.valueInfo(value)?.type ?? '';
    const shape = shapes.shapeOf(value);
    return FLOAT_TYPES[type] !== undefined && shape?.every((size) => size > 0) === true;
  };
  const whole = new Set<string>();
  const starts = new Set<string>();
  const behind = new Set<string>();
  const mixing: GraphNode[] = [];
  for (const { name } of graph.inputs) if (!fixed.has(name)) (isFloat(name) ? starts : whole).add(name);
  for (const node of graph.order) {
    // Sizes are the same for every input of the same shape.
    if (node.opType === 'Shape' || node.opType === 'Size') continue;
    const reads = valuesRead(node);
    const isBehind = reads.some((value) => starts.has(value) || behind.has(value));
    const isWhole = reads.some((value) => whole.has(value));
    if (!isBehind && !isWhole) continue;
    if (isBehind && isWhole) mixing.push(node);
    for (const output of node.outputs) (isBehind ? behind : isFloat(output) ? starts : whole).add(output);
  }
  starts.delete('');
  return { starts: [...starts], mixing };
}

export function firstFloatValues(graph: Graph, shapes: KnownShapes): readonly string[] {
  return firstFloats(graph, shapes).starts;
}

/** What a softmax at the end is taken of: held still, as `frozen` reads it, the softmax itself depends on nothing. */
export function beforeSoftmax(graph: Graph, end: string): string {
  let value = end;
  for (let node = graph.producerOf(value); node !== undefined; node = graph.producerOf(value)) {
    const isCopy = ['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose'].includes(node.opType);
    if (node.domain !== '' || (!isCopy && node.opType !== 'Softmax')) return end;
    value = node.inputs[0] ?? '';
    if (node.opType === 'Softmax') return value;
  }
  return end;
}
