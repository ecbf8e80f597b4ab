/** One model under inspection: the implementation behind the compute worker and the command line. */
import { join } from 'node:path';
import type { Recipe } from '../core/dataset/recipe.js';
import type { Engine } from '../core/engine/engine.js';
import { asProblem, CancelledError, problem, ProblemError, type Problem } from '../core/errors.js';
import { DEFAULT_ALLOWED_LOSS_INCREASE } from '../core/experiment/allowed-loss-increase.js';
import { modulesAround } from '../core/graph/locate.js';
import { nodeDetail } from '../core/graph/node-detail.js';
import { outline } from '../core/graph/outline.js';
import { overview } from '../core/graph/overview.js';
import type { NetworkSubject } from '../core/passes/pass.js';
import { dictionaryFit } from '../core/passes/dictionary-fit/pass.js';
import { experiments, filePasses, passes as inputPasses } from '../core/passes/registry.js';
import type { RunResult } from '../core/passes/result.js';
import { inferShapes, type InferredShapes } from '../core/rewrite/infer-shapes.js';
import { chooseEngine } from '../node/choose-engine.js';
import { countingThreads, type CountingThreads } from '../node/counting/threads.js';
import { createResultCache, type ResultCache } from '../node/result-cache.js';
import type { RunAnswer } from '../protocol/inspection.js';
import type { PassDescription } from '../protocol/model.js';
import type {
  OpenedModel,
  OpenRequest,
  OpenSizes,
  WorkerApi,
  WorkerEvents,
  WorkerSettings,
} from '../protocol/worker-api.js';
import { attachedDescription, openAttachment, type OpenedAttachment } from './attached-dictionary.js';
import { attributionAnswers } from './attribution-questions.js';
import { circuitAnswers } from './circuit-questions.js';
import { dictionaryQuestions } from './dictionary-questions.js';
import { describePasses } from './describe-passes.js';
import { engineProblems } from './engine-problems.js';
import { featureAnswers } from './feature-questions.js';
import { createFileExamination, type FileExamination } from './file-examination.js';
import { createGate } from './gate.js';
import { graphQuestions, type Questioned } from './graph-questions.js';
import { createInputRuns, type InputRuns, type ShownResult } from './input-runs.js';
import { createInputs, type Inputs } from './inputs.js';
import { linearAnswers, type LinearSubject } from './linear-questions.js';
import { withMeasured } from './measured-items.js';
import { networkPicture, pathOfScope } from './network-picture.js';
import { networkSubject, tensorsOf } from './network-subject.js';
import { openModelFile, type ModelFile, type Network } from './open-model.js';
import { openSizes } from './open-sizes.js';
import { pruningAnswers, type PrunableModel } from './pruning/pruning-questions.js';
import { reportContents } from './report/contents.js';
import { reportHtml, reportJson } from './report/report.js';
import {
  exampleTile,
  layerHistogram,
  positionMap,
  summarize,
  summarizeFile,
  tableCsv,
  unitDetail,
  unitMetricValues,
} from './results.js';
import { createTensorReader, type TensorReader } from './tensor-reader.js';
import { tensorQuestions } from './tensor-questions.js';
import { unitWeightsReader } from './unit-weights.js';
import { openTranscoders, type OpenedTranscoders } from './transcoder-set.js';
import { createValueTypes, type ValueTypes } from './value-types.js';

export interface InspectionPlatform {
  /** Folder with the wasm engine's files. */
  readonly wasmFolder: string;
  /** Folder with the documentation of operators. */
  readonly dataFolder: string;
  readonly events: WorkerEvents;
}

