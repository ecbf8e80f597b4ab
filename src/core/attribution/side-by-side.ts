/** Whether a run can hold several patches, each in an example of its own, and how many. */
import { ProblemError } from '../errors.js';
import { graphWriter } from '../rewrite/graph-writer.js';
import { prune } from '../rewrite/prune.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import type { PatchRequest } from './patch-request.js';
import { grownAxis, stackFeeds } from './stack.js';
import { numbersOf, typeAndShape, withSession } from './subject.js';

/** Examples of one run, and elements of all patched values in them: with more, memory costs more than it saves time. */
const MOST_EXAMPLES = 16;
const MOST_ELEMENTS = 2 ** 25;

/**
 * The axis along which each patched value and the end hold several examples, from the shapes of a run of two.
 * @returns undefined where one of them has none: then every patch is a run of its own.
 */
export async function sideBySide(request: PatchRequest): Promise<ReadonlyMap<string, number> | undefined> {
  const { graph, inputAxes, mostExamples = MOST_EXAMPLES, sites, to, corrupt, clean, runner } = request;
  if (inputAxes === undefined || mostExamples < 2) return undefined;
  const two = stackFeeds([corrupt, clean], inputAxes);
  const values = [...new Set([...sites.map(({ value }) => value), to])];
  const writer = graphWriter(graph.model);
  const shapes = new Map(
    values.filter((value) => two[value] === undefined).map((value) => [value, writer.node('Shape', [value])]),
  );
  try {
    const outputs = await withSession(runner, prune(writer.extend(graph.model), [...shapes.values()]), (run) =>
      run(two),
    );
    const axes = new Map<string, number>();
    for (const value of values) {
      const shape = shapes.get(value);
      const dims = shape === undefined ? two[value]?.dims : Array.from(numbersOf(outputs, shape), Number);
      const axis = grownAxis(typeAndShape(request, value).dims, dims ?? []);
      if (axis === undefined || axis === 'other') return undefined;
      axes.set(value, axis);
    }
    return axes;
  } catch (error) {
    // Two examples do not go through the model together: one does.
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

/**
 * How many examples a run holds: 1 where two that lie side by side are not what they are alone, since some operators
 * look at the whole batch.
 * @param alone the metric of both inputs, each in a run of its own.
 * @param pair the metric of two examples of one run.
 */
export async function examplesPerRun(
  { sites, mostExamples = MOST_EXAMPLES, inputAxes = new Map(), ...request }: PatchRequest,
  alone: { readonly clean: number; readonly corrupt: number },
  pair: (feeds: NamedTensors) => Promise<Float64Array>,
): Promise<number> {
  const [corrupt = NaN, clean = NaN] = await pair(stackFeeds([request.corrupt, request.clean], inputAxes));
  const scale = Math.abs(alone.clean) + Math.abs(alone.corrupt);
  const isSame = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 + 1e-4 * scale;
  if (!isSame(corrupt, alone.corrupt) || !isSame(clean, alone.clean)) return 1;
  const whole = { ...request, sites };
  const elements = sites.reduce((sum, { value }) => sum + elementCount(typeAndShape(whole, value).dims), 0);
  return Math.max(1, Math.min(mostExamples, Math.floor(MOST_ELEMENTS / Math.max(1, elements))));
}
