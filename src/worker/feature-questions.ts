/** What is asked about the features of a dictionary on the inputs of the open model. One question at a time. */
import { writtenGains } from '../core/dictionary/written-gain.js';
import { problem } from '../core/errors.js';
import type { FeatureExportAnswer, FeatureExportRequest, FeatureListQuestions } from '../protocol/feature-lists.js';
import type { FeatureDetail, FeatureQuestions } from '../protocol/features.js';
import type { OnProgress } from '../protocol/rpc.js';
import type { SourceTokenQuestions } from '../protocol/source-tokens.js';
import type { SteeringQuestions } from '../protocol/steering.js';
import { readLabels } from '../node/feature-labels.js';
import { rowsOn, withActivations } from './feature-activations.js';
import { detailOf, logitsOf, withFollowed } from './feature-detail.js';
import { gather, type FeatureSource, type Gathered } from './feature-gathering.js';
import { labelQuestions } from './feature-lists/label-questions.js';
import { readFeatureList } from './feature-lists/read-feature-list.js';
import { writeActivationCache } from './feature-lists/write-cache.js';
import { writeCircuitTracer, writeNeuronpedia, type WrittenPass } from './feature-lists/write-features.js';
import { checkFeature, neighboursOf } from './feature-neighbours.js';
import { answerSourceTokens } from './source-tokens.js';
import { answerPrompt, answerSteering, promptFacts, type PromptSubject } from './steering/steering-questions.js';
import { createTurns } from './turns.js';

export interface FeatureAnswers {
  readonly questions: FeatureQuestions & FeatureListQuestions & SteeringQuestions & SourceTokenQuestions;
  /** Stops what is under way and lets go of files and engine. */
  close(): Promise<void>;
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
      sourceTokens: (request, signal) =>
        turns.take(signal, (either) => answerSourceTokens(gatheredFor(request.feature), request, either)),
    },
    async close() {
      turns.stop();
      await turns.last(release);
    },
  };
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
      : writtenGains(attached.coder, (await rowsOn(source, input)).rows);
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
