/**
 * Attributions that are one row of a linear system at the input, times the input: gradient × input (the derivative) and
 * relevance (methods H2). Several outputs are explained in one run.
 */
import { throwIfCancelled } from '../errors.js';
import type { GraphNode } from '../graph/graph.js';
import { linearize, type BookedBias, type Linearization } from '../rewrite/linearize/linearize.js';
import type { Reading } from '../rewrite/linearize/rule.js';
import { isPiecewiseLinear } from '../rewrite/linearize/table.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import { attributionOf, type Attribution } from './attribution.js';
import { relevanceReading, type PatternRule } from './relevance-rules.js';
import { seedsOf, seedChunks } from './seeds.js';
import { numbersOf, typeAndShape, withSession, type AttributionSubject, type AttributionTask } from './subject.js';

export interface RowAttributions {
  readonly attributions: readonly Attribution[];
  /** Nodes that were not read, and nodes read as what they are not. */
  readonly cutNodes: Linearization['cutNodes'];
  readonly inexact: Linearization['inexact'];
}

/** ∂y/∂x ⊙ x. What it leaves unexplained is what the function bends between 0 and the input. */
export function gradientTimesInput(
  subject: AttributionSubject,
  outputs: readonly number[],
  task: AttributionTask = {},
): Promise<RowAttributions> {
  return rowsTimesInput(subject, outputs, { reading: () => 'tangent', gates: 'none' }, task);
}

/** x ⊙ ρ, with ρ the row of the relevance rules: Σ R + biases is the output, but for what softmaxes bend. */
export function relevance(
  subject: AttributionSubject,
  outputs: readonly number[],
  patterns: PatternRule,
  task: AttributionTask = {},
): Promise<RowAttributions> {
  return rowsTimesInput(subject, outputs, { reading: relevanceReading(subject.graph, patterns), gates: 'half' }, task);
}

interface Rules {
  readonly reading: (node: GraphNode) => Reading;
  readonly gates: 'none' | 'half';
}

async function rowsTimesInput(
  subject: AttributionSubject,
  outputs: readonly number[],
  { reading, gates }: Rules,
  { signal, onProgress }: AttributionTask,
): Promise<RowAttributions> {
  const { graph, shapes, feeds, from, to, runner } = subject;
  throwIfCancelled(signal);
  const books = (bias: BookedBias): boolean => isBias(bias, reading);
  const linearization = linearize({ graph, shapes, from: [from], to: [to], reading, gates, books });
  const fed = feeds[from] !== undefined;
  const written = linearization.write(['transpose'], fed ? [to] : [to, from]);
  const end = typeAndShape(subject, to);
  const start = typeAndShape(subject, from);
  const biases = linearization.biases.length;
  const attributions = await withSession(runner, written.model, async (run) => {
    const done: Attribution[] = [];
    for (const chunk of seedChunks(outputs, elementCount(end.dims), subject.mostSeeds)) {
      throwIfCancelled(signal);
      const results = await run({ ...feeds, [written.seeds.get(to) ?? '']: seedsOf(end, chunk) });
      const input = numbersOf({ ...feeds, ...results } as NamedTensors, from);
      const values = numbersOf(results, to);
      const rows = numbersOf(results, written.transpose.get(from) ?? '');
      const ledger = written.ledger === undefined ? new Float64Array() : numbersOf(results, written.ledger);
      const size = elementCount(start.dims);
      chunk.forEach((output, seed) => {
        const scores = Float64Array.from(input, (x, at) => product(x, rows[seed * size + at] ?? NaN));
        let biasSum = 0;
        for (let bias = 0; bias < biases; bias++) biasSum += ledger[seed * biases + bias] ?? NaN;
        done.push(attributionOf({ output, value: values[output] ?? NaN, scores, biasSum }));
      });
      onProgress?.(done.length / outputs.length);
    }
    return done;
  });
  return { attributions, cutNodes: linearization.cutNodes, inexact: linearization.inexact };
}

/** An input that nothing depends on gives nothing, also where it is infinite. */
function product(x: number, row: number): number {
  return row === 0 ? 0 : x * row;
}

/** The offset of a bent function that is read as its derivative is no bias: it is what the derivative leaves unexplained. */
function isBias({ node, value }: BookedBias, reading: (node: GraphNode) => Reading): boolean {
  return value !== undefined || reading(node) === 'frozen' || isPiecewiseLinear(node);
}
