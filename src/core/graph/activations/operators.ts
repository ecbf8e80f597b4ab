/** Which ONNX operators are activation functions: one row per operator. */
import { attributeFloat, attributeFloats, attributeString, attributeStrings } from '../attributes.js';
import { scalarConstant } from '../constants.js';
import type { Graph, GraphNode } from '../graph.js';
import { FORMULAS, SILU_MINIMUM, type ActivationFunction, type Range } from './functions.js';

type Reading = (node: GraphNode, graph: Graph) => ActivationFunction | undefined;

const always =
  ({ name, family, range }: ActivationFunction): Reading =>
  () => ({ name, family, range });

/** Selu's negative limit: −γ·α with the defaults of the ONNX operator. */
const SELU_GAMMA = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

const distribution = (name: string, range: Range): Reading => always({ name, family: 'distribution', range });

const STANDARD: Readonly<Record<string, Reading>> = {
  Relu: always(FORMULAS.relu),
  Clip: clip,
  LeakyRelu: (node) => leaky(attributeFloat(node, 'alpha') ?? 0.01, 'LeakyRelu'),
  PRelu: always({ name: 'PRelu', family: 'smooth', range: {} }),
  ThresholdedRelu: (node) => ({
    name: 'ThresholdedRelu',
    family: 'rectifier',
    range: { lower: Math.min(0, attributeFloat(node, 'alpha') ?? 1) },
  }),
  Elu: (node) => elu(attributeFloat(node, 'alpha') ?? 1),
  Celu: (node) => ({ name: 'Celu', family: 'smooth', range: below(attributeFloat(node, 'alpha') ?? 1) }),
  Selu: (node) => ({
    name: 'Selu',
    family: 'smooth',
    range: below((attributeFloat(node, 'alpha') ?? SELU_ALPHA) * (attributeFloat(node, 'gamma') ?? SELU_GAMMA)),
  }),
  Gelu: always(FORMULAS.gelu),
  Swish: (node) => swish(attributeFloat(node, 'alpha') ?? 1),
  Mish: always(FORMULAS.mish),
  HardSwish: always(FORMULAS.hardSwish),
  Softplus: always(FORMULAS.softplus),
  Softsign: always(FORMULAS.softsign),
  Sigmoid: always(FORMULAS.sigmoid),
  HardSigmoid: always(FORMULAS.hardSigmoid),
  Tanh: always(FORMULAS.tanh),
  Erf: always({ name: 'Erf', family: 'saturating', range: { lower: -1, upper: 1 } }),
  Softmax: distribution('Softmax', { lower: 0, upper: 1 }),
  LogSoftmax: distribution('LogSoftmax', { upper: 0 }),
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
};

/** Operators of ONNX Runtime (domain com.microsoft). */
const MICROSOFT: Readonly<Record<string, Reading>> = {
  Gelu: always(FORMULAS.gelu),
  FastGelu: always(FORMULAS.tanhGelu),
  BiasGelu: always(FORMULAS.gelu),
  QuickGelu: (node) => {
    const alpha = attributeFloat(node, 'alpha') ?? 1.702;
    return alpha === 1 ? FORMULAS.silu : { ...FORMULAS.quickGelu, range: { lower: SILU_MINIMUM / alpha } };
  },
  FusedConv: fused,
  FusedGemm: fused,
  DynamicQuantizeLSTM: recurrent,
};

/** What activation function a node computes on its own, if any. */
export function activationOfOperator(node: GraphNode, graph: Graph): ActivationFunction | undefined {
  const table = node.domain === '' ? STANDARD : node.domain === 'com.microsoft' ? MICROSOFT : undefined;
  return table !== undefined && Object.hasOwn(table, node.opType) ? table[node.opType]?.(node, graph) : undefined;
}

/** A leaky rectifier with the slope `alpha` below zero; slope 0 is the rectifier itself. */
export function leaky(alpha: number, name: string): ActivationFunction {
  if (alpha === 0) return { ...FORMULAS.relu, name };
  return { name, family: 'smooth', range: alpha < 0 ? { lower: 0 } : {} };
}

/** x · sigmoid(beta · x). */
export function swish(beta: number): ActivationFunction {
  if (beta === 1) return FORMULAS.silu;
  if (beta === 1.702) return FORMULAS.quickGelu;
  return { name: 'Swish', family: 'smooth', range: beta > 0 ? { lower: SILU_MINIMUM / beta } : {} };
}

/** x above 0, alpha · (eˣ − 1) below. */
export function elu(alpha: number): ActivationFunction {
  return { name: 'Elu', family: 'smooth', range: below(alpha) };
}

function below(limit: number): Range {
  return limit >= 0 ? { lower: -limit } : {};
}

/**
 * Clip is an activation when it cuts at zero (ReLU6 and its kin) or evenly around zero (hard tanh). Other bounds
 * protect a later logarithm, exponential or division, and nobody asks for their units.
 */
function clip(node: GraphNode, graph: Graph): ActivationFunction | undefined {
  // Bounds were attributes before opset 11.
  const bound = (position: number, attribute: string): number | undefined => {
    const input = node.inputs[position] ?? '';
    return input === '' ? attributeFloat(node, attribute) : scalarConstant(graph, input);
  };
  return clipFunction(bound(1, 'min') ?? -Infinity, bound(2, 'max') ?? Infinity);
}

/** The function that limits values to [lower, upper], where it is one that people use as an activation. */
function clipFunction(lower: number, upper: number): ActivationFunction | undefined {
  // Exporters write "no bound" as the largest float.
  const open = upper > 1e30;
  if (lower === 0 && upper > 0) {
    if (upper === 6) return FORMULAS.relu6;
    return { name: open ? 'Relu' : 'Clip', family: 'rectifier', range: open ? { lower: 0 } : { lower: 0, upper } };
  }
  if (lower === -1 && upper === 1) return FORMULAS.hardTanh;
  return undefined;
}

/** Fused operators name their activation in an attribute. */
function fused(node: GraphNode): ActivationFunction | undefined {
  const name = attributeString(node, 'activation') ?? '';
  switch (name) {
    case 'Relu':
      return FORMULAS.relu;
    case 'Sigmoid':
      return FORMULAS.sigmoid;
    case 'Tanh':
      return FORMULAS.tanh;
    case 'LeakyRelu':
      return leaky(attributeFloat(node, 'activation_alpha') ?? 0.01, 'LeakyRelu');
    case 'HardSigmoid':
      return FORMULAS.hardSigmoid;
    case 'Clip': {
      const [lower = -Infinity, upper = Infinity] = attributeFloats(node, 'activation_params') ?? [];
      return clipFunction(lower, upper);
    }
    default:
      return undefined;
  }
}

/** A hidden state is a product of a sigmoid and a tanh in an LSTM, a tanh in an RNN; a GRU's starts anywhere. */
function recurrent(node: GraphNode): ActivationFunction {
  const name = node.opType === 'DynamicQuantizeLSTM' ? 'LSTM' : node.opType;
  const bounded = name !== 'GRU' && attributeStrings(node, 'activations') === undefined;
  return { name, family: 'recurrent', range: bounded ? { lower: -1, upper: 1 } : {} };
}
