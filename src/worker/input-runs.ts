/** A network and the inputs that go through it: probing its layers, running passes, looking at single units. */
import type { Engine } from '../core/engine/engine.js';
import { CONTROL_NAMES, NO_CONTROLS, withControls, type Control, type Controls } from '../core/controls/control.js';
import type { Dataset } from '../core/dataset/dataset.js';
import { CancelledError, problem, throwIfCancelled } from '../core/errors.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import type { ActivationLayer, ObservedLayer } from '../core/graph/layers.js';
import { scanWeights, type BrokenWeights } from '../core/graph/scan-weights.js';
import type { Experiment, Pass, RestsOn, Watcher } from '../core/passes/pass.js';
import { experiments as experimentRegistry, passes as passRegistry } from '../core/passes/registry.js';
import type { PassResult, RunResult } from '../core/passes/result.js';
import { runExperiments, runOfExperiments } from '../core/passes/run-experiments.js';
import { watchedBy } from '../core/passes/watched.js';
import { probeLayers, type Probe } from '../core/rewrite/probe.js';
import { cacheKey, type ResultCache } from '../node/result-cache.js';
import type { ExampleDetail } from '../protocol/inspection.js';
import type { WorkerEvents } from '../protocol/worker-api.js';
import type { OpenedAttachment } from './attached-dictionary.js';
import { runControls } from './control-runs.js';
import type { Inputs } from './inputs.js';
import { mayReplace, mergeResults, resultsOn, together, withExperiment } from './merge-results.js';
import { modelFacts } from './model-facts.js';
import { createNetworkRunner, type Observed, type ReadUnitWeights, type Running } from './network-runner.js';
import type { ModelFile, Network } from './open-model.js';
import { networkUnitWeights } from './unit-weights.js';
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
   * Each answer stands beside what is shown as it comes, also where a later one fails.
   * @throws CancelledError where an experiment was cancelled before it could say anything.
   */
  runExperiments(wanted: readonly Experiment[], signal: AbortSignal): Promise<ShownResult>;
  /**
   * Runs passes and experiments of the shown result on the controls.
   * @param seed what the controls draw from.
   * @param wanted their ids; where absent, all passes of the result and no experiment.
   * @throws ProblemError `not-applicable` when there is no result, or other inputs were chosen since.
   */
  compare(seed: number, wanted: readonly string[] | undefined, signal: AbortSignal): Promise<ShownResult>;
  /** The network and its present inputs, for whoever runs it rewritten. */
  subject(signal: AbortSignal, onProgress: ExperimentSubject['onProgress']): Promise<ExperimentSubject>;
  example(index: number, layer: string | undefined, unit: number | undefined): Promise<ExampleDetail>;
  close(): Promise<void>;
}

