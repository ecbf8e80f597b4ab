/** Features that leave for other tools, and lists of features that come from them. */
import type { ListGroup } from '../core/features/lists/listed.js';
import type { FeatureLabel, FeatureLabels } from './features.js';
import type { OnProgress } from './rpc.js';

/**
 * `neuronpedia`: a file, one JSON object a line. `circuit-tracer`: a folder with a JSON file for each feature.
 * `activation-cache`: a folder with all activations that are not zero, as Delphi’s (formats 2.7).
 */
export type FeatureFormat = 'neuronpedia' | 'circuit-tracer' | 'activation-cache';

/** What people are told of each. */
export const FEATURE_FORMATS: readonly {
  readonly format: FeatureFormat;
  readonly label: string;
  readonly title: string;
}[] = [
  {
    format: 'neuronpedia',
    label: 'Neuronpedia features (.jsonl)',
    title:
      'A file with one feature a line, spelled as Neuronpedia’s exports: your names, density, histograms, examples, logit effects. “Import List…” reads it back.',
  },
  {
    format: 'circuit-tracer',
    label: 'circuit-tracer features (folder)',
    title:
      'A folder with a file for each feature, as circuit-tracer’s attribution graphs show them. It keeps no names.',
  },
  {
    format: 'activation-cache',
    label: 'All activations, Delphi’s layout (folder)',
    title:
      'A folder of safetensors with every activation that is not zero and the tokens. Your inputs run through the dictionary once more.',
  },
];

export interface FeatureExport {
  readonly format: FeatureFormat;
  /** Of the pass before; absent: all. */
  readonly features?: readonly number[];
  /** The layer that the dictionary belongs to, where nothing beside it says. */
  readonly layer?: number;
}

export interface FeatureExportRequest extends FeatureExport {
  /** Absolute: the file, or the folder that gets a new one. */
  readonly path: string;
}

export interface FeatureExportAnswer {
  /** The file or folder that was written. */
  readonly path: string;
  /** What was written and what to mind of it, whole sentences. */
  readonly sentences: readonly string[];
}

/** A file, or what a person typed: an address, supernodes, numbers. */
export type FeatureListRequest = { readonly path: string } | { readonly text: string };

export interface FeatureListGroup extends ListGroup {
  /** Where the list says that they are from: “gpt2-small, 6-res-jb”; absent where it does not. */
  readonly from?: string;
  /** Why they are not of the dictionary of the pass before, one sentence. */
  readonly reason?: string;
}

export interface FeatureListAnswer {
  /** Of the file; “what you typed”. */
  readonly name: string;
  /** “Neuronpedia features”. */
  readonly format: string;
  readonly groups: readonly FeatureListGroup[];
  /** The group that is of the dictionary, as far as that is known: the only one that can be, or the one of its layer. */
  readonly group?: number;
  /** What to mind, whole sentences. */
  readonly notes: readonly string[];
}

export interface FeatureListQuestions {
  /**
   * Writes features of the pass before. Of `activation-cache` this runs the inputs once more.
   * @throws ProblemError `not-applicable` where there was no pass, or what the format needs is not known; `file-unwritable`.
   *   CancelledError: nothing is left of what was written.
   */
  writeFeatures(
    request: FeatureExportRequest,
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<FeatureExportAnswer>;
  /** @throws ProblemError `invalid-recipe` where it is no list of features, `not-applicable` where there was no pass. */
  featureList(request: FeatureListRequest, signal?: AbortSignal): Promise<FeatureListAnswer>;
  /** @param request.dictionary absolute path. @throws ProblemError where the file of names cannot be read. */
  labels(request: { readonly dictionary: string }): Promise<FeatureLabels>;
  /** @returns all names. @throws ProblemError where the file cannot be read or written. */
  writeLabels(request: LabelsRequest & { readonly dictionary: string }): Promise<FeatureLabels>;
}

/** Names to put beside those that there are. */
export interface LabelsRequest {
  readonly labels: readonly { readonly feature: number; readonly label: FeatureLabel }[];
  /**
   * Where a feature is named already: `set` takes the given ones, and an empty name and note take it away; `keep-own` and
   * `take-listed` are of lists, where what is empty takes nothing away.
   */
  readonly named: 'set' | 'keep-own' | 'take-listed';
}
