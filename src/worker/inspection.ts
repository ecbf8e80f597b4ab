/** One model under inspection: the implementation behind the compute worker and the command line. */
import type { Engine } from '../core/engine/engine.js';
import { CancelledError, problem, type Problem } from '../core/errors.js';
import { nodeDetail } from '../core/graph/node-detail.js';
import { outline } from '../core/graph/outline.js';
import { overview } from '../core/graph/overview.js';
import { initialExpansion, layoutGraph } from '../core/graph/picture/layout.js';
import { filePasses, passes as inputPasses } from '../core/passes/registry.js';
import type { RunResult } from '../core/passes/result.js';
import { chooseEngine } from '../node/choose-engine.js';
import { createResultCache, type ResultCache } from '../node/result-cache.js';
import type { RunAnswer } from '../protocol/inspection.js';
import type { PassDescription } from '../protocol/model.js';
import type { OpenedModel, OpenRequest, WorkerApi, WorkerEvents, WorkerSettings } from '../protocol/worker-api.js';
import { describePasses } from './describe-passes.js';
import { engineProblems } from './engine-problems.js';
import { createFileExamination, type FileExamination } from './file-examination.js';
import { createInputRuns, type InputRuns } from './input-runs.js';
import { createInputs, type Inputs } from './inputs.js';
import { openModelFile, type ModelFile, type Network } from './open-model.js';
import { reportContents } from './report/contents.js';
import { reportHtml, reportJson } from './report/report.js';
import { exampleTile, layerHistogram, summarize, tableCsv, unitDetail, unitMetricValues } from './results.js';

export interface InspectionPlatform {
  /** Folder with the wasm engine's files. */
  readonly wasmFolder: string;
  readonly events: WorkerEvents;
}

interface Inspected {
  readonly file: ModelFile;
  readonly engineName: string;
  readonly passes: readonly PassDescription[];
  readonly examination: FileExamination;
  /** Absent where the file holds weights only. */
  readonly runnable?: { readonly network: Network; readonly inputs: Inputs; readonly runs: InputRuns };
}

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
  const runnable = (): NonNullable<Inspected['runnable']> => {
    const { runnable: found, file } = model();
    if (found !== undefined) return found;
    throw problem('not-applicable', `“${file.fileName}” holds weights only: there is nothing to run inputs through.`, {
      remedy: 'Open the ONNX file of the whole model.',
    });
  };
  const result = (): RunResult => {
    const found = runnable().runs.shown()?.result;
    if (found === undefined) {
      throw problem('not-applicable', 'Nothing was run on this model yet.', { remedy: 'Run the passes first.' });
    }
    return found;
  };

  return {
    open: (request, signal) => track(open(request, signal)),

    graph({ expanded }, signal) {
      const { graph, tree } = runnable().network;
      return layoutGraph(graph, tree, expanded ?? initialExpansion(tree), signal);
    },
    node: async ({ id }) => nodeDetail(runnable().network.graph, id),

    async setInputs({ recipe }) {
      const { inputs, runs } = runnable();
      await inputs.set(recipe);
      const cached = await runs.showCached();
      return {
        inputs: inputs.description(),
        ...(cached === undefined ? {} : { result: summarize(cached, true) }),
      };
    },
    recipeFor: ({ path, input }) => runnable().inputs.recipeFor(path, input),

    async run({ passes: wanted }) {
      if (running !== undefined) throw problem('not-applicable', 'A run of this model is under way.');
      const controller = new AbortController();
      running = controller;
      try {
        return await track(run(model(), wanted, controller.signal));
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
    example: ({ index, layer, unit }) => runnable().runs.example(index, layer, unit),
    async report(_request, signal) {
      const contents = await reportContents(model(), signal);
      return { html: reportHtml(contents), json: reportJson(contents) };
    },
    table: async ({ layer }) => tableCsv(result(), layer),
    async close() {
      running?.abort();
      const closing = opened;
      opened = undefined;
      closing?.examination.stop();
      await Promise.allSettled(underway);
      await closing?.runnable?.runs.close();
      await closing?.file.close();
    },
  };
