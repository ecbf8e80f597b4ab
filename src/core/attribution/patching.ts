/**
 * Activation patching (Vig et al. 2020, Meng et al. 2022; methods H1): part of a value of one run is put into the other,
 * and a metric is read. Beside it, what attribution patching estimates for the same parts, and how well both agree.
 */
import { problem, throwIfCancelled } from '../errors.js';
import { FLOAT_TYPES } from '../rewrite/linearize/calculator.js';
import { prune } from '../rewrite/prune.js';
import { noPatch, patchValues, type Patched, type SplicedValue } from '../rewrite/splice.js';
import { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { agreementOf, type Agreement } from './agreement.js';
import { runSites, type SiteRuns } from './attribution-patching.js';
import { cellsOf, maskOf, sumOver, type Cell } from './cells.js';
import { measure } from './metric.js';
import { checkRequest, type PatchRequest, type PatchSite } from './patch-request.js';
import { examplesPerRun, sideBySide } from './side-by-side.js';
import { stackFeeds } from './stack.js';
import { numbersOf, typeAndShape, withSession, type AttributionTask } from './subject.js';

/** Where the derivative of an estimate is taken. */
export type EstimateKind = 'corrupt' | 'clean' | 'mean';

export interface Estimate {
  readonly kind: EstimateKind;
  /** By part, as the effects; NaN where the derivative cannot be followed. */
  readonly effects: Float64Array;
  readonly agreement: Agreement;
}

export interface Patching {
  /** The metric of both runs, with nothing patched. */
  readonly clean: number;
  readonly corrupt: number;
  /** In the order of the request. */
  readonly sites: readonly {
    readonly value: string;
    readonly dims: readonly number[];
    readonly cells: readonly Cell[];
  }[];
  /** Of every cell of the first site, then of the next: m(patched) − m(the run that is patched). */
  readonly effects: Float64Array;
  /** The same over m(clean) − m(corrupt); absent where that is 0. */
  readonly normalised?: Float64Array;
  readonly estimates: readonly Estimate[];
  /** Why there are none. */
  readonly estimatesDeclined?: string;
  readonly cutNodes: SiteRuns['cutNodes'];
  /** Sites that were not patched, with the reason. */
  readonly leftOut: readonly { readonly value: string; readonly reason: string }[];
  /** Examples of one run: 1 where the graph keeps every patch apart. */
  readonly examplesPerRun: number;
}

interface Job {
  readonly site: number;
  readonly cell: Cell;
}

/**
 * @throws ProblemError `not-applicable` for inputs that do not lie on each other, a metric that is not there or not
 *   finite, nothing to patch; CancelledError between runs.
 */
export async function patchActivations(given: PatchRequest, task: AttributionTask = {}): Promise<Patching> {
  checkRequest(given);
  const runs = await runSites(given, task);
  const leftOut = unpatchable(given.sites, runs);
  const out = new Set(leftOut.map(({ value }) => value));
  const request = { ...given, sites: given.sites.filter(({ value }) => !out.has(value)) };
  const sites = request.sites.map(({ value, positionAxes }) => {
    const { dims } = typeAndShape(request, value);
    return { value, dims, cells: cellsOf(dims, positionAxes, request.limits) };
  });
  const measured = await patchEach(request, sites, runs, task);
  const { clean, corrupt, effects } = measured;
  const span = clean - corrupt;
  const estimates = runs.declined === undefined ? estimatesOf(request, sites, runs, effects) : [];
  return {
    ...measured,
    sites,
    ...(span === 0 ? {} : { normalised: effects.map((effect) => effect / span) }),
    estimates,
    ...(runs.declined === undefined ? {} : { estimatesDeclined: runs.declined }),
    cutNodes: runs.cutNodes,
    leftOut,
  };
}

/** Values that are not the same size in both runs, or not finite. */
function unpatchable(sites: readonly PatchSite[], { clean, corrupt }: SiteRuns): Patching['leftOut'] {
  return sites.flatMap(({ value }) => {
    const [one, other] = [clean, corrupt].map(({ values }) => values[value]?.dims.join());
    if (one !== other) return [{ value, reason: 'Its size is not the same on both inputs.' }];
    const where = [clean, corrupt].findIndex(({ values }) => !numbersOf(values, value).every(Number.isFinite));
    if (where < 0) return [];
    return [{ value, reason: `It is not finite on the ${where === 0 ? 'clean' : 'corrupt'} input.` }];
  });
}

async function patchEach(
  request: PatchRequest,
  sites: Patching['sites'],
  runs: SiteRuns,
  { signal, onProgress }: AttributionTask,
): Promise<Pick<Patching, 'clean' | 'corrupt' | 'effects' | 'examplesPerRun'>> {
  const { graph, runner, direction, to } = request;
  const spliced = sites.map(({ value }): SplicedValue => {
    const { type, dims } = typeAndShape(request, value);
    return { value, type: FLOAT_TYPES[type] ?? DataType.FLOAT, rank: dims.length };
  });
  const patched = patchValues(graph.model, spliced);
  const nothing = Object.assign(
    {},
    ...spliced.map((each) => patchFeeds(patched, each.value, noPatch(each))),
  ) as NamedTensors;
  const axes = await sideBySide(request);
  const end = { value: to, dims: typeAndShape(request, to).dims, exampleAxis: axes?.get(to) };
  const metric = measure(patched.model, end, request.metric);
  const [base, source] = direction === 'denoise' ? (['corrupt', 'clean'] as const) : (['clean', 'corrupt'] as const);
  return withSession(runner, prune(metric.model, [metric.output]), async (run) => {
    const plain = async (which: 'clean' | 'corrupt'): Promise<number> => {
      throwIfCancelled(signal);
      const outputs = await run({ ...patched.feeds(request[which]), ...nothing, ...metric.feeds(1) });
      return finiteMetric(metric.read(outputs, 1)[0] ?? NaN, which);
    };
    const [clean, corrupt] = [await plain('clean'), await plain('corrupt')];
    const pair = async (feeds: NamedTensors): Promise<Float64Array> =>
      metric.read(await run({ ...patched.feeds(feeds), ...nothing, ...metric.feeds(2) }), 2);
    const together = axes === undefined ? 1 : await examplesPerRun(request, { clean, corrupt }, pair);
    const before = base === 'clean' ? clean : corrupt;
    const jobs = sites.flatMap(({ cells }, site) => cells.map((cell): Job => ({ site, cell })));
    const effects = new Float64Array(jobs.length);
    for (let start = 0; start < jobs.length; start += together) {
      throwIfCancelled(signal);
      const group = jobs.slice(start, start + together);
      const examples = group.map(() => request[base]);
      const feeds = together === 1 ? request[base] : stackFeeds(examples, request.inputAxes ?? new Map());
      const outputs = await run({
        ...patched.feeds(feeds),
        ...nothing,
        ...patchesOf(group, together === 1 ? undefined : axes, runs[source].values),
        ...metric.feeds(group.length),
      });
      metric.read(outputs, group.length).forEach((value, at) => (effects[start + at] = value - before));
      onProgress?.((start + group.length) / jobs.length);
    }
    return { clean, corrupt, effects, examplesPerRun: together };
  });

  /** What the sites of a group take: the value of the other run, in the cells of their examples. */
  function patchesOf(
    group: readonly Job[],
    exampleAxisOf: ReadonlyMap<string, number> | undefined,
    values: NamedTensors,
  ): NamedTensors {
    const touched = [...new Set(group.map(({ site }) => site))];
    return Object.assign(
      {},
      ...touched.map((at) => {
        const site = sites[at];
        const value = site === undefined ? undefined : values[site.value];
        if (site === undefined || value === undefined) return {};
        const cells = group.map((job) => (job.site === at ? job.cell : undefined));
        const mask = maskOf(site.dims, cells, exampleAxisOf?.get(site.value));
        return patchFeeds(patched, site.value, { values: value, mask });
      }),
    ) as NamedTensors;
  }
}

function patchFeeds(
  { patches }: Patched,
  value: string,
  feeds: { readonly values: NamedTensors[string]; readonly mask: NamedTensors[string] },
): NamedTensors {
  const names = patches.get(value);
  return names === undefined ? {} : { [names.values]: feeds.values, [names.mask]: feeds.mask };
}

function finiteMetric(value: number, which: 'clean' | 'corrupt'): number {
  if (Number.isFinite(value)) return value;
  throw problem('not-applicable', `The metric is not finite on the ${which} input.`, {
    remedy: 'Choose another output, or other inputs.',
  });
}

/** Σ (a_source − a_base) ∂m/∂a over every cell. */
function estimatesOf(
  { direction }: PatchRequest,
  sites: Patching['sites'],
  { clean, corrupt }: SiteRuns,
  measured: Float64Array,
): readonly Estimate[] {
  const sign = direction === 'denoise' ? 1 : -1;
  const at = (which: 'clean' | 'corrupt'): Float64Array =>
    Float64Array.from(
      sites.flatMap(({ value, dims, cells }) => {
        const gradient = (which === 'clean' ? clean : corrupt).gradients.get(value);
        if (gradient === undefined) return cells.map(() => NaN);
        const [a, b] = [numbersOf(clean.values, value), numbersOf(corrupt.values, value)];
        return cells.map(
          (cell) =>
            sign *
            sumOver(dims, cell, (place) => {
              const moved = (a[place] as number) - (b[place] as number);
              return moved === 0 ? 0 : moved * (gradient[place] as number);
            }),
        );
      }),
    );
  const [atCorrupt, atClean] = [at('corrupt'), at('clean')];
  const mean = atCorrupt.map((each, place) => (each + (atClean[place] as number)) / 2);
  return (
    [
      ['corrupt', atCorrupt],
      ['clean', atClean],
      ['mean', mean],
    ] as const
  ).map(([kind, effects]) => ({ kind, effects, agreement: agreementOf(measured, effects) }));
}
