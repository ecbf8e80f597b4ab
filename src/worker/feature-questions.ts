/** What is asked about the features of a dictionary on the inputs of the open model. One question at a time. */
import { fewPlaces } from '../core/dictionary/few-places.js';
import { checkMatrices } from '../core/dictionary/non-finite.js';
import { writtenGains } from '../core/dictionary/written-gain.js';
import type { Prompts } from '../core/dataset/prompts.js';
import { problem } from '../core/errors.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import { openAttached, type AttachedDictionary, type OpenAttached } from '../core/features/attached.js';
import { featureColumns, featureTotals } from '../core/features/columns.js';
import { decoderNorms } from '../core/features/decoder-norms.js';
import type { ExportedSource } from '../core/features/lists/exported.js';
import { tokensAt } from '../core/features/excerpts.js';
import { gatherFeatures, type GatheredFeatures } from '../core/features/gather.js';
import { placeWordsOf, type Layout, type PlaceWords } from '../core/features/layout.js';
import { checkResidual, openClassEffects, openUnembedding, type Unembedding } from '../core/features/logit-effects.js';
import { unexplainedVariance } from '../core/dictionary/unexplained-variance.js';
import { dictionaryText } from '../core/formats/dictionary-signature.js';
import type { PassResult } from '../core/passes/result.js';
import type { FeatureDetail, FeatureOverview, FeatureQuestions, FeatureRequest } from '../protocol/features.js';
import type { FeatureExportAnswer, FeatureExportRequest, FeatureListQuestions } from '../protocol/feature-lists.js';
import type { OnProgress } from '../protocol/rpc.js';
import type { SteeringQuestions } from '../protocol/steering.js';
import { rowsOn, withActivations } from './feature-activations.js';
import { detailOf, logitsOf, withFollowed } from './feature-detail.js';
import { dictionarySource } from './feature-lists/dictionary-source.js';
import { labelQuestions } from './feature-lists/label-questions.js';
import { readFeatureList } from './feature-lists/read-feature-list.js';
import { writeActivationCache } from './feature-lists/write-cache.js';
import { writeCircuitTracer, writeNeuronpedia, type WrittenPass } from './feature-lists/write-features.js';
import { checkFeature, neighboursOf } from './feature-neighbours.js';
import { readLabels } from '../node/feature-labels.js';
import { featurePlaces, type FeaturePlaces } from './feature-places.js';
import { openDictionary } from './open-dictionary.js';
import { openPrompting, type Prompting } from './steering/prompting.js';
import { answerPrompt, answerSteering, promptFacts, type PromptSubject } from './steering/steering-questions.js';
import { createTurns } from './turns.js';

export interface FeatureAnswers {
  readonly questions: FeatureQuestions & FeatureListQuestions & SteeringQuestions;
  /** Stops what is under way and lets go of files and engine. */
  close(): Promise<void>;
}

/** A pass that was made, with what its features are looked at through. */
interface Gathered {
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
  close(): Promise<void>;
}

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

