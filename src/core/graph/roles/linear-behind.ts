/** The linear layer whose output a value is, behind its bias, a batch normalisation or a part of its features. */
import type { Graph, GraphNode } from '../graph.js';
import { isConstantValue } from './constant-weight.js';
import { isHandedOn } from './pass-through.js';
import { projectionOf, type Projection } from './projection.js';

export interface LinearBehind {
  readonly projection: Projection;
  /** Where the value is one of several equal parts of the layer's features: which, and of how many. */
  readonly part?: { readonly index: number; readonly of: number };
}

const MAXIMUM_STEPS = 12;

/** Undefined where anything but constants changes the numbers between a linear layer and the value. */
export function linearBehind(graph: Graph, value: string): LinearBehind | undefined {
  let name = value;
  let part: LinearBehind['part'];
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const node = graph.producerOf(name);
    if (node === undefined) return undefined;
    const projection = projectionOf(graph, node);
    if (projection !== undefined) return part === undefined ? { projection } : { projection, part };
    const [input = ''] = node.inputs;
    if (isHandedOn(node, input) || isNormalisedByConstants(graph, node)) name = input;
    else if (node.domain === '' && node.opType === 'Split' && part === undefined) {
      part = { index: node.outputs.indexOf(name), of: node.outputs.length };
      name = input;
    } else {
      const changing = changedByConstant(graph, node);
      if (changing === undefined) return undefined;
      name = changing;
    }
  }
  return undefined;
}

/** Batch normalisation as inference does it: a scale and a shift of each channel. */
function isNormalisedByConstants(graph: Graph, node: GraphNode): boolean {
  return (
    node.domain === '' &&
    node.opType === 'BatchNormalization' &&
    node.outputs.filter((output) => output !== '').length === 1 &&
    node.inputs.slice(1, 5).every((input) => isConstantValue(graph, input))
  );
}

/** The operand that is no constant of a sum or product with a constant. */
function changedByConstant(graph: Graph, { domain, opType, inputs }: GraphNode): string | undefined {
  if (domain !== '' || inputs.length !== 2) return undefined;
  const [left = '', right = ''] = inputs;
  if (!['Add', 'Mul', 'Sub', 'Div'].includes(opType)) return undefined;
  if (isConstantValue(graph, right)) return isConstantValue(graph, left) ? undefined : left;
  return opType !== 'Div' && isConstantValue(graph, left) ? right : undefined;
}
