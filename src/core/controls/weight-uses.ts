/**
 * Which of a model's tensors are weights: what operators do with them says so. Only what the table below names is redrawn,
 * so shapes, axes, bounds, epsilons, scales of quantisation and whatever else a graph holds stay without being listed.
 */
import type { FunctionProto, ModelProto, NodeProto } from '../formats/onnx/onnx_pb.js';
import { attributeGraphs } from '../formats/onnx/walk.js';
import { calledFunction } from '../graph/function-body.js';

/**
 * - `weight`: stands where an operator takes trained numbers.
 * - `variance`: running variance of a batch normalisation, which must stay positive.
 * - `elementwise`: added to activations or multiplied by them: a bias or a scale, but also a mask or a table of positions.
 * - `table`: rows are looked up: an embedding, but also a table of positions.
 * - `frequency`: what a sine or cosine is taken of.
 */
export type WeightUse = 'weight' | 'variance' | 'elementwise' | 'table' | 'frequency';

type UseOf = (position: number) => WeightUse | 'moved' | undefined;

const at =
  (use: WeightUse | 'moved', ...positions: number[]): UseOf =>
  (position) =>
    positions.includes(position) ? use : undefined;
const everywhere =
  (use: WeightUse | 'moved'): UseOf =>
  () =>
    use;

const rows = (operators: string, use: UseOf): Record<string, UseOf> =>
  Object.fromEntries(operators.split(' ').map((operator) => [operator, use]));

/** By operator: what its input of a position is used as. Positions are those of the ONNX operator specifications. */
const USES: Readonly<Record<string, UseOf>> = {
  ...rows('Conv ConvTranspose FusedConv DeformConv ConvInteger', at('weight', 1, 2, 3)),
  ...rows('Gemm MatMul FusedMatMul MatMulInteger Einsum', everywhere('weight')),
  ...rows('QLinearConv', at('weight', 3, 8)),
  ...rows('QLinearMatMul', at('weight', 0, 3)),
  ...rows('MatMulNBits GatherBlockQuantized', at('weight', 0, 1)),
  ...rows('LSTM GRU RNN', at('weight', 1, 2, 3, 7)),
  ...rows(
    'LayerNormalization InstanceNormalization GroupNormalization SimplifiedLayerNormalization',
    at('weight', 1, 2),
  ),
  ...rows('RMSNormalization PRelu', at('weight', 1)),
  ...rows('SkipLayerNormalization SkipSimplifiedLayerNormalization', at('weight', 2, 3, 4)),
  ...rows('Attention', at('weight', 1, 2)),
  BatchNormalization: (position) => (position === 4 ? 'variance' : at('weight', 1, 2, 3)(position)),
  ...rows('Add Sub Mul Div Sum BiasGelu FastGelu', everywhere('elementwise')),
  ...rows('Gather', at('table', 0)),
  ...rows(
    'Identity Reshape Transpose Cast CastLike Squeeze Unsqueeze Flatten Expand Slice Split Tile Dropout Pad ' +
      'DequantizeLinear QuantizeLinear',
    at('moved', 0),
  ),
  ...rows('Concat', everywhere('moved')),
};

/** A way from a tensor to its use is short; a hostile graph may be nothing but such ways. */
const LONGEST_WAY = 12;

interface Consumer {
  readonly node: NodeProto;
  readonly position: number;
}

type Consumers = ReadonlyMap<string, readonly Consumer[]>;

/**
 * @returns of a name the uses of the tensor in the main graph and in the bodies of its nodes, through whatever only moves
 *   numbers about and through calls of the model's functions; empty where it is no weight.
 */
export function weightUses(model: ModelProto): (name: string) => ReadonlySet<WeightUse> {
  const main = consumersOf(model.graph?.node ?? []);
  const inside = new Map<FunctionProto, Consumers>();
  const insideOf = (definition: FunctionProto): Consumers => {
    const known = inside.get(definition) ?? consumersOf(definition.node);
    inside.set(definition, known);
    return known;
  };

  /** Follows a value and tells of every use; `seen` keeps values that meet again from being followed twice. */
  const follow = (
    name: string,
    consumers: Consumers,
    tell: (use: WeightUse, consumer: Consumer, consumers: Consumers) => void,
    seen: Set<string>,
    way = 0,
  ): void => {
    const key = `${consumers === main ? '' : 'function '}${name}`;
    if (name === '' || way > LONGEST_WAY || seen.has(key)) return;
    seen.add(key);
    for (const consumer of consumers.get(name) ?? []) {
      const { node, position } = consumer;
      const called = calledFunction(model, node);
      if (called !== undefined) {
        follow(called.input[position] ?? '', insideOf(called), tell, seen, way + 1);
        continue;
      }
      const use = USES[node.opType]?.(position);
      if (use === 'moved') for (const output of node.output) follow(output, consumers, tell, seen, way + 1);
      else if (use !== undefined) tell(use, consumer, consumers);
    }
  };

  const leadsToSine = (name: string, consumers: Consumers, way = 0): boolean =>
    way <= LONGEST_WAY &&
    (consumers.get(name) ?? []).some(
      ({ node, position }) =>
        /^(Sin|Cos)$/.test(node.opType) ||
        (USES[node.opType]?.(position) === 'moved' &&
          node.output.some((output) => leadsToSine(output, consumers, way + 1))),
    );

  return (name) => {
    const uses = new Set<WeightUse>();
    follow(
      name,
      main,
      (use, { node }, consumers) => {
        const isFrequency = use !== 'table' && node.output.some((output) => leadsToSine(output, consumers));
        uses.add(isFrequency ? 'frequency' : use);
      },
      new Set(),
    );
    return uses;
  };
}

function consumersOf(nodes: readonly NodeProto[]): Consumers {
  const consumers = new Map<string, Consumer[]>();
  const visit = (list: readonly NodeProto[]): void => {
    for (const node of list) {
      for (const [position, name] of node.input.entries()) {
        const known = consumers.get(name);
        if (known === undefined) consumers.set(name, [{ node, position }]);
        else known.push({ node, position });
      }
      for (const { graph } of attributeGraphs(node)) visit(graph.node);
    }
  };
  visit(nodes);
  return consumers;
}