/** @param track told of work that uses the engine. */
export function featureAnswers(source: FeatureSource, track: <T>(work: Promise<T>) => Promise<T>): FeatureAnswers {
  const turns = createTurns(track);
  let last: Gathered | undefined;
  const release = async (): Promise<void> => {
    const old = last;
    last = undefined;
    await old?.close();
  };
  const gathered = (): Gathered => {
    if (last !== undefined) return last;
    throw problem('not-applicable', 'No features were gathered yet.', { remedy: 'Run the dictionary first.' });
  };
  const gatheredFor = (feature: number): Gathered => {
    const found = gathered();
    checkFeature(feature, found.attached.coder.features);
    return found;
  };
  return {
    questions: {
      features: (request, signal, onProgress) =>
        turns.take(signal, async (either) => {
          await release();
          last = await gather(request, source, either, onProgress);
          return last.overview;
        }),
      gatheredFeatures: async () => (last?.subject.dataset.key === source.inputsKey() ? last?.overview : undefined),
      feature: ({ feature }, signal) => turns.take(signal, async () => detail(gatheredFor(feature), feature)),
      featureNeighbours: ({ feature }, signal, onProgress) =>
        turns.take(signal, async (either) => {
          const { attached, overview, subject, reader } = gatheredFor(feature);
          const cancellable = { ...subject, signal: either };
          return neighboursOf(cancellable, attached, await reader.open(), feature, overview.placeWords, onProgress);
        }),
      ...labelQuestions,
      writeFeatures: (request, signal, onProgress) =>
        turns.take(signal, async (either) => {
          const { path, sentences } = await write(gathered(), request, source, either, onProgress);
          // The formats have no room for it in the files.
          return { path, sentences: [...sentences, ...gathered().overview.warnings] };
        }),
      featureList: async (request, signal) => {
        const { source: own, attached } = gathered();
        return readFeatureList(request, own, attached.coder.features, signal);
      },
      promptFacts: (_request, signal) => turns.take(signal, () => promptFacts(promptSubject(gathered()))),
      prompt: (request, signal, onProgress) =>
        turns.take(signal, (either) => answerPrompt(promptSubject(gathered()), request, either, onProgress)),
      steer: (request, signal, onProgress) =>
        turns.take(signal, (either) => answerSteering(promptSubject(gathered()), request, either, onProgress)),
    },
    async close() {
      turns.stop();
      await turns.last(release);
    },
  };
}

