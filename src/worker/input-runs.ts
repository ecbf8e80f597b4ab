/** A network and the inputs that go through it: probing its layers, running passes, looking at single units. */
import type { Engine } from '../core/engine/engine.js';
import { NO_CONTROLS, withControls, type Controls } from '../core/controls/control.js';
import type { Dataset } from '../core/dataset/dataset.js';
import { CancelledError, problem } from '../core/errors.js';
import type { ObservedLayer } from '../core/graph/layers.js';
import { scanWeights, type BrokenWeights } from '../core/graph/scan-weights.js';
import type { Pass } from '../core/passes/pass.js';
import { passes as registry } from '../core/passes/registry.js';
import type { RunResult } from '../core/passes/result.js';
import { runPasses } from '../core/passes/run.js';
import { probeLayers, type Probe } from '../core/rewrite/probe.js';
import { cacheKey, type ResultCache } from '../node/result-cache.js';
import type { ExampleDetail } from '../protocol/inspection.js';
import type { WorkerEvents } from '../protocol/worker-api.js';
import { runControls } from './control-runs.js';
import type { Inputs } from './inputs.js';
import { mayReplace, mergeResults } from './merge-results.js';
import type { ModelFile, Network } from './open-model.js';
import { createActivationReader } from './unit-activations.js';

/** The result that the page shows, with the inputs it rests on: others may have been chosen since. */
export interface ShownResult {
  readonly key: string;
  readonly dataset: Dataset;
  readonly result: RunResult;
  readonly controls: Controls;
}

export interface InputRuns {
  shown(): ShownResult | undefined;
  /** Shows the result of an earlier run on the present inputs, if there is one; otherwise what is shown stays. */
  showCached(): Promise<ShownResult | undefined>;
  run(wanted: readonly Pass<unknown>[], signal: AbortSignal): Promise<ShownResult>;
  /**
   * Runs the passes of the shown result on the controls, with a seed that they draw from.
   * @throws ProblemError `not-applicable` when there is no result, or other inputs were chosen since.
   */
  compare(seed: number, signal: AbortSignal): Promise<ShownResult>;
  example(index: number, layer: string | undefined, unit: number | undefined): Promise<ExampleDetail>;
  close(): Promise<void>;
}

