/** What is asked about attributions of one input and patching between two, of the open model. One question at a time. */
import { chooseBaseline } from '../core/attribution/baseline.js';
import type { Attribution } from '../core/attribution/attribution.js';
import { integratedGradients } from '../core/attribution/integrated-gradients.js';
import { proposeSites } from '../core/attribution/patch-sites.js';
import { checkAligned } from '../core/attribution/patch-request.js';
import { patchActivations, type Patching } from '../core/attribution/patching.js';
import { gradientTimesInput, relevance, type RowAttributions } from '../core/attribution/rows-at-input.js';
import { exampleAxes, type ExampleAxes } from '../core/attribution/stack.js';
import type { AttributionSubject, AttributionTask, Runner } from '../core/attribution/subject.js';
import type { Dataset } from '../core/dataset/dataset.js';
import { problem } from '../core/errors.js';
import { placeInValue, positionOf, positionsOf, type Laid } from '../core/linear/layout.js';
import { labelledValue } from '../core/linear/labelled-value.js';
import { checkPlace, laidEnd, nodeTeller, type SystemContext } from '../core/linear/system.js';
import { FOR_STEPS, openGraphs, type SystemGraphs, type SystemModel } from '../core/linear/system-graphs.js';
import { firstFloatValues } from '../core/rewrite/linearize/ends.js';
import type { NamedTensors } from '../core/tensor/tensor.js';
import type {
  AttributionAnswer,
  AttributionMethod,
  AttributionQuestions,
  OutputAttribution,
  PatchingAnswer,
  PatchingRequest,
  SiteParts,
} from '../protocol/attribution.js';
import { MOST_VOTES, type SystemRequest } from '../protocol/linear.js';
import { feedsOf } from './chosen-input.js';
import { checkCount, contextOf, type LinearSubject } from './linear-questions.js';
import { createTurns } from './turns.js';

export interface AttributionAnswers {
  readonly questions: AttributionQuestions;
  /** Stops what is under way. */
  close(): void;
}

/** Parts of a sequence and of each side of a picture that are patched one by one. */
const LIMITS = { positions: 64, side: 4 };

/**
 * @param subject throws where no graph is open.
 * @param model as questions about linear systems take it.
 * @param track told of work that uses the engine.
 */
export function attributionAnswers(
  subject: () => LinearSubject,
  model: () => SystemModel,
  track: <T>(work: Promise<T>) => Promise<T>,
): AttributionAnswers {
  const turns = createTurns(track);
  /** The one asked for last: methods are compared at one input. It holds no sessions. */
  let last: { readonly key: string; readonly dataset: Dataset; readonly opened: Opened } | undefined;
  const opened = async (system: SystemRequest, signal: AbortSignal): Promise<Opened> => {
    const linear = subject();
    const dataset = linear.inputs.dataset();
    const key = JSON.stringify([system.example, system.from, system.to, system.reading]);
    if (last?.key === key && last.dataset === dataset) return last.opened;
    const fresh = await open(linear, model(), system, signal);
    last = { key, dataset, opened: fresh };
    return fresh;
  };
  return {
    questions: {
      attribute: ({ system, outputs, method }, signal, onProgress) =>
        turns.take(signal, async (either) => {
          checkCount(outputs.length, MOST_VOTES, 'outputs');
          return attribute(await opened(system, either), outputs, method, { signal: either, onProgress });
        }),
      patch: (request, signal, onProgress) =>
        turns.take(signal, async (either) => {
          const dataset = subject().inputs.dataset();
          const corrupt = await feedsOf(dataset, request.corrupt);
          // Before the graph is read at the clean input, which may take long.
          checkAligned(await feedsOf(dataset, request.system.example), corrupt);
          return patch(await opened(request.system, either), corrupt, request, { signal: either, onProgress });
        }),
    },
    close: () => turns.stop(),
  };
}

/** A model at one input, between two ends. */
interface Opened {
  readonly graphs: SystemGraphs;
  readonly context: SystemContext;
  readonly dataset: Dataset;
  readonly feeds: NamedTensors;
  readonly subject: AttributionSubject;
  readonly from: Laid;
  readonly to: Laid;
}

async function open(
  linear: LinearSubject,
  model: SystemModel,
  { example, ...cut }: SystemRequest,
  signal: AbortSignal,
): Promise<Opened> {
  const dataset = linear.inputs.dataset();
  const feeds = await feedsOf(dataset, example);
  // Its sessions are opened when they are first used: here they are not.
  const graphs = await openGraphs(model, cut, feeds, signal);
  const context = contextOf(linear, dataset);
  const { graph, shapes } = graphs;
  const [from, to] = [graphs.from, graphs.to].map((end) => laidEnd(end, graphs, context)) as [Laid, Laid];
  const runner: Runner = graph === model.prepared ? model : { ...model, options: FOR_STEPS };
  const subject: AttributionSubject = {
    graph,
    shapes,
    feeds,
    from: graphs.from.value,
    to: graphs.to.value,
    runner,
    mostSeeds: graphs.seedsPerRun,
  };
  return { graphs, context, dataset, feeds, subject, from, to };
}

