/** An edge of a circuit, or the sum of those between groups, checked by running the model with its sources changed. */
import type { CircuitNode } from '../core/circuits/attribution-graph.js';
import { forEachEdge } from '../core/circuits/edge-matrix.js';
import type { Edit, Reading } from '../core/circuits/intervention.js';
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
  { sources, targets, factor }: CircuitCheckRequest,
  signal: AbortSignal,
): Promise<CircuitCheck> {
  const { nodes, edges } = circuit.graph;
  const into = [...new Set(targets)].filter((node) => isTarget(nodes[node]));
  const last = Math.max(...into);
  const from = new Set(sources.filter((node) => isSource(nodes[node]) && node < last));
  if (from.size === 0 || into.some((node) => from.has(node))) {
    throw problem('not-applicable', 'There is nothing to change there that comes before the target.', {
      remedy: 'Choose a token, a feature or an error as the source, and a feature or an output as the target.',
    });
  }
  if (!(Math.abs(factor) <= LARGEST_FACTOR) || factor === 1) {
    throw problem('not-applicable', `A source cannot be multiplied by ${factor}.`, {
      remedy: `Choose a number up to ${LARGEST_FACTOR} other than 1.`,
    });
  }
  let edge = 0;
  for (const target of into) {
    forEachEdge(edges, target, (each, weight) => {
      if (from.has(each)) edge += weight;
    });
  }
  const readings: Reading[] = [];
  for (const target of into) readings.push((await readingOf(circuit, nodes[target])).reading);
  const edits: Edit[] = [];
  for (const source of from) edits.push(await editOf(circuit, nodes[source] as CircuitNode, factor - 1));
  const runs = await circuit.interventions();
  const paths = pathSums(nodes, edges, into);
  const [[source = -1, anotherSource], [target = -1, anotherTarget]] = [[...from], into];
  const isOne = anotherSource === undefined && anotherTarget === undefined;
  return {
    direct: {
      predicted: (factor - 1) * edge,
      measured: sumOf(await circuit.heldRuns().change(edits, readings, signal)),
    },
    following: sumOf(await runs.change(edits, readings, 'following', signal)),
    total: {
      predicted: (factor - 1) * sumOf([...from].map((source) => paths[source] as number)),
      measured: sumOf(await runs.change(edits, readings, 'total', signal)),
    },
    patternsHeld: circuit.patternsHeld,
    ...(isOne ? await partsOf(circuit, [nodes[source], nodes[target]], readings[0], edge) : {}),
  };
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function isSource(node: CircuitNode | undefined): boolean {
  return node !== undefined && node.kind !== 'output';
}

function isTarget(node: CircuitNode | undefined): boolean {
  return node?.kind === 'feature' || node?.kind === 'output';
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
  [from, to]: readonly [CircuitNode | undefined, CircuitNode | undefined],
  reading: Reading | undefined,
  edge: number,
): Promise<Pick<CircuitCheck, 'parts'>> {
  if (from?.kind !== 'feature' || to === undefined || reading === undefined) return {};
  const { sites, replacement, coders } = circuit;
  const decoder = await coders.list(replacement, sites)[from.layer]?.decoderRows([from.feature]);
  const direction = await residualDirection(circuit, to, reading.direction);
  if (decoder === undefined || direction === undefined || decoder.length !== direction.length) return {};
  const inputInvariant = decoder.reduce((sum, value, k) => sum + value * (direction[k] as number), 0);
  return { parts: { activation: from.activation, perUnit: edge / from.activation, inputInvariant } };
}
