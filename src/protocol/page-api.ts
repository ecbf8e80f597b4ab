/** Between the extension host and the page (webview). The page never holds a model: it asks. */
import type { Problem } from '../core/errors.js';
import type { ValuesFormat } from '../core/weights/export-values.js';
import type { Answers, CoderDescription } from './dictionary.js';
import type { AttachedFeatureRequest, FeatureLabel, FeatureLabels, FeatureOverview } from './features.js';
import type { FeatureExport, FeatureExportAnswer, FeatureListAnswer, LabelsRequest } from './feature-lists.js';
import type { OnProgress } from './rpc.js';
import type { WorkerApi, OpenedModel, OpenSizes } from './worker-api.js';
import type { FileResultSummary, InputsDescription, RunAnswer, RunProgress } from './inspection.js';
import type { Selection } from './selection.js';
import type { Question } from './questions.js';

/** What the host can do here; the page adapts. */
export interface Capabilities {
  readonly platform: string;
  readonly version: string;
  /** Engine in use, as shown: "onnxruntime-node 1.30.0 (native)". */
  readonly engine: string;
}

export type OpenState =
  | {
      readonly state: 'open';
      readonly model: OpenedModel;
      readonly capabilities: Capabilities;
      readonly running?: RunProgress;
      readonly selection: Selection;
    }
  | { readonly state: 'failed'; readonly problem: Problem; readonly fileName: string };

/** The views of the page. */
export type PageTab = 'overview' | 'weights' | 'heatmap' | 'linear' | 'features' | 'circuits' | 'passes';

/** What the page asks of the host: the worker's questions passed through, and what only VS Code can do. */
export interface HostApi extends Pick<WorkerApi, Question> {
  /** First call, and again whenever the page is shown after being hidden. */
  ready(request: Record<string, never>, signal?: AbortSignal): Promise<OpenState>;
  /** Starts a run (all applicable passes but experiments when none are named); its end arrives as `resultChanged`. */
  run(request: { readonly passes?: readonly string[] }, signal?: AbortSignal): Promise<void>;
  /** Compares the shown result with controls; its end arrives as `resultChanged`. */
  compare(request: { readonly seed: number; readonly passes?: readonly string[] }): Promise<void>;
  cancelRun(request: Record<string, never>): Promise<void>;
  /** Runs a command of the palette for this model: "modelInspector.chooseInputs". */
  command(request: { readonly command: string }): Promise<void>;
  /** Sizes for the graph's open dimensions; the new figures arrive as `fileResultChanged`. */
  setSizes(request: { readonly sizes: OpenSizes }): Promise<void>;
  /**
   * What a dictionary computes. @param request.answers what the person says of switches that its file leaves open: kept,
   * beside those said before; none at all (`{}`) forgets them. Absent: with what was said before.
   */
  coder(request: { readonly answers?: Answers }): Promise<CoderDescription>;
  /**
   * One pass of the inputs through the dictionary that is attached.
   * @throws ProblemError `not-applicable` where none is, and as `features` of the worker does.
   */
  features(request: AttachedFeatureRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<FeatureOverview>;
  /** What the person calls features of the dictionary that is attached: kept in a file beside it. */
  featureLabels(request: Record<string, never>): Promise<FeatureLabels>;
  /** @returns all labels. An empty name and note take the label away. */
  labelFeature(request: { readonly feature: number; readonly label: FeatureLabel }): Promise<FeatureLabels>;
  /** Puts names of a list beside the person’s. @returns all labels. */
  takeLabels(request: LabelsRequest): Promise<FeatureLabels>;
  /**
   * Asks for a file with a list of features, or takes what the person typed.
   * @returns undefined when they cancelled. @throws ProblemError as `featureList` of the worker does.
   */
  readFeatureList(request: { readonly text?: string }, signal?: AbortSignal): Promise<FeatureListAnswer | undefined>;
  /** Asks where to and writes features there. @returns undefined when the person cancelled. @throws as `writeFeatures`. */
  exportFeatures(request: FeatureExport): Promise<FeatureExportAnswer | undefined>;
  select(request: Selection): Promise<void>;
  copyText(request: { readonly text: string }): Promise<void>;
  /** Asks where to save and writes the bytes. @returns false when the person cancelled. */
  save(request: { readonly suggestedName: string; readonly bytes: Uint8Array }): Promise<boolean>;
  /** Asks where to save and has all values of a tensor written there. @returns false when the person cancelled. */
  saveTensor(request: {
    readonly tensor: number;
    readonly format: ValuesFormat;
    readonly suggestedName: string;
  }): Promise<boolean>;
  /** Opens the smaller model that was written last. */
  openPruned(request: Record<string, never>): Promise<void>;
  /** Reads the model file again after it changed on disk. */
  reload(request: Record<string, never>): Promise<void>;
  log(request: { readonly level: 'info' | 'warning' | 'error'; readonly text: string }): Promise<void>;
}

/** What the host tells the page. */
export interface PageApi {
  stateChanged(state: OpenState): Promise<void>;
  inputsChanged(inputs: InputsDescription): Promise<void>;
  runProgress(progress: RunProgress): Promise<void>;
  /** A run ended, with everything that is known now; `problem` when it failed. */
  resultChanged(end: RunAnswer): Promise<void>;
  fileResultChanged(result: FileResultSummary): Promise<void>;
  selectionChanged(selection: Selection): Promise<void>;
  /** The file changed on disk, or was deleted. */
  fileChanged(change: { readonly deleted: boolean }): Promise<void>;
  /** The palette's "Explain One Input" and whatever else leads to a view. */
  showTab(request: { readonly tab: PageTab }): Promise<void>;
  /** The palette's "Export Table or Picture…": the page saves what it shows. */
  exportShown(request: Record<string, never>): Promise<void>;
  /** Features were gathered, or are known no more. */
  featuresChanged(request: { readonly gathered: boolean }): Promise<void>;
  /** A smaller model was written: `prunedFile` tells of it. */
  prunedChanged(request: Record<string, never>): Promise<void>;
  /** The palette's "Import Feature List…": the page asks for the file, as its own button does, and shows what was read. */
  importFeatureList(request: Record<string, never>): Promise<void>;
  /** The palette's "Export Features…": all of them; the page shows what was written. */
  exportFeatures(request: Pick<FeatureExport, 'format'>): Promise<void>;
  workerLost(problem: Problem): Promise<void>;
}