interface Inspected {
  readonly file: ModelFile;
  readonly engine: Engine;
  readonly threads: number;
  readonly engineName: string;
  readonly passes: readonly PassDescription[];
  readonly reader: TensorReader;
  readonly counting: CountingThreads;
  readonly examination: FileExamination;
  /** Sizes of the graph's open dimensions, on which operations and memory rest. */
  readonly sizes: () => Promise<OpenSizes>;
  /** Absent where the file holds weights only. */
  readonly runnable?: Runnable;
  /** The dictionary that the person attached to the network. */
  readonly attached?: OpenedAttachment;
  /** The transcoders that they attached to it. */
  readonly transcoders?: OpenedTranscoders;
}

/** A network, what goes through it, and what that gave. */
interface Runnable {
  readonly network: Network;
  readonly inputs: Inputs;
  readonly runs: InputRuns;
  readonly tensorOf: NetworkSubject['tensorOf'];
  /** As passes over the file see it, at sizes of its open dimensions. */
  readonly subject: (sizes: OpenSizes) => NetworkSubject;
  /** Inferred by the engine when first asked for. */
  readonly types: ValueTypes;
}

/** What is found out without anybody having asked waits for the first picture; the command line asks for none. */
const FIRST_PICTURE_MILLISECONDS = 1000;

/** Beside the bundle that this is in. */
const COUNTING_SCRIPT = new URL('./counting.mjs', import.meta.url);

