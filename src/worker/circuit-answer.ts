/** A circuit that was found, as it crosses to the page: its nodes, its scores, and what it was found on. */
import { graphScores } from '../core/circuits/influence.js';
import { nodeKinds } from '../core/circuits/kinds.js';
import { likelyTokens } from '../core/circuits/output-targets.js';
import type { CircuitAnswer } from '../protocol/circuits.js';
import type { CircuitInput } from './circuit-input.js';
import { nodeColumns } from './circuit-nodes.js';
import type { MadeCircuit } from './circuit-questions.js';

const LIKELY_SHOWN = 10;

/** @param position of the target. @param seconds that finding it took. */
export async function answerOf(
  { id, graph, layers, replacement, sites, coders }: MadeCircuit,
  input: CircuitInput,
  position: number,
  seconds: number,
): Promise<CircuitAnswer> {
  const { nodes, edges, outputs } = graph;
  const likely = likelyTokens(replacement.value(sites.logits), replacement.positions, position, LIKELY_SHOWN);
  return {
    id,
    tokens: input.tokens.slice(0, input.filled),
    tokenIds: input.ids.slice(0, input.filled),
    data: input.data,
    synthetic: input.synthetic,
    nodes: nodeColumns(graph, layers),
    outputs: nodes.flatMap((node, at) => {
      if (node.kind !== 'output') return [];
      const { token, minus, probability } = node.target;
      const text = minus === undefined ? input.textOf(token) : `${input.textOf(token)} − ${input.textOf(minus)}`;
      return [{ node: at, token, text, probability }];
    }),
    likely: likely.map(({ token, probability }) => ({ token, text: input.textOf(token), probability })),
    starts: edges.starts,
    ...(await graphScores(edges, nodeKinds({ nodes, outputs }), outputs)),
    residual: graph.residual,
    active: graph.active,
    leftOut: graph.leftOut,
    layersWithout: layers.layers.flatMap(({ index }) => (coders.widths.has(index) ? [] : [index])),
    seconds,
  };
}
