/**
 * The activation function that a value goes through, where nothing else comes of the value: one node, or all the nodes
 * that a file spells it with. What it makes of a number is computed from the nodes themselves, so that it may be a proof.
 */
import { attributeFloat } from '../attributes.js';
import { scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import { detectFunctions, type Detected } from '../layer-detection.js';
import { entryInputs, evaluate, isElementwise } from './elementwise.js';
import { FORMULAS } from './functions.js';
import { onlyRectifier } from './rectifier.js';

export interface OnlyActivation {
  /** The value that carries the activation. */
  readonly value: string;
  /** Whether it makes exactly 0 of a number, as far as that is known. */
  readonly makesZero: (x: number) => boolean;
}

const MOST_NODES = 24;

/** Undefined where something else reads the value, or a part of the function, too. */
export function onlyActivation(graph: Graph, value: string): OnlyActivation | undefined {
  const layer = layersByInput(graph).get(value);
  const nodes = layer === undefined || graph.isOutput(value) ? undefined : nodesUpTo(graph, value, layer.node);
  if (layer === undefined || nodes === undefined) {
    const rectifier = onlyRectifier(graph, value)?.outputs[0];
    return rectifier === undefined ? undefined : { value: rectifier, makesZero: (x) => x <= 0 };
  }
  const single = nodes.length === 1 ? SINGLE[layer.node.opType] : undefined;
  const makesZero = single?.(layer.node) ?? ((x: number) => compute(graph, value, nodes, x).get(layer.value) === 0);
  return { value: layer.value, makesZero };
}

/** Single operators of which {@link evaluate} does not know the formula. */
const SINGLE: Readonly<Record<string, (node: GraphNode) => (x: number) => boolean>> = {
  HardSwish: () => (x) => FORMULAS.hardSwish.formula(x) === 0,
  ThresholdedRelu: (node) => (x) => x <= (attributeFloat(node, 'alpha') ?? 1),
  ...Object.fromEntries(
    ['Gelu', 'Swish', 'Mish', 'Selu', 'Celu', 'PRelu', 'Softsign'].map((operator) => [operator, () => isZero]),
  ),
};

function isZero(x: number): boolean {
  return x === 0;
}

const byInput = new WeakMap<Graph, ReadonlyMap<string, Detected>>();

function layersByInput(graph: Graph): ReadonlyMap<string, Detected> {
  const known = byInput.get(graph);
  if (known !== undefined) return known;
  const alone = detectFunctions(graph).layers.filter(({ function: { family } }) => UNIT_WISE.has(family));
  const found = new Map(alone.map((layer) => [layer.inputs[0] ?? '', layer]));
  byInput.set(graph, found);
  return found;
}

const UNIT_WISE = new Set(['rectifier', 'saturating', 'smooth']);

/** All nodes between a value and the end of its activation; each makes a number of a number. */
function nodesUpTo(graph: Graph, value: string, end: GraphNode): readonly GraphNode[] | undefined {
  const nodes = new Set<GraphNode>();
  const waiting = [value];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const node of graph.consumersOf(name)) {
      if (nodes.has(node)) continue;
      nodes.add(node);
      if (nodes.size > MOST_NODES || !(node === end || isPart(graph, node))) return undefined;
      if (node !== end) waiting.push(node.outputs[0] ?? '');
    }
  }
  return nodes.has(end) ? [...nodes] : undefined;
}

function isPart(graph: Graph, node: GraphNode): boolean {
  const isInPlace = isElementwise(node) && !['Transpose', 'Squeeze', 'Unsqueeze'].includes(node.opType);
  return isInPlace && !graph.isOutput(node.outputs[0] ?? '');
}

/** What each node makes of a number, by its output, as far as it is known. */
function compute(graph: Graph, value: string, nodes: readonly GraphNode[], x: number): ReadonlyMap<string, number> {
  const known = new Map([[value, x]]);
  // The file may list nodes in another order than they follow each other.
  for (let before = 0; before < known.size;) {
    before = known.size;
    for (const node of nodes) {
      const inputs = entryInputs(node).map((name) => known.get(name) ?? scalarConstant(graph, name));
      if (inputs.some((each) => each === undefined)) continue;
      const [result] =
        evaluate(
          graph,
          node,
          inputs.map((each) => [each ?? NaN]),
        ) ?? [];
      if (result !== undefined) known.set(node.outputs[0] ?? '', result);
    }
  }
  return known;
}