async function attribute(
  opened: Opened,
  outputs: readonly number[],
  method: AttributionMethod,
  task: AttributionTask,
): Promise<AttributionAnswer> {
  const { graphs, context, subject, from, to } = opened;
  for (const output of outputs) checkPlace(output, to.size, 'output');
  const places = outputs.map((output) => placeInValue(to, output));
  const { found, notes } = await attributionsBy(opened, places, method, task);
  const told = nodeTeller(graphs, context);
  const broken = found.attributions.find(({ value, sum }) => !Number.isFinite(value) || !Number.isFinite(sum));
  if (broken !== undefined) {
    throw problem('not-applicable', 'Numbers on the way from the start to the end are not finite at this input.', {
      place: `value “${subject.to}”`,
      remedy: 'Choose other ends or another input.',
    });
  }
  return {
    outputs: found.attributions.map((each, at) => laidOut(each, outputs[at] ?? 0, from)),
    notes,
    cut: told(found.cutNodes),
    inexact: told(found.inexact),
  };
}

async function attributionsBy(
  { subject, dataset }: Opened,
  places: readonly number[],
  method: AttributionMethod,
  task: AttributionTask,
): Promise<{ readonly found: RowAttributions; readonly notes: readonly string[] }> {
  switch (method.kind) {
    case 'gradient-input':
      return { found: await gradientTimesInput(subject, places, task), notes: [] };
    case 'relevance':
      return { found: await relevance(subject, places, method.patterns, task), notes: [] };
    case 'integrated-gradients': {
      const inputs = { size: dataset.size, feedsOf: (example: number) => feedsOf(dataset, example) };
      const { values, text } = await chooseBaseline(subject, method.baseline, inputs, task);
      const options = { steps: method.steps, baseline: values };
      return { found: await integratedGradients(subject, places, options, task), notes: [text] };
    }
  }
}

/** Channels and features of one place are added up. */
function laidOut({ scores, ...rest }: Attribution, output: number, from: Laid): OutputAttribution {
  const sums = new Float64Array(positionsOf(from.layout));
  for (let index = 0; index < from.size; index++) {
    const position = positionOf(from.layout, index);
    sums[position] = (sums[position] ?? 0) + (scores[placeInValue(from, index)] ?? NaN);
  }
  return { ...rest, output, scores: Float32Array.from(sums) };
}

async function patch(
  { graphs, context, dataset, feeds, subject, to }: Opened,
  corrupt: NamedTensors,
  { system, metric, direction }: PatchingRequest,
  task: AttributionTask,
): Promise<PatchingAnswer> {
  const { original, placeOf } = context;
  for (const output of [metric.output, metric.minus ?? metric.output]) checkPlace(output, to.size, 'output');
  const starts = system.from === undefined ? firstFloatValues(original, graphs.shapes) : [system.from];
  const proposed = proposeSites(original, graphs.shapes, starts, subject.to);
  const result = await patchActivations(
    {
      graph: subject.graph,
      shapes: subject.shapes,
      runner: subject.runner,
      clean: feeds,
      corrupt,
      sites: proposed,
      to: subject.to,
      metric: {
        output: placeInValue(to, metric.output),
        ...(metric.minus === undefined ? {} : { minus: placeInValue(to, metric.minus) }),
      },
      direction,
      limits: LIMITS,
      inputAxes: await inputAxesOf(dataset, system.example, feeds),
    },
    task,
  );
  const roles = new Map(proposed.map(({ value, role }) => [value, role]));
  let first = 0;
  const sites = result.sites.map(({ value, dims, cells }) => {
    const site = {
      ...labelledValue(original, placeOf, value),
      role: roles.get(value) ?? 'layer',
      parts: partsOf(dims, cells),
      first,
      count: cells.length,
    };
    first += cells.length;
    return site;
  });
  const { clean, corrupt: corruptMetric, effects, normalised, estimates, estimatesDeclined, leftOut } = result;
  return {
    clean,
    corrupt: corruptMetric,
    sites,
    effects,
    ...(normalised === undefined ? {} : { normalised }),
    estimates,
    ...(estimatesDeclined === undefined ? {} : { estimatesDeclined }),
    cut: nodeTeller(graphs, context)(result.cutNodes),
    leftOut: leftOut.map(({ value, reason }) => ({ label: labelledValue(original, placeOf, value).label, reason })),
    notes: graphs.notes,
  };
}

function partsOf(dims: readonly number[], cells: Patching['sites'][number]['cells']): SiteParts {
  const [first] = cells;
  const [one, two] = first?.ranges ?? [];
  if (one === undefined) return { kind: 'whole' };
  if (two === undefined) {
    return {
      kind: 'positions',
      starts: cells.map(({ ranges }) => ranges[0]?.start ?? 0),
      size: dims[one.axis] ?? 1,
    };
  }
  const rows = new Set(cells.map(({ ranges }) => ranges[0]?.start)).size;
  return { kind: 'grid', rows, columns: cells.length / rows };
}

/** How two examples lie in the inputs of one run, from two neighbours; undefined where a run takes one. */
async function inputAxesOf(dataset: Dataset, example: number, feeds: NamedTensors): Promise<ExampleAxes | undefined> {
  if (dataset.maximumBatch < 2 || Number.isFinite(dataset.maximumBatch) || dataset.size < 2) return undefined;
  const first = Math.min(example, dataset.size - 2);
  const { feeds: two, indices } = await dataset.batch(first, first + 2);
  return indices.length === 2 ? exampleAxes(feeds, two) : undefined;
}