export interface InputRunsOptions {
  readonly file: ModelFile;
  readonly network: Network;
  readonly engine: Engine;
  readonly threads: number;
  /** A share; see ExperimentSubject. */
  readonly allowedLossIncrease: number;
  readonly inputs: Inputs;
  readonly cache: ResultCache | undefined;
  readonly events: WorkerEvents;
  /** The dictionary that is attached to the model. */
  readonly dictionary?: Pick<OpenedAttachment, 'attachment' | 'identity'>;
  /** What the weights say of layers' units; undefined where they cannot be read. */
  readonly unitWeights: ReadUnitWeights;
  /** Told of every use of the engine: closing waits for them. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
}

/** Bumped when something outside the passes changes the meaning of cached numbers. */
const CACHE_VERSION = 'results 2';

export function createInputRuns(options: InputRunsOptions): InputRuns {
  const { file, network, engine, threads, allowedLossIncrease, inputs, cache, events, track } = options;
  const reader = createActivationReader(network.observable.model, network.toRunnable, engine, threads);
  /** What a probe run learned, for the inputs with this key and beside the layers for these values. */
  let probed:
    { readonly key: string; readonly watched: ReadonlySet<string>; readonly probe: Promise<Probe> } | undefined;
  /** Weights with NaN or infinity: read once, when something is first run. */
  let broken: Promise<BrokenWeights[]> | undefined;
  let shown: ShownResult | undefined;

  /** Axes and sizes of every layer and of what is watched besides, from one or two inputs through the engine. */
  const probe = (dataset: Dataset, watched: readonly ActivationLayer[], signal?: AbortSignal): Promise<Probe> => {
    if (probed?.key === dataset.key && watched.every(({ value }) => probed?.watched.has(value))) return probed.probe;
    const probing = probeLayers({
      graph: network.observable,
      toRunnable: network.toRunnable,
      engine,
      threads,
      dataset,
      layers: [...network.layers, ...watched],
      ...(signal === undefined ? {} : { signal }),
    });
    probed = { key: dataset.key, watched: new Set(watched.map(({ value }) => value)), probe: probing };
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

  const keyOf = (dataset: Dataset): string =>
    cacheKey([
      CACHE_VERSION,
      file.identity,
      dataset.key,
      ...[...passRegistry, ...experimentRegistry].map(({ id, version }) => `${id} ${version}`),
    ]);

  /** What can be observed on these inputs; what cannot is told in the log. */
  const observable = async (dataset: Dataset, watchers: readonly Watcher[], signal: AbortSignal): Promise<Observed> => {
    await file.assertUnchanged();
    const watching = watchedBy(watchers, modelFacts(network, options.dictionary?.attachment));
    const found = await probe(dataset, watching.values, signal);
    throwIfCancelled(signal);
    const isLayer = new Set(network.layers.map(({ value }) => value));
    const asked = new Set([...isLayer, ...watching.values.map(({ value }) => value)]);
    const layers = found.layers.filter(({ value }) => isLayer.has(value));
    const watched = watching.by(found.layers);
    const leftOut = found.unobservable
      .filter(({ layer }) => asked.has(layer.value))
      .map(({ layer, reason }) => ({ layer: layer.label, reason }));
    for (const { layer, reason } of leftOut)
      void events.log({ level: 'warning', text: `${layer} is left out: ${reason}` });
    if (layers.length === 0 && [...watched.values()].every((values) => values.length === 0)) {
      throw problem('not-applicable', 'None of the values that were asked about can be observed.', {
        place: leftOut.map(({ layer, reason }) => `${layer}: ${reason}`).join(' '),
        remedy: 'Choose other inputs with “Choose Inputs…”.',
      });
    }
    return { layers, watched, maximumBatch: found.maximumBatch, leftOut };
  };

  const runner = createNetworkRunner({
    engine,
    threads,
    allowedLossIncrease,
    inputs,
    events,
    brokenWeights,
    unitWeights: options.unitWeights,
    ...(options.dictionary === undefined ? {} : { attachment: options.dictionary.attachment }),
  });

  const allowed = `allowed loss increase ${allowedLossIncrease}`;
  /** Of what says something of the attached dictionary. */
  const dictionaryKey = (key: string): string | undefined =>
    options.dictionary && cacheKey([key, options.dictionary.identity]);
  const controlsKey = (key: string): string => cacheKey([key, 'controls', allowed]);
  /** What stays true of the model with another dictionary or another loss allowed is kept apart from what does not. */
  const placesOf = (key: string): readonly { readonly restsOn?: RestsOn; readonly key: string }[] => {
    const own = dictionaryKey(key);
    return [
      { key },
      ...(own === undefined ? [] : [{ restsOn: 'dictionary' as const, key: own }]),
      { restsOn: 'allowed-loss-increase', key: cacheKey([key, allowed]) },
    ];
  };

  const load = async (from: ResultCache, key: string): Promise<RunResult | undefined> =>
    together(await Promise.all(placesOf(key).map((place) => from.load<RunResult>(place.key))));
  const loadControls = async (from: ResultCache, key: string): Promise<Controls> => {
    const own = dictionaryKey(key);
    const withOwn = own === undefined ? undefined : await from.load<Controls>(controlsKey(own));
    return withOwn ?? (await from.load<Controls>(controlsKey(key))) ?? NO_CONTROLS;
  };
  const store = async (key: string, result: RunResult): Promise<void> => {
    for (const place of placesOf(key)) {
      const part = resultsOn(result, place.restsOn);
      if (part.passes.length > 0) await cache?.store(place.key, part);
    }
  };

  const observedLayer = async (dataset: Dataset, value: string): Promise<ObservedLayer> => {
    const found = (await probe(dataset, [])).layers.find((layer) => layer.value === value);
    if (found === undefined) throw problem('not-applicable', `“${value}” is not a layer that can be observed.`);
    return found;
  };

  return {
    shown: () => shown,
    async showCached() {
      if (cache === undefined || inputs.description().problem !== undefined) return undefined;
      const dataset = inputs.dataset();
      const key = keyOf(dataset);
      const result = await load(cache, key);
      if (result === undefined) return undefined;
      shown = { key, dataset, result, controls: await loadControls(cache, key) };
      return shown;
    },
    async run(wanted, signal) {
      const dataset = inputs.dataset();
      void events.runProgress({ phase: 'Preparing', unit: 'inputs', done: 0, planned: dataset.size });
      const observed = await observable(dataset, wanted, signal);
      const fresh = await runner.passes({ network, dataset, observed, signal }, wanted);
      const key = keyOf(dataset);
      const earlier = shown?.key === key ? shown : undefined;
      await file.assertUnchanged();
      const result = mergeResults(earlier?.result, fresh);
      // Controls of a run over other inputs would stand beside numbers that they do not belong to.
      const controls = earlier?.result.inputsSeen === fresh.inputsSeen ? earlier.controls : NO_CONTROLS;
      shown = { key, dataset, result, controls };
      if (mayReplace(earlier?.result, fresh)) await store(key, result);
      return shown;
    },
    async compare(seed, wanted, signal) {
      if (shown === undefined) {
        throw problem('not-applicable', 'Nothing was run on this model yet.', { remedy: 'Run the passes first.' });
      }
      const { key, dataset, result, controls } = shown;
      if (inputs.dataset().key !== dataset.key) {
        throw problem('not-applicable', 'Other inputs were chosen after this result was made.', {
          remedy: 'Run the passes again, then compare.',
        });
      }
      const isWanted = ({ id }: { readonly id: string }): boolean =>
        result.passes.some(({ pass }) => pass === id) && (wanted?.includes(id) ?? true);
      const passes = passRegistry.filter(isWanted);
      const experiments = wanted === undefined ? [] : experimentRegistry.filter(isWanted);
      const of = (control: Control): readonly Pass<unknown>[] =>
        control === 'noise-inputs' ? passes.filter(({ comparesNoise }) => comparesNoise === true) : passes;
      const experimentsOf = (control: Control): readonly Experiment[] =>
        control === 'noise-inputs' ? [] : experiments;
      const observed = await observable(dataset, [...passes, ...experiments], signal);
      const fresh = await runControls(
        {
          file,
          network,
          inputs,
          events,
          result,
          dataset,
          isWanted: (control) => of(control).length + experimentsOf(control).length > 0,
          async run(onNetwork, onDataset, control) {
            const running: Running = {
              network: onNetwork,
              dataset: onDataset,
              observed,
              signal,
              control: CONTROL_NAMES[control],
              ...(onNetwork === network ? {} : { unitWeights: networkUnitWeights(onNetwork, events) }),
            };
            const wantedPasses = of(control);
            const found = wantedPasses.length === 0 ? [] : (await runner.passes(running, wantedPasses)).passes;
            const answers: PassResult[] = [];
            await runExperiments(
              experimentsOf(control),
              runner.experimentSubject(running),
              async (answer) => void answers.push(answer),
            );
            return [...found, ...answers];
          },
        },
        seed,
        signal,
      );
      await file.assertUnchanged();
      shown = { key, dataset, result, controls: withControls(controls, fresh) };
      await cache?.store(controlsKey(dictionaryKey(key) ?? key), shown.controls);
      return shown;
    },
    async runExperiments(wanted, signal) {
      const dataset = inputs.dataset();
      void events.runProgress({ phase: 'Preparing', unit: 'runs', done: 0, planned: 0 });
      const observed = await observable(dataset, wanted, signal);
      const { layers, leftOut } = observed;
      const started = performance.now();
      const key = keyOf(dataset);
      const subject = runner.experimentSubject({ network, dataset, observed, signal });
      const controls = shown?.key === key ? shown.controls : NO_CONTROLS;
      let result = shown?.key === key ? shown.result : undefined;
      try {
        await runExperiments(wanted, subject, async (answer) => {
          await file.assertUnchanged();
          result ??= runOfExperiments({ layers, dataset, engine }, (performance.now() - started) / 1000, leftOut);
          result = withExperiment(result, answer);
          shown = { key, dataset, result, controls };
          await store(key, result);
        });
      } catch (error) {
        // What was answered before a cancellation stands.
        if (!(error instanceof CancelledError) || result === undefined) throw error;
      }
      if (result === undefined || shown === undefined) throw new CancelledError();
      return shown;
    },
    async subject(signal, onProgress) {
      const dataset = inputs.dataset();
      const observed = await observable(dataset, [], signal);
      return runner.subject({ network, dataset, observed, signal }, onProgress);
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
