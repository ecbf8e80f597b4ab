/** One pass of the inputs through a dictionary, with what its features are looked at through afterwards. */
import { declaredDensity } from '../core/dictionary/attach/declared-density.js';
import { checkMatrices } from '../core/dictionary/non-finite.js';
import { assertOnePlace } from '../core/dictionary/one-place.js';
import { unexplainedVariance } from '../core/dictionary/unexplained-variance.js';
import type { Prompts } from '../core/dataset/prompts.js';
import { problem } from '../core/errors.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import { attachedAt, openAttached, type AttachedDictionary, type OpenAttached } from '../core/features/attached.js';
import { gatherFeatures, type GatheredFeatures } from '../core/features/gather.js';
import type { Layout } from '../core/dictionary/attach/layout.js';
import type { ExportedSource } from '../core/features/lists/exported.js';
import {
  checkResidual,
  openClassEffects,
  openUnembedding,
  unembeddingInput,
  type Unembedding,
} from '../core/features/logit-effects.js';
import { createGraph } from '../core/graph/graph.js';
import { dictionaryText } from '../core/formats/dictionary-signature.js';
import type { PassResult } from '../core/passes/result.js';
import type { FeatureOverview, FeatureRequest } from '../protocol/features.js';
import type { OnProgress } from '../protocol/rpc.js';
import { dictionarySource } from './feature-lists/dictionary-source.js';
import { overviewOf } from './feature-overview.js';
import { featurePlaces, type FeaturePlaces } from './feature-places.js';
import { openDictionary } from './open-dictionary.js';
import { sourceTokenReaders, type SourceTokenReaders } from './source-tokens.js';
import { openPrompting, type Prompting } from './steering/prompting.js';

const PLACES_OF_HEADS =
  'It reads one row for each head and token: dictionaries on heads that are merged (hook_z as one row, hook_attn_out) can be split by the tokens that they were read from.';

/** What features are gathered on. */
export interface FeatureSource {
  /** The network and its present inputs. */
  subject(signal: AbortSignal, onProgress: ExperimentSubject['onProgress']): Promise<ExperimentSubject>;
  /** Identity of the present inputs. */
  inputsKey(): string;
  /** What the person's experiment found of the attached dictionary, if it was run. */
  fit(): PassResult | undefined;
  /** For texts that a person types. */
  prompts(): Promise<Prompts>;
  /** Of the model. */
  fileName(): string;
}

/** A pass that was made, with what its features are looked at through. */
export interface Gathered {
  readonly overview: FeatureOverview;
  readonly attached: AttachedDictionary;
  /** Absolute: its names lie beside it. */
  readonly dictionaryPath: string;
  /** What other tools would call it. */
  readonly source: ExportedSource;
  readonly gathered: GatheredFeatures;
  readonly subject: ExperimentSubject;
  /** Opened for the first feature that is looked at. */
  readonly reader: Kept<OpenAttached>;
  readonly unembedding: Kept<Unembedding>;
  /** For texts that a person types. */
  readonly prompting: Kept<Prompting>;
  readonly sourceReaders: SourceTokenReaders;
  close(): Promise<void>;
}

/**
 * @throws CancelledError; ProblemError `unfit-dictionary` where it explains nothing of the value, `unplaced-dictionary`,
 *   `not-applicable`, and as runs do.
 */
