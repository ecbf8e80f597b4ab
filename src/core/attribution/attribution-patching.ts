/**
 * Attribution patching (methods H1): what patching would do, estimated by the derivative of the metric by every value,
 * Σ (a_clean − a_corrupt) ∂m/∂a. Both runs give one estimate; their mean integrates over the way between them by two
 * points. All values come from one run of each input.
 */
import { ProblemError, throwIfCancelled } from '../errors.js';
import { linearize, type LinearGraph, type Linearization } from '../rewrite/linearize/linearize.js';
import { prune } from '../rewrite/prune.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { metricSeed } from './metric.js';
import type { PatchRequest } from './patch-request.js';
import { numbersOf, typeAndShape, withSession, type AttributionTask } from './subject.js';

type Numbers = Float32Array | Float64Array;

/** One run of one input. */
export interface SiteRun {
  /** By site: its value, as the engine gave it. */
  readonly values: NamedTensors;
  /** By site: ∂m/∂a; none for a site that the metric does not depend on, or where it cannot be followed. */
  readonly gradients: ReadonlyMap<string, Numbers>;
}

export interface SiteRuns {
  readonly clean: SiteRun;
  readonly corrupt: SiteRun;
  /** Nodes that the derivative is not followed through. */
  readonly cutNodes: Linearization['cutNodes'];
  /** Why there are no derivatives at all. */
  readonly declined?: string;
}

/** @throws ProblemError as runs do; where only the derivative is not to be had, that is said beside the values. */
export async function runSites(request: PatchRequest, task: AttributionTask): Promise<SiteRuns> {
  const { graph, shapes, sites, to, runner, metric, clean, corrupt } = request;
  const values = sites.map(({ value }) => value);
  const inner = values.filter((value) => clean[value] === undefined);
  const derivative = differentiate();
  const rows = derivative.written?.transpose ?? new Map<string, string>();
  const model = prune(derivative.written?.model ?? graph.model, [...inner, ...rows.values()]);
  const seed = derivative.written?.seeds.get(to);
  const given = seed === undefined ? {} : { [seed]: metricSeed(typeAndShape(request, to), metric) };
  return withSession(runner, model, async (run) => {
    const runOf = async (feeds: NamedTensors): Promise<SiteRun> => {
      throwIfCancelled(task.signal);
      const all: NamedTensors = { ...feeds, ...(await run({ ...feeds, ...given })) };
      return {
        values: Object.fromEntries(values.flatMap((value) => (all[value] === undefined ? [] : [[value, all[value]]]))),
        gradients: new Map([...rows].map(([value, row]) => [value, numbersOf(all, row)])),
      };
    };
    return {
      clean: await runOf(clean),
      corrupt: await runOf(corrupt),
      cutNodes: derivative.cutNodes,
      ...(derivative.declined === undefined ? {} : { declined: derivative.declined }),
    };
  });

  function differentiate(): {
    readonly written?: LinearGraph;
    readonly cutNodes: Linearization['cutNodes'];
    readonly declined?: string;
  } {
    try {
      const linearization = linearize({ graph, shapes, from: [], through: values, to: [to], reading: 'tangent' });
      return { written: linearization.write(['transpose'], inner), cutNodes: linearization.cutNodes };
    } catch (error) {
      if (error instanceof ProblemError && error.problem.kind === 'not-applicable') {
        return { cutNodes: [], declined: error.message };
      }
      throw error;
    }
  }
}