export function createInspection({ wasmFolder, dataFolder, events }: InspectionPlatform): WorkerApi {
  let opened: Inspected | undefined;
  let running: AbortController | undefined;
  /** What the person chose for open dimensions of the graph. */
  let chosenSizes: OpenSizes = {};
  /** Questions that are using the engine: closing waits for them, since ending the thread under native code is fatal. */
  const underway = new Set<Promise<unknown>>();
  /** What is found out without anybody having asked. */
  const background = new AbortController();
  const firstPicture = createGate(FIRST_PICTURE_MILLISECONDS, background.signal);
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
  const runnable = (): Runnable => {
    const { runnable: found, file } = model();
    if (found !== undefined) return found;
    throw problem('not-applicable', `“${file.fileName}” holds weights only: there is nothing to run inputs through.`, {
      remedy: 'Open the ONNX file of the whole model.',
    });
  };
  const shown = (): ShownResult => {
    const found = runnable().runs.shown();
    if (found === undefined) {
      throw problem('not-applicable', 'Nothing was run on this model yet.', { remedy: 'Run the passes first.' });
    }
    return found;
  };
  const result = (): RunResult => shown().result;

  /** One run at a time: `cancelRun` ends it. */
  const alone = async (work: (signal: AbortSignal) => Promise<RunAnswer>): Promise<RunAnswer> => {
    if (running !== undefined) throw problem('not-applicable', 'A run of this model is under way.');
    const controller = new AbortController();
    running = controller;
    try {
      return await track(work(controller.signal));
    } finally {
      running = undefined;
    }
  };

  const questioned = (): Questioned => {
    const { network, runs, types } = runnable();
    const results = { result: runs.shown()?.result, fileResult: model().examination.result() };
    return { network, results, typeOf: types.typeOf };
  };

  const linearSubject = (): LinearSubject => {
    const { engine, threads } = model();
    const { network, inputs } = runnable();
    return { network, inputs, engine, threads };
  };
  const linear = linearAnswers(linearSubject, track);
  const attribution = attributionAnswers(linearSubject, linear.model, track);
  const features = featureAnswers(
    {
      subject: (signal, onProgress) => runnable().runs.subject(signal, onProgress),
      inputsKey: () => runnable().inputs.dataset().key,
      fit: () =>
        runnable()
          .runs.shown()
          ?.result.passes.find(({ pass }) => pass === dictionaryFit.id),
      prompts: () => runnable().inputs.prompts(),
      fileName: () => model().file.fileName,
    },
    track,
  );

  const circuits = circuitAnswers(
    () => ({ inputs: runnable().inputs, model: linear.model(), transcoders: model().transcoders }),
    track,
  );

  const prunable = (): PrunableModel => {
    const { file, examination, engine, threads, reader, sizes } = model();
    const { network, inputs, runs, subject } = runnable();
    return {
      file,
      network,
      inputs,
      runs,
      examination,
      engine,
      threads,
      async subject(signal, onProgress) {
        const statistics = reader.during(signal, (done, planned) => onProgress(done / Math.max(1, planned)));
        return { tensors: file.weights.tensors, network: subject(await sizes()), statistics, signal };
      },
    };
  };
  const pruning = pruningAnswers(prunable, track);

  return {
    open: (request, signal) => track(open(request, signal)),

    async graph({ expanded, scope = '' }, signal) {
      const { network, types } = runnable();
      const picture = await networkPicture(network, types, { expanded, scope }, signal);
      firstPicture.open();
      return scope === '' ? withMeasured(picture, network.tree, questioned().results) : picture;
    },
    typesInferred: async ({ scope = '' }, signal) => track(runnable().types.inferred(pathOfScope(scope), signal)),
    modulesAround: async (place) => modulesAround(runnable().network.graph, place),
    async node({ id }) {
      const { network, types, tensorOf } = runnable();
      return nodeDetail(network.graph, id, { typesOf: types.typeOf, tensorOf });
    },

    async setInputs({ recipe }) {
      const { inputs, runs } = runnable();
      await inputs.set(recipe);
      void linear.release();
      const cached = await runs.showCached();
      return {
        inputs: inputs.description(),
        ...(cached === undefined ? {} : { result: summarize(cached, true) }),
      };
    },
    async setSizes({ sizes }) {
      const { passes, examination } = model();
      chosenSizes = sizes;
      const asked = filePasses.filter(({ id, reads }) => reads === 'structure' && applies(passes, id));
      return summarizeFile(await track(examination.run(asked, background.signal)));
    },
    recipeFor: ({ path, input, tokenizer }) => runnable().inputs.recipeFor(path, input, tokenizer),

    run: ({ passes: wanted }) => alone((signal) => run(model(), wanted, signal)),
    compare: ({ seed, passes }) =>
      alone(async (signal) => ({ result: summarize(await runnable().runs.compare(seed, passes, signal), false) })),
    async cancelRun() {
      running?.abort();
    },

    unitMetric: async ({ metric }) => unitMetricValues(result(), opened?.examination.result(), metric),
    exampleTile: async ({ metric, layer, rows, columns }) => exampleTile(result(), metric, layer, rows, columns),
    positionMap: async ({ layer, unit }) => positionMap(result(), layer, unit),
    layerHistogram: async ({ layer }) => layerHistogram(result(), layer),
    unit: async ({ layer, unit }) => unitDetail(result(), layer, unit),
    example: ({ index, layer, unit }) => runnable().runs.example(index, layer, unit),
    ...tensorQuestions(model, track),
    ...dictionaryQuestions(model),
    ...graphQuestions(questioned, join(dataFolder, 'operators.json')),
    ...linear.questions,
    ...attribution.questions,
    ...features.questions,
    ...circuits.questions,
    ...pruning.questions,
    async report(_request, signal) {
      const { file, passes, examination, runnable: found } = model();
      const { result: ran, dataset, controls } = found?.runs.shown() ?? {};
      const subject = {
        file,
        passes,
        inputs: found?.inputs,
        result: ran,
        dataset,
        controls,
        fileResult: examination.result(),
        pruning: found && (await pruning.report(signal)),
      };
      const contents = await reportContents(subject, signal);
      return { html: reportHtml(contents), json: reportJson(contents) };
    },
    table: async ({ layer }) => tableCsv(shown(), layer),
    async close() {
      running?.abort();
      const closing = opened;
      opened = undefined;
      background.abort();
      attribution.close();
      pruning.close();
      await linear.close();
      await features.close();
      await circuits.close();
      await Promise.allSettled(underway);
      await closing?.runnable?.runs.close();
      await closing?.counting.close();
      await closing?.attached?.close();
      await closing?.transcoders?.close();
      await closing?.file.close();
    },
  };

  async function open(
    { path, settings, recipe, recipePaths, dictionary, transcoders: set, sizes: earlierSizes = {} }: OpenRequest,
    signal: AbortSignal | undefined,
  ): Promise<OpenedModel> {
    chosenSizes = earlierSizes;
    const file = await openModelFile(path, signal);
    const { engine, whyNotNative } = await chooseEngine(settings.engine, { wasmFolder });
    if (whyNotNative !== undefined && settings.engine !== 'wasm' && file.network !== undefined) {
      void events.log({
        level: 'warning',
        text: `The native engine is not available: ${whyNotNative}. Using ${engine.version}.`,
      });
    }
    const { network } = file;
    const cannotRun =
      network === undefined ? [] : [...network.problems, ...(await engineProblems(network, engine, settings.threads))];
    const cache = resultCache(settings);
    const counting = countingThreads(COUNTING_SCRIPT, { threads: settings.threads });
    const reader = createTensorReader(file.weights, counting.countPatterns);
    const attached = network && dictionary && (await openAttachment(dictionary, signal));
    const transcoders = network && set && (await openTranscoders(set, network.graph, signal));
    const runnable =
      network &&
      (await openRunnable(file, network, engine, cache, reader, { settings, recipe, recipePaths }, attached));
    const sizes = async (): Promise<OpenSizes> => ({
      ...(await openSizes(network?.graph, runnable?.inputs)),
      ...chosenSizes,
    });
    const inspected: Inspected = {
      file,
      engine,
      threads: settings.threads,
      engineName: `${engine.version} (${engine.name})`,
      reader,
      counting,
      passes: describePasses(file, cannotRun[0], attached?.attachment),
      sizes,
      examination: createFileExamination({
        file,
        ...(runnable === undefined ? {} : { network: runnable.subject }),
        sizes,
        reader,
        cache,
        events,
      }),
      ...(runnable === undefined ? {} : { runnable }),
      ...(attached === undefined ? {} : { attached }),
      ...(transcoders === undefined ? {} : { transcoders }),
    };
    opened = inspected;
    await inspected.examination.showCached();
    const cached = await runnable?.runs.showCached();
    void track(firstPicture.opened.then(() => examineStructure(inspected)));
    const fileResult = inspected.examination.result();
    return {
      overview: overview(file.fileName, file.weights, network?.graph, cannotRun, file.dictionary),
      ...(attached === undefined ? {} : { dictionary: attachedDescription(attached.attachment) }),
      ...(transcoders === undefined ? {} : { transcoders: transcoders.description }),
      outline: network === undefined ? [] : outline(network.tree, network.layers),
      passes: inspected.passes,
      ...(runnable === undefined ? {} : { inputs: runnable.inputs.description(), engine: inspected.engineName }),
      ...(cached === undefined ? {} : { result: summarize(cached, true) }),
      ...(fileResult === undefined ? {} : { fileResult: summarizeFile(fileResult) }),
    };
  }

  async function openRunnable(
    file: ModelFile,
    network: Network,
    engine: Engine,
    cache: ResultCache | undefined,
    reader: TensorReader,
    { settings, recipe, recipePaths }: Omit<OpenRequest, 'path'>,
    attached: OpenedAttachment | undefined,
  ): Promise<Runnable> {
    const inputs = await createInputs(file.path, network.graph, {
      limit: settings.defaultInputs,
      anywhere: recipePaths === 'anywhere',
      ...(settings.limit === undefined ? {} : { most: settings.limit }),
      ...(recipe === undefined ? {} : { chosen: recipe }),
    });
    const tensorOf = tensorsOf(file.weights, network);
    const unitWeights = unitWeightsReader(file.weights.tensors, { graph: network.graph, tensorOf }, reader, events);
    const runs = createInputRuns({
      file,
      network,
      engine,
      threads: settings.threads,
      allowedLossIncrease: settings.allowedLossIncrease ?? DEFAULT_ALLOWED_LOSS_INCREASE,
      inputs,
      cache,
      events,
      unitWeights,
      ...(attached === undefined ? {} : { dictionary: attached }),
      track,
    });
    let inferred: Promise<InferredShapes> | undefined;
    const shapes = (): Promise<InferredShapes> =>
      (inferred ??= track(inferShapes({ ...network, engine, signal: background.signal })));
    const recipeNow = (): Recipe => inputs.description().recipe;
    const subject = networkSubject(network, tensorOf, engine, shapes, recipeNow);
    return { network, inputs, runs, tensorOf, subject, types: createValueTypes(shapes) };
  }

  function resultCache({ cacheFolder, cacheMegabytes }: WorkerSettings): ResultCache | undefined {
    if (cacheFolder === undefined || cacheMegabytes === 0) return undefined;
    const warn = (text: string): void => void events.log({ level: 'warning', text });
    return createResultCache(cacheFolder, cacheMegabytes * 2 ** 20, warn);
  }

  /** Answers what follows from the structure alone, and tells of it: nobody waits, and nobody is told of a failure twice. */
  async function examineStructure({ passes, examination }: Inspected): Promise<void> {
    const known = new Set(examination.result()?.passes.map(({ pass }) => pass));
    const missing = filePasses.filter(
      ({ id, reads }) => reads === 'structure' && !known.has(id) && applies(passes, id),
    );
    if (missing.length === 0) return;
    try {
      await events.fileResultChanged(summarizeFile(await examination.run(missing, background.signal)));
    } catch (error) {
      if (error instanceof CancelledError) return;
      const { message, place = '' } = asProblem(error);
      void events.log({ level: 'warning', text: `The structure could not be examined: ${message} ${place}` });
    }
  }

  /** Passes over the file first: they are quick, and their findings explain those of the others. Experiments take longest. */
  async function run(inspected: Inspected, wanted: readonly string[], signal: AbortSignal): Promise<RunAnswer> {
    const { passes, examination } = inspected;
    const unknown = wanted.filter((id) => passes.every((pass) => pass.id !== id));
    if (unknown.length > 0 || wanted.length === 0) {
      throw problem('not-applicable', `There is no pass “${unknown.join('”, “')}”.`, {
        remedy: `The passes are: ${passes.map(({ id }) => id).join(', ')}.`,
      });
    }
    const blocked = passes.find(({ id, reason }) => wanted.includes(id) && reason !== undefined);
    if (blocked !== undefined) throw problem('not-applicable', blocked.reason ?? '', { place: blocked.title });
    const overFile = filePasses.filter(({ id }) => wanted.includes(id));
    const overInputs = inputPasses.filter(({ id }) => wanted.includes(id));
    const fileResult = overFile.length === 0 ? undefined : await examination.run(overFile, signal);
    const byExperiment = experiments.filter(({ id }) => wanted.includes(id));
    let result = overInputs.length === 0 ? undefined : await runnable().runs.run(overInputs, signal);
    let failure: Problem | undefined;
    if (byExperiment.length > 0) {
      const { runs } = runnable();
      try {
        result = await runs.runExperiments(byExperiment, signal);
      } catch (error) {
        if (error instanceof CancelledError ? result === undefined : !(error instanceof ProblemError)) throw error;
        if (error instanceof ProblemError) failure = error.problem;
        // What was answered before the failure stands.
        result = runs.shown();
      }
    }
    return {
      ...(result === undefined ? {} : { result: summarize(result, false) }),
      ...(fileResult === undefined ? {} : { fileResult: summarizeFile(fileResult) }),
      ...(failure === undefined ? {} : { problem: failure }),
    };
  }
}

function applies(passes: readonly PassDescription[], wanted: string): boolean {
  return passes.some(({ id, reason }) => id === wanted && reason === undefined);
}
