/** The model under inspection as the host tells it: opening, inputs, runs, results and what went wrong. */
import { computed, signal } from '@preact/signals';
import { asProblem, CancelledError, type Problem } from '../../src/core/errors.js';
import type { OpenState, PageApi } from '../../src/protocol/page-api.js';
import type {
  FileResultSummary,
  InputsDescription,
  ResultSummary,
  RunProgress,
} from '../../src/protocol/inspection.js';
import { serve } from '../../src/protocol/rpc.js';
import { actionProblem, attempt } from './attempt.js';
import { channel, host } from './channel.js';
import { forgetPreviews } from './examples.js';
import { exportShown } from './exports.js';
import { exportFeatures, readList } from './feature-lists.js';
import { ui } from './interface-state.js';
import { logDefect } from './log.js';
import { isEmpty, selection } from './selection.js';

export const openState = signal<OpenState | undefined>(undefined);
export const inputs = signal<InputsDescription | undefined>(undefined);
export const result = signal<ResultSummary | undefined>(undefined);
/** What passes over the file alone found. */
export const fileResult = signal<FileResultSummary | undefined>(undefined);
/** The run under way. */
export const progress = signal<RunProgress | undefined>(undefined);
/** The inputs were changed after the result was made. */
export const resultIsStale = signal(false);
export const workerProblem = signal<Problem | undefined>(undefined);
export const fileChange = signal<{ readonly deleted: boolean } | undefined>(undefined);
/** Counts how often the host told that features were gathered, or are known no more. */
export const featuresTold = signal(0);
/** Counts how often the host told that a smaller model was written. */
export const prunedTold = signal(0);
/** The host did not answer the first question. */
export const connectionProblem = signal<Problem | undefined>(undefined);

export const openedModel = computed(() => (openState.value?.state === 'open' ? openState.value.model : undefined));

/** Serves the host's calls, asks for the state, and asks again whenever the page is shown: messages to a hidden page are lost. */
export function startSession(): void {
  serve<PageApi>(channel, page, logDefect);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void askState();
  });
  void askState();
}

export async function askState(): Promise<void> {
  try {
    applyState(await host.ready({}));
    connectionProblem.value = undefined;
  } catch (error) {
    if (!(error instanceof CancelledError)) connectionProblem.value = asProblem(error);
  }
}

/** Runs all applicable passes, or the named ones. */
export const startRun = (passes?: readonly string[]): Promise<void> =>
  start(() => host.run(passes === undefined ? {} : { passes }));

/** Compares the result with controls that are drawn with a seed. */
export const startComparison = (seed: number, passes?: readonly string[]): Promise<void> =>
  start(() => host.compare({ seed, ...(passes === undefined ? {} : { passes }) }));

async function start(run: () => Promise<void>): Promise<void> {
  actionProblem.value = undefined;
  progress.value = { unit: 'inputs', done: 0, planned: 0, phase: 'Preparing' };
  try {
    await run();
  } catch (error) {
    progress.value = undefined;
    if (!(error instanceof CancelledError)) actionProblem.value = asProblem(error);
  }
}

export const cancelRun = (): Promise<void> => attempt(host.cancelRun({}));
export const runCommand = (command: string): Promise<void> => attempt(host.command({ command }));

export async function reloadModel(): Promise<void> {
  fileChange.value = undefined;
  workerProblem.value = undefined;
  await attempt(host.reload({}));
}

function applyState(state: OpenState): void {
  openState.value = state;
  if (state.state !== 'open') {
    progress.value = undefined;
    return;
  }
  if (inputs.peek() === undefined || !isSameResult(result.peek(), state.model.result)) resultIsStale.value = false;
  inputs.value = state.model.inputs;
  // The same result again (the page was hidden and shown): keep the object, and with it everything loaded for it.
  if (!isSameResult(result.peek(), state.model.result)) result.value = state.model.result;
  fileResult.value = state.model.fileResult;
  progress.value = state.running;
  workerProblem.value = undefined;
  if (isEmpty(state.selection)) {
    if (!isEmpty(selection.peek())) host.select(selection.peek()).catch(logDefect);
  } else selection.value = state.selection;
}

function isSameResult(one: ResultSummary | undefined, other: ResultSummary | undefined): boolean {
  return one?.finished === other?.finished && one?.controls.runs.length === other?.controls.runs.length;
}

const page: PageApi = {
  stateChanged: async (state) => applyState(state),
  inputsChanged: async (next) => {
    if (JSON.stringify(inputs.peek()?.recipe) !== JSON.stringify(next.recipe)) {
      resultIsStale.value = result.peek() !== undefined;
      forgetPreviews();
    }
    inputs.value = next;
  },
  runProgress: async (next) => {
    progress.value = next;
  },
  resultChanged: async ({ result: next, fileResult: ofFile, problem }) => {
    progress.value = undefined;
    actionProblem.value = problem;
    if (ofFile !== undefined) fileResult.value = ofFile;
    if (next === undefined || next === result.peek()) return;
    result.value = next;
    resultIsStale.value = false;
  },
  fileResultChanged: async (next) => {
    fileResult.value = next;
  },
  selectionChanged: async (next) => {
    selection.value = next;
  },
  fileChanged: async (change) => {
    fileChange.value = change;
  },
  showTab: async ({ tab }) => {
    ui.tab.value = tab;
  },
  exportShown: async () => exportShown(),
  featuresChanged: async () => {
    featuresTold.value++;
  },
  prunedChanged: async () => {
    prunedTold.value++;
  },
  importFeatureList: async () => {
    showFeatures();
    await readList();
  },
  exportFeatures: async (request) => {
    showFeatures();
    await exportFeatures(request);
  },
  workerLost: async (problem) => {
    progress.value = undefined;
    workerProblem.value = problem;
  },
};

/** Where lists of features are read and written. */
function showFeatures(): void {
  ui.tab.value = 'features';
  ui.featurePart.value = 'all';
}
