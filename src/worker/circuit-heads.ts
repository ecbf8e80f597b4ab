/** Through which attention heads a target of a circuit got what makes it up. */
import type { ThroughHeads } from '../core/circuits/heads/through-heads.js';
import { HEADS_SHOWN, type CircuitHeads } from '../protocol/circuits.js';
import type { MadeCircuit } from './circuit-questions.js';
import { readingOf } from './circuit-reading.js';

/** @throws ProblemError `not-applicable` for what is no target; as the engine does; CancelledError. */
export async function headsOfTarget(circuit: MadeCircuit, node: number, signal: AbortSignal): Promise<CircuitHeads> {
  const { graph, layers, replacement, sites, coders } = circuit;
  const { reading, offset } = await readingOf(circuit, graph.nodes[node]);
  const list = coders.list(replacement, sites);
  const written = { errors: graph.errors, decoderBiases: list.map(({ decoderBias }) => decoderBias) };
  const found = await circuit.heads().through(reading, offset, written, signal);
  const value = graph.values[node] as number;
  const { total, size } = sumsOf(found);
  const heads = found.heads.toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const sumOf = (some: typeof heads): number => some.reduce((sum, { contribution }) => sum + contribution, 0);
  return {
    value,
    heads: heads.slice(0, HEADS_SHOWN),
    others: { count: Math.max(0, heads.length - HEADS_SHOWN), contribution: sumOf(heads.slice(HEADS_SHOWN)) },
    fromHeads: sumOf(heads),
    embedding: found.embedding,
    mlps: found.mlps.map(({ place, ...parts }) => ({ layer: layers.layers[place]?.index ?? place, ...parts })),
    biases: found.biases,
    residual: Math.abs(value - total) / Math.max(size + Math.abs(value), Number.MIN_VALUE),
    sharing: [...found.sharing].map(([layer, queries]) => ({ layer, queries })),
    left: found.left,
  };
}

function sumsOf({ heads, embedding, mlps, biases }: ThroughHeads): { total: number; size: number } {
  const parts = [
    embedding,
    biases,
    ...heads.map(({ contribution }) => contribution),
    ...mlps.flatMap((mlp) => [mlp.features, mlp.biases, mlp.error]),
  ];
  return {
    total: parts.reduce((sum, part) => sum + part, 0),
    size: parts.reduce((sum, part) => sum + Math.abs(part), 0),
  };
}
