/** One model under inspection: the implementation behind the compute worker and the command line. */
import type { Engine } from '../core/engine/engine.js';
import type { Dataset } from '../core/dataset/dataset.js';
import { CancelledError, problem } from '../core/errors.js';
import { scanWeights, type BrokenWeights } from '../core/graph/scan-weights.js';
import { nodeDetail } from '../core/graph/node-detail.js';
import { initialExpansion, layoutGraph } from '../core/graph/picture/layout.js';
import type { ObservedLayer } from '../core/graph/layers.js';
import type { Pass } from '../core/passes/pass.js';
import { passes as registry } from '../core/passes/registry.js';
import type { RunResult } from '../core/passes/result.js';
import { runPasses } from '../core/passes/run.js';
import { probeLayers, type Probe } from '../core/rewrite/probe.js';
import { chooseEngine } from '../node/choose-engine.js';
import { cacheKey, createResultCache, type ResultCache } from '../node/result-cache.js';
import type { ResultSummary } from '../protocol/inspection.js';
import type { PassDescription } from '../protocol/model.js';
import type { OpenedModel, OpenRequest, WorkerApi, WorkerEvents, WorkerSettings } from '../protocol/worker-api.js';
import { engineProblems } from './engine-problems.js';
import { createInputs, type Inputs } from './inputs.js';
import { mayReplace, mergeResults } from './merge-results.js';
import { openModelFile, type ModelFile } from './open-model.js';
import { reportContents } from './report/contents.js';
import { reportHtml, reportJson } from './report/report.js';
import { exampleTile, layerHistogram, summarize, tableCsv, unitDetail, unitMetricValues } from './results.js';
import { createActivationReader, type ActivationReader } from './unit-activations.js';

export interface InspectionPlatform {
  /** Folder with the wasm engine's files. */
  readonly wasmFolder: string;
  readonly events: WorkerEvents;
}

interface Inspected {
  readonly file: ModelFile;
  readonly settings: WorkerSettings;
  readonly engine: Engine;
  readonly engineName: string;
  readonly passes: readonly PassDescription[];
  readonly inputs: Inputs;
  readonly cache: ResultCache | undefined;
  readonly reader: ActivationReader;
  /** What a probe run learned, for the inputs with this key. */
  probed?: { readonly key: string; readonly probe: Promise<Probe> };
  /** Weights with NaN or infinity: read once, when something is first run. */
  broken?: Promise<BrokenWeights[]>;
  shown?: ShownResult;
}

/** The result that the page shows, with the inputs it rests on: others may have been chosen since. */
interface ShownResult {
  readonly key: string;
  readonly dataset: Dataset;
  readonly result: RunResult;
}

/** Bumped when something outside the passes changes the meaning of cached numbers. */
const CACHE_VERSION = 'results 1';

