/** What would feed a target of a circuit by weights alone: de-embeddings and pulled-back features. */
import { byWeights, type FedBy } from '../core/circuits/heads/by-weights.js';
import type { CircuitNode } from '../core/circuits/attribution-graph.js';
import type { LayerAttention } from '../core/circuits/placing.js';
import { problem } from '../core/errors.js';
import { neededNodes } from '../core/rewrite/linearize/plan.js';
import type { CircuitWeights, FedByWeights } from '../protocol/circuits.js';
import type { MadeCircuit } from './circuit-questions.js';
import { readingOf } from './circuit-reading.js';

/** @throws ProblemError `not-applicable` for what is no target; as the engine and reading weights do; CancelledError. */
export async function weightsOfTarget(
  circuit: MadeCircuit,
  node: number,
  signal: AbortSignal,
): Promise<CircuitWeights> {
  const { graph, layers, replacement, sites, coders, model, textOf } = circuit;
  const target = graph.nodes[node];
  const { reading } = await readingOf(circuit, target);
  const direction = await residualDirection(circuit, target as CircuitNode, reading.direction);
  if (direction === undefined) {
    throw problem('not-applicable', 'No matrix of weights stands between the residual stream and this output.', {
      remedy: 'Choose a feature.',
    });
  }
  const before = (value: string): ReadonlySet<unknown> => neededNodes(model.prepared, [value], new Set());
  const isMadeIn = (nodes: ReadonlySet<unknown>, value: string): boolean => nodes.has(model.prepared.producerOf(value));
  const own = before(reading.value);
  const mlpsIn = (nodes: ReadonlySet<unknown>): number =>
    sites.layers.filter(({ writes }) => isMadeIn(nodes, writes)).length;
  const found = await byWeights({
    model,
    replacement,
    coders: coders.list(replacement, sites),
    layersBefore: mlpsIn(own),
    attention: layers.attention.filter(({ z }) => isMadeIn(own, z)),
    beforeAttention: ({ z }: LayerAttention) => mlpsIn(before(z)),
    direction,
    signal,
  });
  const layerOf = (place: number): number => layers.layers[place]?.index ?? place;
  const fed = ({ tokens, features }: FedBy): FedByWeights => ({
    tokens: [tokens[0].map(named), tokens[1].map(named)],
    features: [features[0].map(placed), features[1].map(placed)],
  });
  const named = ({ token, weight }: FedBy['tokens'][0][number]): FedByWeights['tokens'][0][number] => ({
    text: textOf(token),
    weight,
  });
  const placed = ({ place, ...rest }: FedBy['features'][0][number]): FedByWeights['features'][0][number] => ({
    layer: layerOf(place),
    ...rest,
  });
  return {
    ...fed(found),
    heads: found.heads.map(({ layer, head, norm, ...rest }) => ({ layer, head, norm, ...fed(rest) })),
    left: found.left,
  };
}

/** v: the encoder's row of a feature, or what of the residual stream an output reads. */
export async function residualDirection(
  circuit: MadeCircuit,
  node: CircuitNode,
  direction: Float32Array,
): Promise<Float32Array | undefined> {
  return node.kind === 'output' ? circuit.outputDirections().of(direction) : direction;
}
