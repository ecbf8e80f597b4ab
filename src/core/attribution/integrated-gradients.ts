/**
 * Integrated gradients (Sundararajan et al. 2017; methods H3): the derivative, averaged over the straight way from a
 * baseline to the input, times the difference of both. By the midpoint rule. The start is cut free, so that a way
 * through the embeddings of a text is one like any other.
 */
import { problem, throwIfCancelled } from '../errors.js';
import { createGraph } from '../graph/graph.js';
import { floatTensor } from '../tensor/floats.js';
import { FLOAT_TYPES } from '../rewrite/linearize/calculator.js';
import { linearize, type Linearization } from '../rewrite/linearize/linearize.js';
import { prune } from '../rewrite/prune.js';
import { freeValues } from '../rewrite/splice.js';
import { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import { attributionOf, type Attribution } from './attribution.js';
import { MOST_STEPS } from './limits.js';
import { seedChunks, seedsOf } from './seeds.js';
import { numbersOf, typeAndShape, withSession, type AttributionSubject, type AttributionTask } from './subject.js';

export interface IntegratedGradientsOptions {
  readonly steps: number;
  /** By element of the start, in its own order. */
  readonly baseline: Float32Array | Float64Array;
}

export interface IntegratedGradients {
  readonly attributions: readonly Attribution[];
  readonly cutNodes: Linearization['cutNodes'];
  readonly inexact: Linearization['inexact'];
}

/** @throws ProblemError `not-applicable` for a baseline of another size or a number of steps out of bounds. */
export async function integratedGradients(
  subject: AttributionSubject,
  outputs: readonly number[],
  { steps, baseline }: IntegratedGradientsOptions,
  { signal, onProgress }: AttributionTask = {},
): Promise<IntegratedGradients> {
  const { shapes, feeds, from, to, runner } = subject;
  const start = typeAndShape(subject, from);
  const end = typeAndShape(subject, to);
  checkOptions(steps, baseline.length, elementCount(start.dims));
  throwIfCancelled(signal);
  const input = await valueAtInput(subject);
  const type = FLOAT_TYPES[start.type] ?? DataType.FLOAT;
  const graph = createGraph(freeValues(subject.graph.model, [{ value: from, type, dims: start.dims }]));
  const linearization = linearize({ graph, shapes, from: [from], to: [to], reading: 'tangent' });
  const written = linearization.write(['transpose'], [to]);
  const row = written.transpose.get(from) ?? '';
  // The ledger is no part of this method.
  const model = prune(written.model, [to, row]);
  const chunks = seedChunks(outputs, elementCount(end.dims), subject.mostSeeds);
  const runs = chunks.length * steps + 2;
  let done = 0;
  const attributions = await withSession(runner, model, async (run) => {
    const at = async (share: number, seeds: readonly number[]): Promise<NamedTensors> => {
      throwIfCancelled(signal);
      const place = Float64Array.from(input, (x, each) => {
        const before = baseline[each] ?? NaN;
        return share === 1 ? x : before + share * (x - before);
      });
      const point = { [from]: floatTensor(start.type, start.dims, place) };
      const results = await run({ ...feeds, ...point, [written.seeds.get(to) ?? '']: seedsOf(end, seeds) });
      onProgress?.(++done / runs);
      return results;
    };
    const before = numbersOf(await at(0, [0]), to);
    const after = numbersOf(await at(1, [0]), to);
    const found: Attribution[] = [];
    for (const chunk of chunks) {
      const gradients = chunk.map(() => new Float64Array(input.length));
      for (let step = 0; step < steps; step++) {
        const rows = numbersOf(await at((step + 0.5) / steps, chunk), row);
        gradients.forEach((sum, seed) => add(sum, rows, seed * sum.length));
      }
      chunk.forEach((output, seed) => {
        const sum = gradients[seed];
        const scores = Float64Array.from(input, (x, each) => {
          const moved = x - (baseline[each] ?? NaN);
          return moved === 0 ? 0 : (moved * (sum?.[each] ?? NaN)) / steps;
        });
        found.push(attributionOf({ output, value: after[output] ?? NaN, reference: before[output] ?? NaN, scores }));
      });
    }
    return found;
  });
  return { attributions, cutNodes: linearization.cutNodes, inexact: linearization.inexact };
}

function add(sum: Float64Array, rows: ArrayLike<number>, start: number): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + (rows[start + at] as number);
}

/** The start at the input: as it is fed, or as the model computes it. */
export async function valueAtInput({
  graph,
  feeds,
  from,
  runner,
}: Pick<AttributionSubject, 'graph' | 'feeds' | 'from' | 'runner'>): Promise<Float32Array | Float64Array> {
  if (feeds[from] !== undefined) return numbersOf(feeds, from);
  return withSession(runner, prune(graph.model, [from]), async (run) => numbersOf(await run(feeds), from));
}

function checkOptions(steps: number, given: number, wanted: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > MOST_STEPS) {
    throw problem('not-applicable', `Integrated gradients take 1 to ${MOST_STEPS} steps, not ${steps}.`, {
      remedy: 'Choose another number of steps; 50 are usual.',
    });
  }
  if (given !== wanted) {
    throw problem('not-applicable', `The baseline has ${given} numbers, the start has ${wanted}.`, {
      remedy: 'Choose a baseline of the same shape: zeros, or an input of the same length.',
    });
  }
}