export function createInspection({ wasmFolder, events }: InspectionPlatform): WorkerApi {
  let opened: Inspected | undefined;
  let running: AbortController | undefined;
  /** Questions that are using the engine: closing waits for them, since ending the thread under native code is fatal. */
  const underway = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    underway.add(work);
    const done = (): boolean => underway.delete(work);
    work.then(done, done);
    return work;
  };

  const model = (): Inspected => {
    if (opened === undefined) throw problem('internal', 'No model is open.');
    return opened;
  };
  const result = (): RunResult => {
    const found = model().shown?.result;
    if (found === undefined) {
      throw problem('not-applicable', 'Nothing was run on this model yet.', { remedy: 'Run the passes first.' });
    }
    return found;
  };

  /** Axes and sizes of every layer, from one or two inputs through the engine. */
  const probe = (inspected: Inspected, dataset: Dataset, signal?: AbortSignal): Promise<Probe> => {
    const { file, engine, settings } = inspected;
    if (inspected.probed?.key !== dataset.key) {
      const probing = probeLayers({
        graph: file.observable,
        toRunnable: file.toRunnable,
        engine,
        threads: settings.threads,
        dataset,
        layers: file.layers,
        ...(signal === undefined ? {} : { signal }),
      });
      inspected.probed = { key: dataset.key, probe: probing };
      // A failure is told to whoever asked; the next question tries again.
      probing.catch(() => delete inspected.probed);
    }
    return (inspected.probed as { probe: Promise<Probe> }).probe;
  };

  const keyOf = ({ file }: Inspected, dataset: Dataset): string =>
    cacheKey([CACHE_VERSION, file.identity, dataset.key, ...registry.map(({ id, version }) => `${id} ${version}`)]);

  /** Shows the result of an earlier run on the present inputs, if there is one; otherwise what is shown stays. */
  const showCached = async (inspected: Inspected): Promise<ResultSummary | undefined> => {
    if (inspected.cache === undefined || inspected.inputs.description().problem !== undefined) return undefined;
    const dataset = inspected.inputs.dataset();
    const key = keyOf(inspected, dataset);
    const result = await inspected.cache.load(key);
    if (result === undefined) return undefined;
    inspected.shown = { key, dataset, result };
    return summarize(result, true);
  };

  return {
    open: (request, signal) => track(open(request, signal)),

    graph({ expanded }, signal) {
      const { graph, tree } = model().file;
      return layoutGraph(graph, tree, expanded ?? initialExpansion(tree), signal);
    },
    node: async ({ id }) => nodeDetail(model().file.graph, id),

    async setInputs({ recipe }) {
      const inspected = model();
      await inspected.inputs.set(recipe);
      const result = await showCached(inspected);
      return { inputs: inspected.inputs.description(), ...(result === undefined ? {} : { result }) };
    },
    recipeFor: ({ path, input }) => model().inputs.recipeFor(path, input),

    async run({ passes: wanted }) {
      const inspected = model();
      if (running !== undefined) throw problem('not-applicable', 'A run of this model is under way.');
      const controller = new AbortController();
      running = controller;
      try {
        const result = await track(run(inspected, wanted, controller.signal));
        return summarize(result, false);
      } finally {
        running = undefined;
      }
    },
    async cancelRun() {
      running?.abort();
    },

    unitMetric: async ({ metric }) => unitMetricValues(result(), metric),
    exampleTile: async ({ metric, layer, rows, columns }) => exampleTile(result(), metric, layer, rows, columns),
    layerHistogram: async ({ layer }) => layerHistogram(result(), layer),
    unit: async ({ layer, unit }) => unitDetail(result(), layer, unit),
    async example({ index, layer, unit }) {
      const inspected = model();
      const dataset = inspected.shown?.dataset ?? inspected.inputs.dataset();
      const preview = await dataset.preview(index);
      const label = dataset.label(index);
      const named = label === undefined ? preview : { ...preview, label };
      if (layer === undefined || unit === undefined) return { index, preview: named };
      const observed = await track(observedLayer(inspected, dataset, layer));
      const activations = await track(inspected.reader.read(dataset, index, observed, unit));
      return { index, preview: named, ...(activations === undefined ? {} : { activations }) };
    },
    async report(_request, signal) {
      const inspected = model();
      const contents = await reportContents({ ...inspected, ...inspected.shown }, signal);
      return { html: reportHtml(contents), json: reportJson(contents) };
    },
    table: async ({ layer }) => tableCsv(result(), layer),
    async close() {
      running?.abort();
      const closing = opened;
      opened = undefined;
      await Promise.allSettled(underway);
      await closing?.reader.close();
      await closing?.file.close();
    },
  };

  async function open(
    { path, settings, recipe, recipePaths }: OpenRequest,
    signal: AbortSignal | undefined,
  ): Promise<OpenedModel> {
    const file = await openModelFile(path, signal);
    const { engine, whyNotNative } = await chooseEngine(settings.engine, { wasmFolder });
    if (whyNotNative !== undefined && settings.engine !== 'wasm') {
      void events.log({
        level: 'warning',
        text: `The native engine is not available: ${whyNotNative}. Using ${engine.version}.`,
      });
    }
    const cannotRun = [...file.problems, ...(await engineProblems(file, engine, settings.threads))];
    const facts = {
      layers: file.layers,
      ...(cannotRun[0] === undefined ? {} : { cannotRun: cannotRun[0].message }),
    };
    const inputs = await createInputs(file, {
      limit: settings.defaultInputs,
      anywhere: recipePaths === 'anywhere',
      ...(settings.limit === undefined ? {} : { most: settings.limit }),
      ...(recipe === undefined ? {} : { chosen: recipe }),
    });
    const inspected: Inspected = {
      file,
      settings,
      engine,
      engineName: `${engine.version} (${engine.name})`,
      passes: registry.map((pass) => describePass(pass, facts)),
      inputs,
      cache:
        settings.cacheFolder === undefined || settings.cacheMegabytes === 0
          ? undefined
          : createResultCache(
              settings.cacheFolder,
              settings.cacheMegabytes * 2 ** 20,
              (text) => void events.log({ level: 'warning', text }),
            ),
      reader: createActivationReader(file.observable.model, file.toRunnable, engine, settings.threads),
    };
    opened = inspected;
    const cached = await showCached(inspected);
    const answer: OpenedModel = {
      overview: { ...file.overview, cannotRun },
      outline: file.outline,
      passes: inspected.passes,
      inputs: inputs.description(),
      engine: inspected.engineName,
      ...(cached === undefined ? {} : { result: cached }),
    };
    return answer;
  }

  async function observedLayer(inspected: Inspected, dataset: Dataset, value: string): Promise<ObservedLayer> {
    const found = (await probe(inspected, dataset)).layers.find((layer) => layer.value === value);
    if (found === undefined) throw problem('not-applicable', `“${value}” is not a layer that can be observed.`);
    return found;
  }

  function brokenWeights(inspected: Inspected, signal: AbortSignal): Promise<BrokenWeights[]> {
    inspected.broken ??= scanWeights(inspected.file.onnx, signal);
    // A cancelled scan is done again.
    inspected.broken.catch(() => delete inspected.broken);
    return inspected.broken;
  }

  async function run(inspected: Inspected, wanted: readonly string[], signal: AbortSignal): Promise<RunResult> {
    const { file, engine, settings, inputs } = inspected;
    const blocked = inspected.passes.find(({ id, reason }) => wanted.includes(id) && reason !== undefined);
    if (blocked !== undefined) throw problem('not-applicable', blocked.reason ?? '', { place: blocked.title });
    const chosen = registry.filter(({ id }) => wanted.includes(id));
    const unknown = wanted.filter((id) => chosen.every((pass) => pass.id !== id));
    if (unknown.length > 0 || chosen.length === 0) {
      throw problem('not-applicable', `There is no pass “${unknown.join('”, “')}”.`, {
        remedy: `The passes are: ${registry.map(({ id }) => id).join(', ')}.`,
      });
    }
    const dataset = inputs.dataset();
    void events.runProgress({ phase: 'Preparing', inputsSeen: 0, inputsPlanned: dataset.size });
    const { batch } = inputs.description().recipe;
    await file.assertUnchanged();
    const probed = await probe(inspected, dataset, signal);
    if (signal.aborted) throw new CancelledError();
    const leftOut = probed.unobservable.map(({ layer, reason }) => ({ layer: layer.label, reason }));
    for (const { layer, reason } of leftOut)
      void events.log({ level: 'warning', text: `${layer} is left out: ${reason}` });
    if (probed.layers.length === 0) {
      throw problem('not-applicable', 'None of the activation layers can be observed.', {
        place: leftOut.map(({ layer, reason }) => `${layer}: ${reason}`).join(' '),
        remedy: 'Choose other inputs with “Choose Inputs…”.',
      });
    }
    const fresh = await runPasses({
      model: file.observable.model,
      toRunnable: file.toRunnable,
      engine,
      threads: settings.threads,
      dataset,
      layers: probed.layers,
      maximumBatch: probed.maximumBatch,
      ...(batch === undefined ? {} : { batch }),
      leftOut,
      brokenWeights: await brokenWeights(inspected, signal),
      passes: chosen,
      signal,
      onProgress: ({ phase, inputsDone, secondsLeft }) =>
        void events.runProgress({
          phase,
          inputsSeen: inputsDone,
          inputsPlanned: dataset.size,
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        }),
    });
    const key = keyOf(inspected, dataset);
    const earlier = inspected.shown?.key === key ? inspected.shown.result : undefined;
    await file.assertUnchanged();
    const merged = mergeResults(earlier, fresh);
    inspected.shown = { key, dataset, result: merged };
    if (mayReplace(earlier, fresh)) await inspected.cache?.store(key, merged);
    return merged;
  }
}

function describePass(pass: Pass<unknown>, facts: Parameters<Pass<unknown>['applies']>[0]): PassDescription {
  const { id, title, question, method } = pass;
  if (facts.cannotRun !== undefined) return { id, title, question, method, reason: facts.cannotRun };
  const applies = pass.applies(facts);
  return { id, title, question, method, ...(applies.applies ? {} : { reason: applies.reason }) };
}
