/** What activation patching is asked: two inputs of the same shapes, places in the model, and what is measured. */
import { problem } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import type { CellLimits } from './cells.js';
import type { Metric } from './metric.js';
import type { ExampleAxes } from './stack.js';
import { typeAndShape, type Runner } from './subject.js';

/**
 * `denoise`: the corrupt input is run, and a value of the clean run is put in; `noise`: the other way round.
 */
export type PatchDirection = 'denoise' | 'noise';

export interface PatchSite {
  /** An inner value, or a floating-point input. */
  readonly value: string;
  /** Axes of its positions; none: it is patched as a whole. */
  readonly positionAxes: readonly number[];
}

export interface PatchRequest {
  /** As `prepareForLinearize` makes it. */
  readonly graph: Graph;
  /** Of all values at either input. */
  readonly shapes: KnownShapes;
  readonly runner: Runner;
  readonly clean: NamedTensors;
  readonly corrupt: NamedTensors;
  readonly sites: readonly PatchSite[];
  /** Where the metric is read. */
  readonly to: string;
  readonly metric: Metric;
  readonly direction: PatchDirection;
  readonly limits: CellLimits;
  /** How several examples lie in the inputs, where a run takes several. */
  readonly inputAxes?: ExampleAxes | undefined;
  /** Examples of one run at most. */
  readonly mostExamples?: number;
}

/**
 * @throws ProblemError `not-applicable` for inputs of different shapes, a metric outside of the end, no sites.
 */
export function checkRequest(request: PatchRequest): void {
  const { clean, corrupt, sites, metric, to } = request;
  checkAligned(clean, corrupt);
  const size = elementCount(typeAndShape(request, to).dims);
  for (const element of [metric.output, metric.minus ?? 0]) {
    if (Number.isInteger(element) && element >= 0 && element < size) continue;
    throw problem('not-applicable', `“${to}” has ${size} elements: there is no element ${element}.`, {
      place: `value “${to}”`,
      remedy: 'Choose an output that the model has.',
    });
  }
  if (sites.length > 0) return;
  throw problem('not-applicable', 'The model has no value between its input and this output that could be patched.', {
    place: `value “${to}”`,
    remedy: 'Choose another output.',
  });
}

/** @throws ProblemError `not-applicable` for inputs of different sizes. */
export function checkAligned(clean: NamedTensors, corrupt: NamedTensors): void {
  for (const [name, tensor] of Object.entries(clean)) {
    const other = corrupt[name];
    if (other?.type === tensor.type && other.dims.join() === tensor.dims.join()) continue;
    const [one, two] = [tensor.dims.join(' × '), other?.dims.join(' × ') ?? 'nothing'];
    throw problem(
      'not-applicable',
      `The two inputs do not lie on each other: “${name}” is ${one} in the clean one and ${two} in the corrupt one.`,
      {
        place: `input “${name}”`,
        remedy: 'Choose two inputs of the same size; texts must have the same number of tokens.',
      },
    );
  }
}
