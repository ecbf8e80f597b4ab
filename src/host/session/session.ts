/**
 * One open model: its worker, what is known of it, and everybody who looks at it (pages, trees). No `vscode` here: the
 * session is the same for every front end and is tested without one.
 */
import { asProblem, CancelledError, problem, type Problem } from '../../core/errors.js';
import type { Recipe } from '../../core/dataset/recipe.js';
import type { InputsDescription, RunAnswer, RunProgress } from '../../protocol/inspection.js';
import { isInEveryRun } from '../../protocol/model.js';
import { sameSelection, type Selection } from '../../protocol/selection.js';
import type { Answers, CoderDescription } from '../../protocol/dictionary.js';
import type { AttachedFeatureRequest, FeatureOverview } from '../../protocol/features.js';
import type { OpenState, PageApi } from '../../protocol/page-api.js';
import type { OnProgress } from '../../protocol/rpc.js';
import type { OpenedModel, OpenRequest, OpenSizes, WorkerApi, WorkerSettings } from '../../protocol/worker-api.js';
import type { ComputeWorker, StartWorker } from './compute-worker.js';
import { workerLossProblem } from './worker-loss.js';

export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** Somebody who looks at a model. `tell` must not throw. */
export interface Audience {
  tell<Event extends keyof PageApi>(event: Event, argument: Parameters<PageApi[Event]>[0]): void;
}

/** What outlives the session: kept per model in the workspace's storage. */
export interface SessionMemory {
  selection(): Selection;
  setSelection(selection: Selection): void;
  sizes(): OpenSizes | undefined;
  setSizes(sizes: OpenSizes): void;
  /** What the person said of a dictionary that its file does not say. */
  answers(): Answers;
  setAnswers(answers: Answers): void;
  /** The dictionary that the person attached to this model. */
  dictionary(): OpenRequest['dictionary'];
  /** @param path absolute; undefined: none any more. */
  setDictionary(path: string | undefined): void;
  /** The transcoders that the person attached to this model, one for each layer. */
  transcoders(): OpenRequest['transcoders'];
  /** @param paths absolute; undefined: none any more. */
  setTranscoders(paths: readonly string[] | undefined): void;
  recipe(): Recipe | undefined;
  setRecipe(recipe: Recipe | undefined): void;
}

export interface SessionOptions {
  /** Absolute path of the model. */
  readonly path: string;
  readonly fileName: string;
  readonly version: string;
  readonly log: Log;
  readonly memory: SessionMemory;
  readonly startWorker: StartWorker;
  settings(): WorkerSettings;
  /** Whether the person trusts the workspace: then a recipe file may name any path. */
  trusted(): boolean;
  /** Why this file cannot be opened here at all (it is not on a disk), if so. */
  readonly refusal?: Problem;
}

/** What it left, with why it failed, if it did. */
export type RunEnd = RunAnswer;

export interface Run {
  /** Never rejects; empty when the run was cancelled before it had seen anything. */
  readonly end: Promise<RunEnd>;
}

