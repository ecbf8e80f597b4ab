/** One edge of a circuit, checked by running the model with its source changed. */
import type { CircuitNode } from '../core/circuits/attribution-graph.js';
import { forEachEdge } from '../core/circuits/edge-matrix.js';
import type { Edit } from '../core/circuits/intervention.js';
import { pathSums } from '../core/circuits/path-sums.js';
import { problem } from '../core/errors.js';
import type { CircuitCheck, CircuitCheckRequest } from '../protocol/circuits.js';
import type { MadeCircuit } from './circuit-questions.js';
import { readingOf } from './circuit-reading.js';
import { residualDirection } from './circuit-weights.js';

/** Factors beyond are no small change of anything. */
const LARGEST_FACTOR = 100;

/** @throws ProblemError `not-applicable` for what is no source or no target; as the engine does; CancelledError. */
export async function checkEdge(
  circuit: MadeCircuit,
  { source, target, factor }: CircuitCheckRequest,
  signal: AbortSignal,
): Promise<CircuitCheck> {
  const { nodes, edges } = circuit.graph;
  const [from, to] = [nodes[source], nodes[target]];
  if (from === undefined || from.kind === 'output' || to === undefined || source >= target) {
    throw problem('not-applicable', 'There is nothing to change there that comes before the target.', {
      remedy: 'Choose a token, a feature or an error as the source.',
    });
  }
  if (!(Math.abs(factor) <= LARGEST_FACTOR) || factor === 1) {
    throw problem('not-applicable', `A source cannot be multiplied by ${factor}.`, {
      remedy: `Choose a number up to ${LARGEST_FACTOR} other than 1.`,
    });
  }
  let edge = 0;
  forEachEdge(edges, target, (each, weight) => {
    if (each === source) edge = weight;
  });
  const { reading } = await readingOf(circuit, to);
  const edit = await editOf(circuit, from, factor - 1);
  const runs = await circuit.interventions();
  const held = circuit.heldRuns();
  const sums = pathSums(nodes, edges, target);
  return {
    direct: { predicted: (factor - 1) * edge, measured: await held.change(edit, reading, signal) },
    following: await runs.change(edit, reading, 'following', signal),
    total: {
      predicted: (factor - 1) * (sums[source] as number),
      measured: await runs.change(edit, reading, 'total', signal),
    },
    patternsHeld: circuit.patternsHeld,
    ...(await partsOf(circuit, from, to, reading.direction, edge)),
  };
}

async function editOf(
  { graph, sites, replacement, coders }: MadeCircuit,
  node: CircuitNode,
  by: number,
): Promise<Edit> {
  const { position } = node as Exclude<CircuitNode, { readonly kind: 'output' }>;
  const scaled = (row: Float32Array, factor: number): Float32Array => row.map((value) => value * factor);
  const rowOf = (values: Float32Array, width: number): Float32Array =>
    values.subarray(position * width, (position + 1) * width);
  if (node.kind === 'feature') {
    const [row] = [await coders.list(replacement, sites)[node.layer]?.decoderRows([node.feature])];
    if (row === undefined) throw new Error(`There is no layer ${node.layer}.`);
    return { value: sites.layers[node.layer]?.writes ?? '', position, added: scaled(row, by * node.activation) };
  }
  if (node.kind === 'error') {
    const value = sites.layers[node.layer]?.writes ?? '';
    const errors = graph.errors[node.layer] ?? new Float32Array();
    return { value, position, added: scaled(rowOf(errors, replacement.width(value)), by) };
  }
  const { embedding } = sites;
  return {
    value: embedding,
    position,
    added: scaled(rowOf(replacement.value(embedding), replacement.width(embedding)), by),
  };
}

/** Formats section 4, items 1 and 2. */
async function partsOf(
  circuit: MadeCircuit,
  from: CircuitNode,
  to: CircuitNode,
  read: Float32Array,
  edge: number,
): Promise<Pick<CircuitCheck, 'parts'>> {
  if (from.kind !== 'feature') return {};
  const { sites, replacement, coders } = circuit;
  const decoder = await coders.list(replacement, sites)[from.layer]?.decoderRows([from.feature]);
  const direction = await residualDirection(circuit, to, read);
  if (decoder === undefined || direction === undefined || decoder.length !== direction.length) return {};
  const inputInvariant = decoder.reduce((sum, value, k) => sum + value * (direction[k] as number), 0);
  return { parts: { activation: from.activation, perUnit: edge / from.activation, inputInvariant } };
}