async function gather(
  request: FeatureRequest,
  source: FeatureSource,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<Gathered> {
  const { file, dictionary, coder, close } = await openDictionary(request.dictionary, request.answers ?? {}, signal);
  try {
    const subject = await source.subject(signal, ({ runsDone, runsPlanned }) => onProgress?.(runsDone / runsPlanned));
    const { placedBy, ...places } = await featurePlaces(request, file, subject.graph, source.fit());
    const attached: AttachedDictionary = {
      coder,
      file: file.weights,
      folder: file.folder,
      model: subject.graph.model,
      ...places,
    };
    // The engine may make 0 of NaN: a feature with broken weights would look dead.
    await checkMatrices(coder, signal);
    const gathered = await gatherFeatures(subject, attached);
    const { all, withoutFirst } = gathered.reconstruction;
    const fvu = unexplainedVariance(all);
    if (!Number.isFinite(all.error)) throw notFinite(places);
    if (fvu > 1 && request.evenIfUnfit !== true) throw unfit(fvu, places.reads);
    const totals = featureTotals(gathered.state);
    const columns = featureColumns(gathered.state);
    const { layout } = gathered;
    const topTokens =
      layout.kind === 'sequence'
        ? await tokensAt(subject.dataset, columns.topToken, gathered.stride, signal)
        : undefined;
    const placeWords = placeWordsOf(layout, topTokens !== undefined);
    const overview: FeatureOverview = {
      dictionary: dictionaryText(dictionary),
      ...places,
      placedBy,
      totals,
      layout,
      placeWords,
      fvu,
      ...(withoutFirst.tokens === 0 ? {} : { fvuWithoutFirst: unexplainedVariance(withoutFirst) }),
      data: subject.dataset.description,
      synthetic: subject.dataset.synthetic,
      warnings: warningsOf(totals.tokens, coder.features, fvu, placeWords),
      columns,
      stride: gathered.stride,
      ...(topTokens === undefined ? {} : { topTokens }),
      decoderNorm: await decoderNorms(coder.decoder, signal),
    };
    const reader = kept(() => openAttached(subject, attached));
    const unembedding = kept(() => openScores(subject, attached, layout));
    const prompting = kept(() => openPrompting(subject, attached, () => source.prompts()));
    const closeAll = async (): Promise<void> => {
      await prompting.release();
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
      close: closeAll,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function notFinite({ reads, writes }: Pick<FeaturePlaces, 'reads' | 'writes'>): Error {
  return problem(
    'not-applicable',
    `What the dictionary makes of “${reads}” is NaN or infinite on these inputs, though its own weights are not.`,
    {
      place: `value “${writes}”`,
      remedy: 'Find where the model itself first gives such values: run the experiment “Non-finite scan”.',
    },
  );
}

function unfit(fvu: number, value: string): Error {
  return problem(
    'unfit-dictionary',
    `At “${value}” the dictionary explains nothing: its error is ${fvu.toPrecision(3)} times the variance (FVU), where the mean alone would be at 1.`,
    {
      place: `value “${value}”`,
      remedy: 'Choose the value that it was trained on: before or after a normalisation makes all the difference.',
    },
  );
}

function warningsOf(tokens: number, features: number, fvu: number, words: PlaceWords): string[] {
  const few = fewPlaces(tokens, words, features);
  const warnings = few === undefined ? [] : [few.sentence];
  if (fvu > 1)
    warnings.push(
      `The dictionary does not fit this value (FVU ${fvu.toPrecision(3)}): its features mean nothing here.`,
    );
  return warnings;
}

async function detail(opened: Gathered, feature: number): Promise<FeatureDetail> {
  const { attached, gathered, subject, unembedding } = opened;
  const { dataset } = subject;
  const source = { subject, attached, reader: await opened.reader.open(), rows: gathered.rows };
  const found = await withActivations(source, feature, (activations) =>
    detailOf(gathered, dataset, feature, activations),
  );
  const [logits = {}] = await logitsOf(attached, () => unembedding.open(), dataset.classes, [feature]);
  const { effects, ...shown } = logits;
  if (effects === undefined) return { ...found, ...shown };
  const gains = async (input: number): Promise<Float32Array | undefined> =>
    attached.coder.normalisation.kind === 'none'
      ? undefined
      : writtenGains(attached.coder, await rowsOn(source, input));
  return { ...found, ...(await withFollowed(found, dataset, effects, gains)), ...shown };
}

async function write(
  { attached, dictionaryPath, gathered, source: own, subject, reader, unembedding }: Gathered,
  { format, path, features: wanted, layer }: FeatureExportRequest,
  source: FeatureSource,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<FeatureExportAnswer> {
  const { features: count } = attached.coder;
  const features = wanted ?? Array.from({ length: count }, (_, feature) => feature);
  for (const feature of features) checkFeature(feature, count);
  const task = { features, path, signal, onProgress };
  const pass: WrittenPass = {
    activations: { subject, attached, reader: await reader.open(), rows: gathered.rows },
    gathered,
    unembedding: () => unembedding.open(),
    source: { ...own, ...(layer === undefined ? {} : { layer }) },
    labels: await readLabels(dictionaryPath),
  };
  switch (format) {
    case 'neuronpedia':
      return writeNeuronpedia(pass, task);
    case 'circuit-tracer':
      return writeCircuitTracer(pass, task);
    case 'activation-cache':
      return writeActivationCache(pass, task, (await source.prompts()).input);
  }
}

function promptSubject({ overview, attached, subject, reader, unembedding, prompting }: Gathered): PromptSubject {
  return {
    subject,
    attached,
    columns: overview.columns,
    prompting: () => prompting.open(),
    reader: () => reader.open(),
    unembedding: () => unembedding.open(),
  };
}

async function openScores(
  subject: ExperimentSubject,
  { coder, writes }: AttachedDictionary,
  layout: Layout,
): Promise<Unembedding> {
  const [scores] = subject.graph.outputs;
  if (scores === undefined) throw problem('not-applicable', 'The model has no output.');
  const { width } = coder.writes;
  if (layout.kind === 'sequence') checkResidual(subject.graph, writes);
  return layout.kind === 'sequence'
    ? openUnembedding(subject, scores.name, width)
    : openClassEffects(subject, scores.name, width, writes, layout);
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
