/** What a person calls an activation layer, from whatever names the exporter left. */
import { displayText } from '../../display-text.js';
import type { Graph, GraphNode } from '../graph.js';
import { isOperatorLike } from '../names.js';
import { nodeScopes } from '../scopes.js';
import type { ActivationFunction } from './functions.js';

export interface Unlabelled {
  /** The node that makes the layer's value. */
  readonly node: GraphNode;
  /** What goes into the activation function. */
  readonly inputs: readonly string[];
  readonly function: ActivationFunction;
}

const MAXIMUM_LABEL_LENGTH = 120;

/** Weighted node → activation: convolution, normalisation, bias, residual sum, layout changes in between. */
const MAXIMUM_STEPS_UP = 24;
const MAXIMUM_BRANCHES = 2;

const WEIGHTED = new Set([
  'Conv',
  'ConvTranspose',
  'Gemm',
  'MatMul',
  'MatMulInteger',
  'ConvInteger',
  'QLinearConv',
  'QLinearMatMul',
  'Einsum',
  'MatMulNBits',
  'FusedConv',
  'FusedGemm',
  'FusedMatMul',
  'Attention',
  'LSTM',
  'GRU',
  'RNN',
  'DeformConv',
]);

/**
 * One label per layer, unique in the graph. In this order: the scope of the activation's own node
 * ("/layer1/layer1.0/relu/Relu" → "layer1.0.relu"), a name that somebody gave it ("mlp_post"), the module of the
 * nearest weight before it ("layer2.0.conv1.weight" → "layer2.0.conv1"), the node's name, the operator and a number.
 */
export function layerLabels(graph: Graph, layers: readonly Unlabelled[]): readonly string[] {
  const activationNodes = new Set(layers.map((layer) => layer.node));
  const position = new Map(graph.order.map((node, index) => [node, index]));
  const count = new Map<string, number>();
  const taken = new Set<string>();
  return layers.map((layer) => {
    const operator = layer.function.name;
    const ordinal = (count.get(operator) ?? 0) + 1;
    count.set(operator, ordinal);
    const label = displayText(labelOf(layer) ?? `${operator} ${ordinal}`, MAXIMUM_LABEL_LENGTH);
    let unique = label;
    for (let copy = 2; taken.has(unique); copy++) unique = `${label} (${copy})`;
    taken.add(unique);
    return unique;
  });

  function labelOf({ node, inputs, function: { name, family } }: Unlabelled): string | undefined {
    const own = nodeScopes(graph)[node.index]?.path;
    if (own !== undefined) {
      // TensorFlow opens a scope of its own for a spelled-out function: "dense/Gelu/mul_1".
      const shortened =
        own.length > 1 && own.at(-1)?.toLowerCase() === name.toLowerCase() && /^[A-Z]/.test(own.at(-1) ?? '');
      return (shortened ? own.slice(0, -1) : own).join('.');
    }
    if (node.name !== '' && !isOperatorLike(node.name, node.opType)) return node.name;
    const upstream = family === 'recurrent' ? undefined : weightedPath(inputs, name);
    if (upstream !== undefined) return upstream.join('.');
    return node.name === '' ? undefined : node.name;
  }

  /**
   * Path of the nearest weighted node upstream, without passing another activation. Behind a sum, or behind a weighted
   * node without a name, only the module around is certain.
   */
  function weightedPath(
    inputs: readonly string[],
    operator: string,
    steps = MAXIMUM_STEPS_UP,
  ): readonly string[] | undefined {
    let nearby: readonly string[] | undefined;
    let isNameless = false;
    let isProduct = false;
    let node = latestProducer(inputs);
    for (let step = 0; step < steps && node !== undefined; step++) {
      const path = nodeScopes(graph)[node.index]?.path;
      const data = node.inputs.filter((input) => graph.initializer(input) === undefined && input !== '');
      if (WEIGHTED.has(node.opType) && data.length < node.inputs.length) {
        if (path !== undefined) {
          if (path.length === 1 || !(isNameless || isProduct)) return isNameless ? nearby : path;
          return isProduct ? [...path.slice(0, -1), operator.toLowerCase()] : path.slice(0, -1);
        }
        if (nearby !== undefined) return nearby;
        isNameless = true;
      } else if (path !== undefined) nearby ??= path;
      if (data.length > 1 && ['Add', 'Sum'].includes(node.opType)) return sumPath(data, operator, steps - step - 1);
      if (data.length > 1 && node.opType === 'MatMul') isProduct = true;
      node = latestProducer(data);
    }
    return nearby;
  }

  /** The module that the branches of a sum share, or that of the one branch with a name. */
  function sumPath(branches: readonly string[], operator: string, steps: number): readonly string[] | undefined {
    const paths = branches
      .slice(0, MAXIMUM_BRANCHES)
      .map((branch) => weightedPath([branch], operator, Math.floor(steps / MAXIMUM_BRANCHES)))
      .filter((path) => path !== undefined);
    const [first, ...others] = paths;
    if (first === undefined) return undefined;
    let shared = first.length - 1;
    while (others.some((path) => path.slice(0, shared).join('/') !== first.slice(0, shared).join('/'))) shared--;
    return shared > 0 ? [...first.slice(0, shared), 'add'] : first;
  }

  function latestProducer(values: readonly string[]): GraphNode | undefined {
    let latest: GraphNode | undefined;
    for (const value of values) {
      const producer = graph.producerOf(value);
      if (producer === undefined || activationNodes.has(producer)) continue;
      if (latest === undefined || (position.get(producer) ?? 0) > (position.get(latest) ?? 0)) latest = producer;
    }
    return latest;
  }
}