export async function gather(
  request: FeatureRequest,
  source: FeatureSource,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<Gathered> {
  const { file, dictionary, coder, close } = await openDictionary(request.dictionary, request.answers ?? {}, signal);
  try {
    assertOnePlace(coder);
    const subject = await source.subject(signal, ({ runsDone, runsPlanned }) => onProgress?.(runsDone / runsPlanned));
    const places = await featurePlaces(request, file, subject.graph, source.fit());
    const attached: AttachedDictionary = {
      coder,
      file: file.weights,
      folder: file.folder,
      ...attachedAt(subject.graph, places),
    };
    // The engine may make 0 of NaN: a feature with broken weights would look dead.
    await checkMatrices(coder, signal);
    const gathered = await gatherFeatures(subject, attached);
    const { all } = gathered.reconstruction;
    const fvu = unexplainedVariance(all);
    if (!Number.isFinite(all.error)) throw notFinite(places);
    if (fvu > 1 && request.evenIfUnfit !== true) throw unfit(fvu, places);
    const { layout } = gathered;
    const sourceReaders = sourceTokenReaders(subject, attached);
    const overview = await overviewOf({
      dictionary: dictionaryText(dictionary),
      places,
      coder,
      dataset: subject.dataset,
      gathered,
      density: await declaredDensity(file.siblings, coder.features),
      noSourceTokens: sourceReaders.whyNone() ?? (layout.kind === 'heads' ? PLACES_OF_HEADS : undefined),
      signal,
    });
    const reader = kept(() => openAttached(subject, attached));
    const unembedding = kept(() => openScores(subject, attached, layout));
    const prompting = kept(() => openPrompting(subject, attached, () => source.prompts()));
    const closeAll = async (): Promise<void> => {
      await prompting.release();
      await sourceReaders.release();
      await reader.release();
      await unembedding.release();
      await close();
    };
    const named = await dictionarySource(file, subject.graph, places.reads, source.fileName());
    const dictionaryPath = request.dictionary;
    return {
      overview,
      attached,
      dictionaryPath,
      source: named,
      gathered,
      subject,
      reader,
      unembedding,
      prompting,
      sourceReaders,
      close: closeAll,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function notFinite({ reads, writes }: FeaturePlaces): Error {
  return problem(
    'not-applicable',
    `What the dictionary makes of “${reads}” is NaN or infinite on these inputs, though its own weights are not.`,
    {
      place: `value “${writes}”`,
      remedy: 'Find where the model itself first gives such values: run the experiment “Non-finite scan”.',
    },
  );
}

function unfit(fvu: number, { reads, variant }: FeaturePlaces): Error {
  return problem(
    'unfit-dictionary',
    `At “${reads}”, ${variant}, the dictionary explains nothing: its error is ${fvu.toPrecision(3)} times the variance (FVU), where the mean alone would be at 1.`,
    {
      place: `value “${reads}”`,
      remedy:
        'Choose the value that it was trained on: before or after a normalisation makes all the difference. “Show anyway” (on the command line, --even-if-unfit) shows its features all the same.',
    },
  );
}

/** Of the network that the dictionary is attached to, in which what it writes is a value also before a gain. */
async function openScores(
  subject: ExperimentSubject,
  { coder, model, writes }: AttachedDictionary,
  layout: Layout,
): Promise<Unembedding> {
  const [scores] = subject.graph.outputs;
  if (scores === undefined) throw problem('not-applicable', 'The model has no output.');
  if (layout.kind === 'heads') throw ofHeads(writes);
  const { width } = coder.writes;
  const isBeforeGain = subject.graph.producerOf(writes) === undefined;
  const within = isBeforeGain ? { ...subject, graph: createGraph(model) } : subject;
  if (layout.kind === 'single' || layout.kind === 'grid')
    return openClassEffects(within, scores.name, width, writes, layout);
  if (isBeforeGain && unembeddingInput(within.graph, scores.name) !== writes) throw beforeGain();
  if (!isBeforeGain) checkResidual(subject.graph, writes);
  // The scores of a picture are read from one row, or from a mean of all.
  return openUnembedding(within, scores.name, width, layout.kind === 'patches' ? [width] : [1, width]);
}

function beforeGain(): Error {
  return problem(
    'not-applicable',
    'The dictionary writes what a normalisation gives before its gain: its directions are none of the residual stream, which the scores are read from.',
    { remedy: 'Run the network without the feature at an example: that measures what it does to the scores.' },
  );
}

function ofHeads(writes: string): Error {
  return problem(
    'not-applicable',
    `“${writes}” has one row for each head and token: what a feature writes there is no direction of the residual stream, and has no product with the unembedding.`,
    { place: `value “${writes}”`, remedy: 'Run the network without the feature at an example.' },
  );
}

/** Opened when it is first needed, and kept; where that fails, the next question tries again. */
interface Kept<Value> {
  open(): Promise<Value>;
  release(): Promise<void>;
}

function kept<Value extends { release(): Promise<void> }>(make: () => Promise<Value>): Kept<Value> {
  let opened: Value | undefined;
  return {
    open: async () => (opened ??= await make()),
    async release() {
      const last = opened;
      opened = undefined;
      await last?.release();
    },
  };
}