export interface ModelSession {
  readonly path: string;
  readonly fileName: string;
  /** Reads the model once; later calls give what is known. Never rejects: a problem is a state. */
  open(): Promise<OpenState>;
  /** The worker with the model open. @throws ProblemError when the model could not be opened. */
  worker(): Promise<WorkerApi>;
  /** The model if it is open now. */
  model(): OpenedModel | undefined;
  running(): RunProgress | undefined;
  selection(): Selection;
  /**
   * Starts passes, all that apply but experiments when none are named; resolves when they run. How they end is told to
   * every audience.
   * @throws ProblemError when there is nothing to run or a run is under way.
   */
  run(passes?: readonly string[]): Promise<Run>;
  /** Compares the last result with controls; as {@link run} otherwise. */
  compare(seed: number, passes?: readonly string[]): Promise<Run>;
  cancelRun(): Promise<void>;
  /** Uses a recipe that the person chose, or goes back to the file beside the model or the guess. */
  setInputs(recipe?: Recipe): Promise<InputsDescription>;
  /** Sizes for the graph's open dimensions; the figures that rest on them are told. */
  setSizes(sizes: OpenSizes): Promise<void>;
  /**
   * What a dictionary computes. @param answers kept, beside those given before; none at all (`{}`) forgets them all;
   * undefined: with those given before.
   */
  coder(answers?: Answers): Promise<CoderDescription>;
  /** The dictionary that is attached, as questions about it name it. @throws ProblemError `not-applicable` where none is. */
  attached(): NonNullable<OpenRequest['dictionary']>;
  /** Gathers features of the dictionary that is attached. @throws as the worker’s `features`. */
  features(request: AttachedFeatureRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<FeatureOverview>;
  /** Whether features of the present inputs are known. */
  hasFeatures(): boolean;
  /** Attaches a dictionary by its path, or none any more, and starts over with it. Remembered. */
  attach(path: string | undefined): Promise<OpenState>;
  /** The same of a set of transcoders: files, or folders with one for each layer. */
  attachTranscoders(paths: readonly string[] | undefined): Promise<OpenState>;
  /** A smaller copy of the model was written: everybody is told. */
  pruned(): void;
  /** `from` is not told: it knows. */
  select(selection: Selection, from?: Audience): void;
  /** Starts over with a fresh worker and tells everybody. */
  reload(): Promise<void>;
  /** Starts over when nothing runs; otherwise when the run has ended. */
  settingsChanged(): void;
  fileChanged(deleted: boolean): void;
  /** How the file changed since it was read, if it did. */
  changeOnDisk(): { readonly deleted: boolean } | undefined;
  /** @returns a function that leaves again. */
  join(audience: Audience): () => void;
  dispose(): Promise<void>;
}

export function createSession(options: SessionOptions): ModelSession {
  const { path, fileName, log, memory } = options;
  const audiences = new Set<Audience>();
  let worker: ComputeWorker | undefined;
  let opening: Promise<OpenState> | undefined;
  let opened: OpenedModel | undefined;
  let failure: Problem | undefined = options.refusal;
  let running: RunProgress | undefined;
  let hasFeatures = false;
  let selection = memory.selection();
  let reloadAfterRun = false;
  let changeOnDisk: { readonly deleted: boolean } | undefined;
  // Raised when the worker is closed on purpose: what an earlier one still answers is nobody's business any more.
  let generation = 0;

  function tell<Event extends keyof PageApi>(
    event: Event,
    argument: Parameters<PageApi[Event]>[0],
    except?: Audience,
  ): void {
    for (const audience of audiences) if (audience !== except) audience.tell(event, argument);
  }

  function setFeatures(gathered: boolean): void {
    if (hasFeatures === gathered) return;
    hasFeatures = gathered;
    tell('featuresChanged', { gathered });
  }

  const attached = (): NonNullable<OpenRequest['dictionary']> => {
    const dictionary = memory.dictionary();
    if (dictionary !== undefined) return dictionary;
    throw problem('not-applicable', 'No dictionary is attached to this model.', {
      remedy: 'Attach one with “Attach Dictionary…”.',
    });
  };

  const state = (): OpenState => {
    if (opened === undefined || failure !== undefined) {
      return { state: 'failed', fileName, problem: failure ?? asProblem(new Error('The model is not open.')) };
    }
    const capabilities = {
      platform: `${process.platform}-${process.arch}`,
      version: options.version,
      engine: opened.engine ?? opened.result?.engine ?? '',
    };
    return { state: 'open', model: opened, capabilities, running, selection };
  };

  function start(): ComputeWorker {
    const started = options.startWorker({
      runProgress: async (progress) => {
        // A last message may arrive after the run has ended or belong to a worker that was replaced.
        if (running === undefined || worker !== started) return;
        running = progress;
        tell('runProgress', progress);
      },
      fileResultChanged: async (fileResult) => {
        if (worker !== started) return;
        keep({ fileResult });
        tell('fileResultChanged', fileResult);
      },
      log: async ({ level, text }) => log[level === 'warning' ? 'warn' : level](`${fileName}: ${text}`),
      lost: (end) => {
        if (worker !== started) return;
        const known = opened?.overview;
        failure = workerLossProblem(end, {
          fileName,
          weightBytes: known === undefined ? undefined : known.fileBytes + known.externalBytes,
          native: opened?.engine?.includes('native') ?? false,
        });
        log.error(`${failure.message} ${JSON.stringify(end)}`);
        worker = undefined;
        setFeatures(false);
        tell('workerLost', failure);
      },
    });
    return started;
  }

  async function read(): Promise<OpenState> {
    const started = (worker = start());
    const begun = performance.now();
    try {
      const model = await started.api.open({
        path,
        settings: options.settings(),
        recipe: memory.recipe(),
        sizes: memory.sizes(),
        dictionary: memory.dictionary(),
        transcoders: memory.transcoders(),
        recipePaths: options.trusted() ? 'anywhere' : 'model-folder',
      });
      if (worker !== started) return state();
      opened = model;
      failure = undefined;
      log.info(
        `${fileName}: opened in ${Math.round(performance.now() - begun)} ms, engine ${model.engine ?? 'unknown'}`,
      );
    } catch (error) {
      // A worker that died has told a better reason already.
      if (worker === started) {
        failure = asProblem(error);
        log.warn(`${fileName}: ${failure.message} ${failure.place ?? ''}`);
      }
    }
    return state();
  }

  async function open(): Promise<OpenState> {
    if (options.refusal !== undefined) return state();
    opening ??= read();
    await opening;
    return state();
  }

  async function closeWorker(): Promise<void> {
    const old = worker;
    generation++;
    worker = undefined;
    opening = undefined;
    opened = undefined;
    failure = options.refusal;
    running = undefined;
    reloadAfterRun = false;
    changeOnDisk = undefined;
    setFeatures(false);
    await old?.stop();
  }

  async function reload(): Promise<void> {
    await closeWorker();
    tell('stateChanged', await open());
  }

  const openWorker = async (): Promise<WorkerApi> => {
    const now = await open();
    if (now.state === 'failed' || worker === undefined) {
      throw problem(failure?.kind ?? 'internal', failure?.message ?? 'The model is not open.', failure);
    }
    return worker.api;
  };

  async function run(passes?: readonly string[]): Promise<Run> {
    const api = await idleWorker();
    const chosen = passes ?? (opened?.passes ?? []).filter(isInEveryRun).map((pass) => pass.id);
    if (chosen.length === 0) {
      const reason = opened?.passes.find((pass) => pass.reason !== undefined)?.reason;
      throw problem('not-applicable', reason ?? 'No pass applies to this model.', { place: fileName });
    }
    return begin(() => api.run({ passes: chosen }));
  }

  async function compare(seed: number, passes?: readonly string[]): Promise<Run> {
    const api = await idleWorker();
    return begin(() => api.compare({ seed, ...(passes === undefined ? {} : { passes }) }));
  }

  /** @throws ProblemError when the model is not open or a run is under way. */
  async function idleWorker(): Promise<WorkerApi> {
    const api = await openWorker();
    if (running !== undefined) {
      throw problem('not-applicable', 'A run of this model is under way.', {
        remedy: 'Wait for its end or cancel it.',
      });
    }
    return api;
  }

  function begin(work: () => Promise<RunAnswer>): Run {
    running = { unit: 'inputs', done: 0, planned: opened?.inputs?.size ?? 0, phase: 'Preparing' };
    tell('runProgress', running);
    return { end: finish(work) };
  }

  function keep({ result, fileResult }: RunAnswer): void {
    if (opened === undefined) return;
    opened = { ...opened, result: result ?? opened.result, fileResult: fileResult ?? opened.fileResult };
  }

  async function finish(work: () => Promise<RunAnswer>): Promise<RunEnd> {
    const begun = generation;
    let end: RunEnd;
    try {
      end = await work();
    } catch (error) {
      if (begun !== generation) return {};
      end = error instanceof CancelledError ? {} : { problem: asProblem(error) };
    }
    if (end.problem !== undefined) log.error(`${fileName}: ${end.problem.message} ${end.problem.place ?? ''}`);
    running = undefined;
    keep(end);
    // What this run did not touch, or what it was cancelled before, still stands.
    const { result, fileResult } = opened ?? {};
    tell('resultChanged', { result, fileResult, ...end });
    if (reloadAfterRun) await reload();
    return end;
  }

  return {
    path,
    fileName,
    open,
    worker: openWorker,
    model: () => (failure === undefined ? opened : undefined),
    running: () => running,
    selection: () => selection,
    run,
    compare,
    async cancelRun() {
      if (running !== undefined) await worker?.api.cancelRun({});
    },
    async setInputs(recipe) {
      const api = await openWorker();
      const { inputs, result } = await api.setInputs({ recipe });
      memory.setRecipe(recipe);
      if (opened !== undefined) opened = { ...opened, inputs, result: result ?? opened.result };
      tell('inputsChanged', inputs);
      if (hasFeatures && (await api.gatheredFeatures({})) === undefined) setFeatures(false);
      if (result !== undefined) tell('resultChanged', { result, fileResult: opened?.fileResult });
      return inputs;
    },
    async setSizes(sizes) {
      const api = await openWorker();
      memory.setSizes(sizes);
      const fileResult = await api.setSizes({ sizes });
      keep({ fileResult });
      tell('fileResultChanged', fileResult);
    },
    async coder(answers) {
      const api = await openWorker();
      if (answers !== undefined)
        memory.setAnswers(Object.keys(answers).length === 0 ? {} : { ...memory.answers(), ...answers });
      return api.coder({ answers: memory.answers() });
    },
    attached,
    async features(request, signal, onProgress) {
      const { path: dictionary, answers } = attached();
      const api = await openWorker();
      const begun = generation;
      setFeatures(false);
      const overview = await api.features({ ...request, dictionary, answers }, signal, onProgress);
      if (begun === generation) setFeatures(true);
      return overview;
    },
    hasFeatures: () => hasFeatures,
    async attach(path) {
      memory.setDictionary(path);
      if (opening !== undefined) await reload();
      return open();
    },
    async attachTranscoders(paths) {
      memory.setTranscoders(paths);
      if (opening !== undefined) await reload();
      return open();
    },
    select(next, from) {
      if (sameSelection(selection, next)) return;
      selection = next;
      memory.setSelection(next);
      tell('selectionChanged', next, from);
    },
    pruned: () => tell('prunedChanged', {}),
    reload,
    settingsChanged() {
      if (opening === undefined) return;
      if (running !== undefined) reloadAfterRun = true;
      else void reload();
    },
    fileChanged(deleted) {
      changeOnDisk = { deleted };
      tell('fileChanged', changeOnDisk);
    },
    changeOnDisk: () => changeOnDisk,
    join(audience) {
      audiences.add(audience);
      return () => audiences.delete(audience);
    },
    async dispose() {
      audiences.clear();
      await closeWorker();
    },
  };
}
