/** Finds the activation layers of a graph: the outputs of its non-linearities, however the file spells them. */
import { activationOfOperator } from './activations/operators.js';
import { layerLabels, type Unlabelled } from './activations/labels.js';
import { spelledOut } from './activations/spelled-out.js';
import { floatValues } from './float-values.js';
import type { Graph, GraphNode } from './graph.js';
import type { ActivationLayer } from './layers.js';
import { awaitsBias, isView } from './own-numbers.js';
import { nodeScopes } from './scopes.js';

/** An activation layer together with the nodes that compute it. */
export interface Detected extends Unlabelled {
  readonly value: string;
  readonly operator: string;
}

const cache = new WeakMap<Graph, readonly ActivationLayer[]>();

/**
 * The activation layers of the main graph in topological order. A function that is spelled as several nodes is one
 * layer, and nothing inside it is another. Bounded functions that only end in a graph output (the classifier's last
 * softmax) are the model's output, not a layer. Computed once per graph.
 */
export function detectActivationLayers(graph: Graph): readonly ActivationLayer[] {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const layers = describe(graph, detectFunctions(graph).layers);
  cache.set(graph, layers);
  return layers;
}

/**
 * Every floating-point value that holds numbers of its own: the activation layers as they are, all others as family
 * `value`. Left out are views of other values ({@link isView}), what lies inside a function that is spelled as several
 * nodes, and a product that only waits for its constant bias.
 */
export function layersOfEveryValue(graph: Graph): readonly ActivationLayer[] {
  const { layers, inside } = detectFunctions(graph);
  const activations = new Map(layers.map((layer) => [layer.value, layer]));
  const floats = floatValues(graph);
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const isKnown = (value: string): boolean =>
    floats.has(value) || inputs.has(value) || graph.initializer(value) !== undefined;
  const all = graph.order.flatMap((node) => {
    const isOwn = !inside.has(node) && !isView(node, isKnown) && !awaitsBias(graph, node);
    return node.outputs
      .filter((value) => activations.has(value) || (isOwn && floats.has(value)))
      .map(
        (value): Detected =>
          activations.get(value) ?? {
            value,
            node,
            inputs: node.inputs,
            operator: node.opType,
            function: { name: node.opType, family: 'value', range: {} },
          },
      );
  });
  return describe(graph, all);
}

function describe(graph: Graph, detected: readonly Detected[]): readonly ActivationLayer[] {
  const layers = detected.filter(({ value }) => value.length <= MAXIMUM_NAME_LENGTH);
  const labels = layerLabels(graph, layers);
  const scopes = nodeScopes(graph);
  return layers.map(({ value, node, operator, function: { family, range } }, index) => ({
    value,
    label: labels[index] ?? value,
    module: scopes[node.index]?.module ?? [],
    operator,
    family,
    range,
  }));
}

export interface Detection {
  readonly layers: readonly Detected[];
  /** Nodes inside functions that are spelled as several nodes. */
  readonly inside: ReadonlySet<GraphNode>;
}

const detections = new WeakMap<Graph, Detection>();

/** The activation layers with what goes into their functions and which nodes these consist of. Computed once per graph. */
export function detectFunctions(graph: Graph): Detection {
  const known = detections.get(graph) ?? detect(graph);
  detections.set(graph, known);
  return known;
}

function detect(graph: Graph): Detection {
  const found = new Map<string, Detected>();
  const inside = new Set<GraphNode>();
  for (const node of graph.order) {
    const own = activationOfOperator(node, graph);
    const spelled = spelledOut(graph, node, own);
    const maker = spelled === undefined ? undefined : graph.producerOf(spelled.value);
    if (spelled !== undefined && maker !== undefined) {
      for (const part of spelled.inside) inside.add(part);
      // A maximum that guards a variance or a norm is no layer: an activation follows weights.
      const certain = !GUARDS.has(node.opType) || followsWeights(graph, spelled.input);
      if (certain && !found.has(spelled.value)) {
        const operator = `${spelled.function.name} (${spelled.by})`;
        found.set(spelled.value, {
          value: spelled.value,
          node: maker,
          inputs: [spelled.input],
          operator,
          function: spelled.function,
        });
      }
    } else if (own !== undefined && (!GUARDS.has(node.opType) || followsWeights(graph, node.inputs[0] ?? ''))) {
      const value = own.family === 'recurrent' ? hiddenState(graph, node) : node.outputs[0];
      if (value !== undefined && value !== '' && !found.has(value)) {
        const inputs = node.inputs.slice(0, 1);
        found.set(value, { value, node, inputs, operator: own.name, function: own });
      }
    }
  }
  const position = new Map(graph.order.map((node, index) => [node, index]));
  const layers = [...found.values()]
    .filter((layer) => !inside.has(layer.node) && !isOnlyOutput(graph, layer))
    .sort((a, b) => (position.get(a.node) ?? 0) - (position.get(b.node) ?? 0));
  return { layers, inside };
}

/** A layer's name goes with every number of it, to the page too: no exporter writes longer ones. */
const MAXIMUM_NAME_LENGTH = 10_000;

/** Operators that also keep divisions and roots safe. */
const GUARDS = new Set([
  ...['Clip', 'Max', 'Min', 'Where', 'Abs'],
  ...['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
]);

/** Y where something reads it, otherwise Y_h: the last state of each sequence. */
function hiddenState(graph: Graph, node: GraphNode): string | undefined {
  const isUsed = (value: string | undefined): boolean =>
    value !== undefined && value !== '' && (graph.consumersOf(value).length > 0 || graph.isOutput(value));
  const [all, last] = node.outputs;
  return isUsed(all) ? all : isUsed(last) ? last : undefined;
}

/** Operators that only hand a value on in another layout. */
const LAYOUT = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Transpose', 'Identity', 'Cast']);

/** Whether a bounded function's value does nothing but leave the graph: it is the model's answer. */
function isOnlyOutput(graph: Graph, { value, function: { family } }: Detected): boolean {
  if (family !== 'saturating' && family !== 'distribution') return false;
  const seen = new Set<string>();
  const leavesOnly = (name: string): boolean => {
    if (seen.has(name)) return true;
    seen.add(name);
    const consumers = graph.consumersOf(name);
    if (consumers.length === 0) return graph.isOutput(name);
    return consumers.every(
      (node) => LAYOUT.has(node.opType) && node.domain === '' && leavesOnly(node.outputs[0] ?? ''),
    );
  };
  return leavesOnly(value);
}

const WEIGHTED =
  /^(Fused|QLinear)?(Conv|ConvTranspose|Gemm|MatMul|ConvInteger|MatMulInteger|MatMulNBits|Einsum|DeformConv)$/;
const NORMALISING = /Normalization$/;
/** A reduced value is a statistic. */
const REDUCING = /^(Reduce|Arg|Global|Norm$|Lp)/;
const MAXIMUM_STEPS_UP = 12;

/** Whether a value comes from a weighted or normalising node without a reduction in between. */
function followsWeights(graph: Graph, value: string): boolean {
  let frontier = [value];
  const seen = new Set<string>(frontier);
  for (let step = 0; step < MAXIMUM_STEPS_UP && frontier.length > 0; step++) {
    const next: string[] = [];
    for (const name of frontier) {
      const producer = graph.producerOf(name);
      if (producer === undefined || REDUCING.test(producer.opType)) continue;
      if (WEIGHTED.test(producer.opType) || NORMALISING.test(producer.opType)) return true;
      for (const input of producer.inputs) {
        if (input === '' || seen.has(input)) continue;
        seen.add(input);
        next.push(input);
      }
    }
    frontier = next;
  }
  return false;
}
