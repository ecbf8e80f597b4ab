/** Layers whose units have weights of their own, and how one unit's value goes on from there. */
import { onlyActivation } from '../../graph/activations/only-activation.js';
import { attributeFloat, attributeInt } from '../../graph/attributes.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { linearStep, shapeOf, type NormalisationStep } from '../linear-step.js';

/** A node that makes units from constant weights: each output unit has a slice of them, and each input unit another. */
export interface UnitLayer {
  readonly node: GraphNode;
  /** Value names of its constants. */
  readonly weights: string;
  readonly bias?: string;
  readonly outputAxis: number;
  /** Undefined where a slice of the weights does not stand for one input unit (grouped convolutions). */
  readonly inputAxis: number | undefined;
  readonly units: number;
  readonly inputs: number;
  readonly unitWord: string;
}

/** Units as they go on from a value, whoever made them. */
export type Units = Pick<UnitLayer, 'units' | 'unitWord'>;

/** How the value of a unit goes on scaled and shifted, unit by unit: batch normalisation, or a constant that is added. */
export type Onward =
  NormalisationStep | { readonly kind: 'addition'; readonly node: GraphNode; readonly constant: string };

export function unitLayer(graph: Graph, node: GraphNode): UnitLayer | undefined {
  if (node.domain !== '') return undefined;
  const weights = node.inputs[1] ?? '';
  const dims = shapeOf(graph, weights);
  if (dims === undefined || graph.initializer(node.inputs[0] ?? '') !== undefined) return undefined;
  const bias = node.inputs[2] ?? '';
  const layer = (outputAxis: number, inputAxis: number | undefined, inputs: number, unitWord: string): UnitLayer => ({
    node,
    weights,
    ...(bias === '' ? {} : { bias }),
    outputAxis,
    inputAxis,
    units: dims[outputAxis] ?? 0,
    inputs,
    unitWord,
  });
  switch (node.opType) {
    case 'Conv': {
      const groups = attributeInt(node, 'group') ?? 1;
      const [, perGroup = 0] = dims;
      if (dims.length < 3) return undefined;
      if (groups === 1) return layer(0, 1, perGroup, 'channels');
      // Of a depthwise convolution the kernels of one channel are those of its output.
      return layer(0, perGroup === 1 && groups === dims[0] ? 0 : undefined, groups * perGroup, 'channels');
    }
    case 'ConvTranspose':
      if (dims.length < 3 || (attributeInt(node, 'group') ?? 1) !== 1) return undefined;
      return layer(1, 0, dims[0] ?? 0, 'channels');
    case 'MatMul':
      return dims.length === 2 ? layer(1, 0, dims[0] ?? 0, 'neurons') : undefined;
    case 'Gemm': {
      if (dims.length !== 2 || attributeFloat(node, 'beta') === 0) return undefined;
      const [output, input] = attributeInt(node, 'transB') === 1 ? [0, 1] : [1, 0];
      return layer(output, input, dims[input] ?? 0, 'neurons');
    }
    default:
      return undefined;
  }
}

/** How the value goes on, where one node alone reads it and that node works on each unit by itself. */
export function onward(graph: Graph, value: string, layer: Units): Onward | undefined {
  const [node, ...others] = graph.consumersOf(value);
  if (node === undefined || others.length > 0 || graph.isOutput(value) || node.domain !== '') return undefined;
  switch (node.opType) {
    case 'BatchNormalization': {
      // Channel by channel, with the statistics that training left.
      const step = node.inputs[0] === value ? linearStep(graph, node) : undefined;
      const fits = shapeOf(graph, node.inputs[1] ?? '')?.join() === String(layer.units);
      return fits && step?.kind === 'normalisation' ? step : undefined;
    }
    case 'Add': {
      const constant = node.inputs.find((name) => name !== value) ?? '';
      // A list of numbers is added along the last axis, which is that of neurons, not of channels.
      const fits = layer.unitWord === 'neurons' && shapeOf(graph, constant)?.join() === String(layer.units);
      return fits ? { kind: 'addition', node, constant } : undefined;
    }
    default:
      return undefined;
  }
}

/** Operators that make each number from one number alone. */
const ELEMENT_WISE = new Set(
  (
    'Relu LeakyRelu PRelu ThresholdedRelu Clip Elu Selu Celu Gelu HardSwish HardSigmoid Sigmoid Tanh Softplus Softsign ' +
    'Mish Erf Abs Neg Exp Sqrt Identity Dropout Cast'
  ).split(' '),
);
/** Operators that work on each channel by itself. */
const CHANNEL_WISE = new Set('MaxPool AveragePool GlobalAveragePool GlobalMaxPool'.split(' '));

/**
 * The value by which other layers get to know these units: behind everything that works on each of them by itself.
 * Undefined where the units leave the graph or something else reads them on the way.
 */
export function handedOn(graph: Graph, value: string, layer: Units): string | undefined {
  const seen = new Set<string>();
  for (let at = value; !seen.has(at);) {
    seen.add(at);
    if (graph.isOutput(at)) return undefined;
    const activated = onlyActivation(graph, at)?.value;
    if (activated !== undefined) {
      at = activated;
      continue;
    }
    const readers = graph.consumersOf(at);
    const [node] = readers;
    if (readers.length !== 1 || node === undefined) return at;
    const next = node.outputs[0] ?? '';
    const isPlain = node.domain === '' && node.inputs[0] === at && readsConstants(graph, node);
    const isUnitWise =
      isPlain &&
      (ELEMENT_WISE.has(node.opType) ||
        FLATTENING.has(node.opType) ||
        (layer.unitWord === 'channels' && CHANNEL_WISE.has(node.opType)));
    if (!isUnitWise && onward(graph, at, layer) === undefined) return at;
    if (next === '' || node.outputs.filter((name) => name !== '').length > 1) return undefined;
    at = next;
  }
  return undefined;
}

/** Behind a pooling over all positions there is one number for each unit; whoever reads it is held against their count. */
const FLATTENING = new Set('Flatten Reshape Squeeze'.split(' '));

function readsConstants(graph: Graph, node: GraphNode): boolean {
  return node.inputs.slice(1).every((name) => name === '' || graph.initializer(name) !== undefined);
}