export interface InputRunsOptions {
  readonly file: ModelFile;
  readonly network: Network;
  readonly engine: Engine;
  readonly threads: number;
  readonly inputs: Inputs;
  readonly cache: ResultCache | undefined;
  readonly events: WorkerEvents;
  /** Told of every use of the engine: closing waits for them. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
}

/** Bumped when something outside the passes changes the meaning of cached numbers. */
const CACHE_VERSION = 'results 2';

export function createInputRuns(options: InputRunsOptions): InputRuns {
  const { file, network, engine, threads, inputs, cache, events, track } = options;
  const reader = createActivationReader(network.observable.model, network.toRunnable, engine, threads);
  /** What a probe run learned, for the inputs with this key. */
  let probed: { readonly key: string; readonly probe: Promise<Probe> } | undefined;
  /** Weights with NaN or infinity: read once, when something is first run. */
  let broken: Promise<BrokenWeights[]> | undefined;
  let shown: ShownResult | undefined;

  /** Axes and sizes of every layer, from one or two inputs through the engine. */
  const probe = (dataset: Dataset, signal?: AbortSignal): Promise<Probe> => {
    if (probed?.key === dataset.key) return probed.probe;
    const probing = probeLayers({
      graph: network.observable,
      toRunnable: network.toRunnable,
      engine,
      threads,
      dataset,
      layers: network.layers,
      ...(signal === undefined ? {} : { signal }),
    });
    probed = { key: dataset.key, probe: probing };
    // A failure is told to whoever asked; the next question tries again.
    probing.catch(() => (probed = undefined));
    return probing;
  };

  const brokenWeights = (signal: AbortSignal): Promise<BrokenWeights[]> => {
    broken ??= scanWeights(network.onnx, signal);
    // A cancelled scan is done again.
    broken.catch(() => (broken = undefined));
    return broken;
  };

  /** One run over inputs: what passes see does not tell a control from the model itself. */
  const runOn = async (
    { observable, toRunnable }: Network,
    dataset: Dataset,
    wanted: readonly Pass<unknown>[],
    { layers, maximumBatch, unobservable }: Probe,
    signal: AbortSignal,
    control?: string,
  ): Promise<RunResult> => {
    const { batch } = inputs.description().recipe;
    return runPasses({
      model: observable.model,
      toRunnable,
      engine,
      threads,
      dataset,
      layers,
      maximumBatch,
      ...(batch === undefined ? {} : { batch }),
      leftOut: unobservable.map(({ layer, reason }) => ({ layer: layer.label, reason })),
      brokenWeights: await brokenWeights(signal),
      passes: wanted,
      signal,
      onProgress: ({ phase, inputsDone, secondsLeft }) =>
        void events.runProgress({
          phase: control === undefined ? phase : `${control}: ${phase.toLowerCase()}`,
          unit: 'inputs',
          done: inputsDone,
          planned: dataset.size,
          ...(secondsLeft === undefined ? {} : { secondsLeft }),
        }),
    });
  };

  const keyOf = (dataset: Dataset): string =>
    cacheKey([CACHE_VERSION, file.identity, dataset.key, ...registry.map(({ id, version }) => `${id} ${version}`)]);

  const controlsKey = (key: string): string => cacheKey([key, 'controls']);

  const observedLayer = async (dataset: Dataset, value: string): Promise<ObservedLayer> => {
    const found = (await probe(dataset)).layers.find((layer) => layer.value === value);
    if (found === undefined) throw problem('not-applicable', `“${value}” is not a layer that can be observed.`);
    return found;
  };

  return {
    shown: () => shown,
    async showCached() {
      if (cache === undefined || inputs.description().problem !== undefined) return undefined;
      const dataset = inputs.dataset();
      const key = keyOf(dataset);
      const result = await cache.load<RunResult>(key);
      if (result === undefined) return undefined;
      shown = { key, dataset, result, controls: (await cache.load<Controls>(controlsKey(key))) ?? NO_CONTROLS };
      return shown;
    },
    async run(wanted, signal) {
      const dataset = inputs.dataset();
      void events.runProgress({ phase: 'Preparing', unit: 'inputs', done: 0, planned: dataset.size });
      await file.assertUnchanged();
      const probed = await probe(dataset, signal);
      if (signal.aborted) throw new CancelledError();
      const leftOut = probed.unobservable.map(({ layer, reason }) => `${layer.label} is left out: ${reason}`);
      for (const text of leftOut) void events.log({ level: 'warning', text });
      if (probed.layers.length === 0) {
        throw problem('not-applicable', 'None of the activation layers can be observed.', {
          place: leftOut.join(' '),
          remedy: 'Choose other inputs with “Choose Inputs…”.',
        });
      }
      const fresh = await runOn(network, dataset, wanted, probed, signal);
      const key = keyOf(dataset);
      const earlier = shown?.key === key ? shown : undefined;
      await file.assertUnchanged();
      const result = mergeResults(earlier?.result, fresh);
      // Controls of a run over other inputs would stand beside numbers that they do not belong to.
      const controls = earlier?.result.inputsSeen === fresh.inputsSeen ? earlier.controls : NO_CONTROLS;
      shown = { key, dataset, result, controls };
      if (mayReplace(earlier?.result, fresh)) await cache?.store(key, result);
      return shown;
    },
    async compare(seed, signal) {
      if (shown === undefined) {
        throw problem('not-applicable', 'Nothing was run on this model yet.', { remedy: 'Run the passes first.' });
      }
      const { key, dataset, result, controls } = shown;
      if (inputs.dataset().key !== dataset.key) {
        throw problem('not-applicable', 'Other inputs were chosen after this result was made.', {
          remedy: 'Run the passes again, then compare.',
        });
      }
      const probed = await probe(dataset, signal);
      const wanted = registry.filter(({ id }) => result.passes.some(({ pass }) => pass === id));
      const fresh = await runControls(
        {
          file,
          network,
          inputs,
          events,
          result,
          dataset,
          run: (other, data, phase) => runOn(other, data, wanted, probed, signal, phase),
        },
        seed,
        signal,
      );
      await file.assertUnchanged();
      shown = { key, dataset, result, controls: withControls(controls, fresh) };
      await cache?.store(controlsKey(key), shown.controls);
      return shown;
    },
    async example(index, layer, unit) {
      const dataset = shown?.dataset ?? inputs.dataset();
      const preview = await dataset.preview(index);
      const label = dataset.label(index);
      const named = label === undefined ? preview : { ...preview, label };
      if (layer === undefined || unit === undefined) return { index, preview: named };
      const observed = await track(observedLayer(dataset, layer));
      const activations = await track(reader.read(dataset, index, observed, unit));
      return { index, preview: named, ...(activations === undefined ? {} : { activations }) };
    },
    close: () => reader.close(),
  };
}
